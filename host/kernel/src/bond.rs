//! Several links that are used as one (`RTM_NEWLINK`, Documentation/networking/bonding.rst).

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    BondLacpRate, BondMode, BondXmitHashPolicy, InfoBond, InfoData, InfoKind, LinkAttribute,
    LinkInfo, LinkMessage,
};

use super::create_link::mode_value;
use super::{Result, RouteSocket};

/// The kind's name in the kernel.
pub const BOND: &str = "bond";

/// Modes of a bond in the words of the kernel; their places are their numbers.
pub const BOND_MODES: [(&str, BondMode); 7] = [
    ("balance-rr", BondMode::BalanceRr),
    ("active-backup", BondMode::ActiveBackup),
    ("balance-xor", BondMode::BalanceXor),
    ("broadcast", BondMode::Broadcast),
    ("802.3ad", BondMode::Ieee8023Ad),
    ("balance-tlb", BondMode::BalanceTlb),
    ("balance-alb", BondMode::BalanceAlb),
];

/// By what of a packet its member is chosen, in the words of the kernel.
pub const HASH_POLICIES: [(&str, BondXmitHashPolicy); 6] = [
    ("layer2", BondXmitHashPolicy::Layer2),
    ("layer3+4", BondXmitHashPolicy::Layer34),
    ("layer2+3", BondXmitHashPolicy::Layer23),
    ("encap2+3", BondXmitHashPolicy::Encap23),
    ("encap3+4", BondXmitHashPolicy::Encap34),
    ("vlan+srcmac", BondXmitHashPolicy::VlanSrcMac),
];

/// How often the switch is asked to speak, in the words of the kernel.
pub const LACP_RATES: [(&str, BondLacpRate); 2] =
    [("slow", BondLacpRate::Slow), ("fast", BondLacpRate::Fast)];

/// How a bond is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bond<'a> {
    /// One of [`BOND_MODES`].
    pub mode: &'a str,
    /// How often its members' carrier is looked at, in milliseconds.
    pub interval: u32,
    /// One of [`HASH_POLICIES`]; none: the kernel's default.
    pub hash_policy: Option<&'a str>,
    /// One of [`LACP_RATES`]; none: the kernel's default.
    pub lacp_rate: Option<&'a str>,
    /// Index of the member that is preferred.
    pub primary: Option<u32>,
}

impl RouteSocket {
    /// Makes a bond without members, down.
    pub fn create_bond(&self, name: &str, bond: Bond<'_>) -> Result<()> {
        let hash_policy = bond
            .hash_policy
            .map(|word| mode_value(&HASH_POLICIES, word))
            .transpose()?;
        let lacp_rate = bond
            .lacp_rate
            .map(|word| mode_value(&LACP_RATES, word))
            .transpose()?;
        let data = [
            Some(InfoBond::Mode(mode_value(&BOND_MODES, bond.mode)?)),
            Some(InfoBond::MiiMon(bond.interval)),
            hash_policy.map(InfoBond::XmitHashPolicy),
            lacp_rate.map(InfoBond::AdLacpRate),
            bond.primary.map(InfoBond::Primary),
        ];
        let mut message = LinkMessage::default();
        message.attributes = vec![
            LinkAttribute::IfName(name.to_owned()),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Bond),
                LinkInfo::Data(InfoData::Bond(data.into_iter().flatten().collect())),
            ]),
        ];
        self.change(
            || format!("create bond {name}, mode {}", bond.mode),
            RouteNetlinkMessage::NewLink(message),
            NLM_F_CREATE | NLM_F_EXCL,
        )
    }

    /// Makes a link, which must be down, a member of a bond, which sets it up.
    pub fn add_to_bond(&self, (index, name): (u32, &str), bond: u32) -> Result<()> {
        self.set_link(index, LinkAttribute::Controller(bond), || {
            format!("make {name} a member of the bond of index {bond}")
        })
    }

    /// Takes a member out of its bond, which sets it down.
    pub fn take_from_bond(&self, (index, name): (u32, &str)) -> Result<()> {
        self.set_link(index, LinkAttribute::Controller(0), || {
            format!("take {name} out of its bond")
        })
    }
}
