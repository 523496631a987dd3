//! What the kernel could not express, or would refuse with a bare EINVAL, in the arguments of
//! the operations.

use plumb_values::{Guid, Mac};

use super::operations::VirtualFunctionSettings;
use crate::components::refusal::Refusal;
use crate::facts::LinkFacts;
use crate::kernel::link::INFINIBAND;
use crate::kernel::virtual_function::{self, LinkState, Setting, Settings};
use crate::octets;
use crate::operations::Parent;

/// Bytes of an Ethernet address.
const ETHERNET_ADDRESS: usize = 6;

/// Bytes of an InfiniBand address (`INFINIBAND_ALEN`, linux/if_infiniband.h).
const INFINIBAND_ADDRESS: usize = 20;

/// Smallest MTU of an IPv4 link (RFC 791); the kernel's own lower bound for Ethernet.
const SMALLEST_MTU: u32 = 68;

pub(super) fn check_mtu(mtu: Option<u32>) -> Result<(), Refusal> {
    match mtu {
        Some(mtu) if !(SMALLEST_MTU..=65_535).contains(&mtu) => Err(Refusal::invalid(format!(
            "mtu {mtu} is out of range: {SMALLEST_MTU} to 65535"
        ))),
        _ => Ok(()),
    }
}

pub(super) fn check_mac(bytes: &[u8]) -> Result<(), Refusal> {
    mac_of(bytes).map(drop)
}

/// The address of an Ethernet interface.
fn mac_of(bytes: &[u8]) -> Result<Mac, Refusal> {
    let mac = Mac::try_from(bytes).ok();
    mac.filter(|mac| !mac.is_multicast() && !mac.is_zero())
        .ok_or_else(|| {
            Refusal::invalid(format!(
                "hardware address {} is not a unicast address of six bytes",
                octets::text(bytes)
            ))
        })
}

/// An address of Ethernet or of InfiniBand, of whatever kind.
pub(super) fn check_hardware_address(mac: &[u8]) -> Result<(), Refusal> {
    if matches!(mac.len(), ETHERNET_ADDRESS | INFINIBAND_ADDRESS) {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "{:?} is not a hardware address of {ETHERNET_ADDRESS} or {INFINIBAND_ADDRESS} bytes",
        octets::text(mac)
    )))
}

/// `IB_DEVICE_NAME_MAX` (rdma/ib_verbs.h) less the zero at the end.
const RDMA_NAME_BYTES: usize = 63;

pub(super) fn check_rdma_name(name: &str) -> Result<(), Refusal> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    // The kernel takes '%' for the place of a number.
    let accepted = !name.is_empty()
        && name.len() <= RDMA_NAME_BYTES
        && !name.starts_with('.')
        && name.bytes().all(is_plain);
    if accepted {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "rdma device name {name:?} must be letters, digits, '_', '-' and '.', at most \
         {RDMA_NAME_BYTES}"
    )))
}

/// What the kernel makes IPoIB children of. It resolves the parent in the namespace of the
/// caller, which is the host.
pub(super) fn check_infiniband(link: &LinkFacts, parent: &Parent) -> Result<(), Refusal> {
    if link.hardware_type != INFINIBAND {
        return Err(Refusal::invalid(format!(
            "create-ipoib needs an InfiniBand interface, and {} is none",
            link.name
        )));
    }
    if parent.in_pod {
        return Err(Refusal::invalid(format!(
            "create-ipoib needs an interface of the host, and {parent} is not there"
        )));
    }
    Ok(())
}

/// 0x0000 and 0x8000 are no partition (IBA specification, section 10.9.1.2).
pub(super) fn check_partition_key(key: Option<u16>) -> Result<(), Refusal> {
    match key {
        Some(key) if key & 0x7fff == 0 => Err(Refusal::invalid(format!(
            "partition key {key:#06x} is no partition: 0x0001 to 0x7fff, with bit 15 for full \
             membership"
        ))),
        _ => Ok(()),
    }
}

/// A word of a list; the message names the others.
pub(super) fn check_word(what: &str, word: &str, known: &[&str]) -> Result<(), Refusal> {
    if known.contains(&word) {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "unknown {what} {word:?}: this release knows {}",
        known.join(", ")
    )))
}

/// The name becomes a part of a path below /proc/sys; the value is shown in the plan and in the
/// trace, so it must not steer a terminal either.
pub(super) fn check_sysctl(name: &str, value: &str) -> Result<(), Refusal> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(is_plain) {
        return Err(Refusal::invalid(format!(
            "{name:?} is not the name of a sysctl"
        )));
    }
    if value.len() > 64 || value.contains(char::is_control) {
        return Err(Refusal::invalid(format!(
            "{value:?} is not the value of a sysctl"
        )));
    }
    Ok(())
}

/// Table 0 is none (`RT_TABLE_UNSPEC`, linux/rtnetlink.h): the kernel puts a route into the
/// main one and makes a new, empty one for a rule, under another number.
pub(in crate::components) fn check_table(table: Option<u32>) -> Result<(), Refusal> {
    match table {
        Some(0) => Err(Refusal::invalid(
            "table 0 is no routing table: 254 is the main one, 1 to 252 and 256 to 4294967295 are \
             free to use",
        )),
        _ => Ok(()),
    }
}

/// Ethertypes of VLAN tags (linux/if_ether.h): `ETH_P_8021Q` and `ETH_P_8021AD`.
const VLAN_PROTOCOLS: [u16; 2] = [0x8100, 0x88a8];

/// The settings as the host keeps them, checked for what the kernel cannot express.
pub(super) fn settings_of(settings: &VirtualFunctionSettings) -> Result<Settings, Refusal> {
    let mac = settings.mac.as_deref().map(mac_of).transpose()?;
    if let Some(vlan) = settings
        .vlan
        .filter(|vlan| vlan.id > 4094 || vlan.priority > 7)
    {
        return Err(Refusal::invalid(format!(
            "vlan {} with priority {} is out of range: 0 to 4094, and 0 to 7",
            vlan.id, vlan.priority
        )));
    }
    if let Some(vlan) = settings
        .vlan
        .filter(|vlan| !VLAN_PROTOCOLS.contains(&vlan.protocol))
    {
        return Err(Refusal::invalid(format!(
            "vlan protocol {:#06x} is not 0x8100 (802.1Q) or 0x88a8 (802.1ad)",
            vlan.protocol
        )));
    }
    let guid = settings.guid.as_deref().map(guid_of).transpose()?;
    let vlan = settings.vlan.map(|vlan| virtual_function::Vlan {
        id: vlan.id,
        priority: vlan.priority,
        is_802_1ad: vlan.protocol == VLAN_PROTOCOLS[1],
    });
    let link_state = match settings.link_state.as_deref() {
        None => None,
        Some("auto") => Some(LinkState::Auto),
        Some("enable") => Some(LinkState::Enable),
        Some("disable") => Some(LinkState::Disable),
        Some(word) => {
            check_word("link state", word, &["auto", "enable", "disable"])?;
            None
        }
    };
    let asked = [
        mac.map(Setting::Mac),
        vlan.map(Setting::Vlan),
        settings.minimum_rate.map(Setting::MinimumRate),
        settings.maximum_rate.map(Setting::MaximumRate),
        settings.spoof_check.map(Setting::SpoofCheck),
        settings.trust.map(Setting::Trust),
        link_state.map(Setting::LinkState),
        guid.map(Setting::NodeGuid),
        guid.map(Setting::PortGuid),
    ];
    Ok(asked.into_iter().flatten().collect())
}

fn guid_of(bytes: &[u8]) -> Result<Guid, Refusal> {
    let refused = |reason: &str| Refusal::invalid(format!("GUID {} {reason}", octets::text(bytes)));
    let guid = Guid::try_from(bytes).map_err(|_| refused("must have eight bytes"))?;
    if guid.is_zero() {
        return Err(refused("is zero"));
    }
    if guid.is_multicast() {
        return Err(refused("is a multicast one: its first byte must be even"));
    }
    Ok(guid)
}
