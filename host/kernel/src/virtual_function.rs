//! Settings of a virtual function that its physical function holds (`IFLA_VFINFO_LIST`,
//! linux/if_link.h, ip-link(8)).

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    LinkAttribute, LinkExtentMask, LinkMessage, LinkVfInfo, VfInfo, VfInfoGuid, VfInfoLinkState,
    VfInfoMac, VfInfoRate, VfInfoSpoofCheck, VfInfoTrust, VfLinkState, VfVlan, VfVlanInfo,
    VlanProtocol,
};
use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use super::guid::Guid;
use super::{Result, RouteSocket};
use plumb_values::octets;

/// A VLAN tag that the adapter puts on all frames of a virtual function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vlan {
    /// 0 is no tag.
    pub id: u16,
    /// 0 to 7.
    pub priority: u8,
    /// Whether the tag is 802.1ad instead of 802.1Q.
    pub is_802_1ad: bool,
}

/// Modes of a virtual function's link, in the words of ip-link(8).
pub const LINK_STATES: [(&str, VfLinkState); 3] = [
    ("auto", VfLinkState::Auto),
    ("enable", VfLinkState::Enable),
    ("disable", VfLinkState::Disable),
];

/// Settings; none: not asked for, or not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The address that the administrator gave it: six bytes, all 0 for none.
    pub mac: Option<Vec<u8>>,
    /// The tag.
    pub vlan: Option<Vlan>,
    /// Mbit/s that it is guaranteed; 0 is none.
    pub minimum_rate: Option<u32>,
    /// Mbit/s that it gets at most; 0 is no limit.
    pub maximum_rate: Option<u32>,
    /// Whether frames with a foreign source address are dropped.
    pub spoof_check: Option<bool>,
    /// Whether its driver may change its address and go promiscuous.
    pub trust: Option<bool>,
    /// One of [`LINK_STATES`].
    pub link_state: Option<String>,
    /// Node GUID.
    pub node_guid: Option<Guid>,
    /// Port GUID.
    pub port_guid: Option<Guid>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// In the words of ip-link(8).
    text: String,
    value: VfInfo,
}

impl Setting {
    /// Whether it is a GUID.
    pub fn is_guid(&self) -> bool {
        matches!(self.value, VfInfo::IbNodeGuid(_) | VfInfo::IbPortGuid(_))
    }
}

impl std::fmt::Display for Setting {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Settings {
    /// Each of the settings for the virtual function of this number, in an order that
    /// drivers take: the address while the function is not trusted to have its own.
    pub fn each(&self, number: u32) -> Vec<Setting> {
        let setting = |text: String, value: VfInfo| Setting { text, value };
        let on = |on: bool| if on { "on" } else { "off" };
        let settings = [
            self.vlan.map(|vlan| {
                let (name, protocol) = match vlan.is_802_1ad {
                    true => ("802.1ad", VlanProtocol::Ieee8021Ad),
                    false => ("802.1q", VlanProtocol::Ieee8021Q),
                };
                let (id, priority) = (vlan.id, vlan.priority);
                let info = VfVlanInfo::new(number, id.into(), priority.into(), protocol);
                setting(
                    format!("vlan {id} qos {priority} proto {name}"),
                    VfInfo::VlanList(vec![VfVlan::Info(info)]),
                )
            }),
            self.mac.as_ref().map(|address| {
                setting(
                    format!("mac {}", octets::text(address)),
                    VfInfo::Mac(VfInfoMac::new(number, address)),
                )
            }),
            self.minimum_rate.or(self.maximum_rate).map(|_| {
                let minimum = self.minimum_rate.unwrap_or(0);
                let maximum = self.maximum_rate.unwrap_or(0);
                setting(
                    format!("min_tx_rate {minimum} max_tx_rate {maximum}"),
                    VfInfo::Rate(VfInfoRate::new(number, minimum, maximum)),
                )
            }),
            self.spoof_check.map(|check| {
                setting(
                    format!("spoofchk {}", on(check)),
                    VfInfo::SpoofCheck(VfInfoSpoofCheck::new(number, check)),
                )
            }),
            self.trust.map(|trust| {
                setting(
                    format!("trust {}", on(trust)),
                    VfInfo::Trust(VfInfoTrust::new(number, trust)),
                )
            }),
            self.link_state.as_ref().map(|state| {
                let value = LINK_STATES.iter().find(|(name, _)| name == state);
                let value = value.map_or(VfLinkState::Auto, |(_, value)| *value);
                setting(
                    format!("state {state}"),
                    VfInfo::LinkState(VfInfoLinkState::new(number, value)),
                )
            }),
            self.node_guid.map(|guid| {
                let value = VfInfoGuid::new(number, u64::from_be_bytes(guid));
                setting(
                    format!("node_guid {}", octets::text(&guid)),
                    VfInfo::IbNodeGuid(value),
                )
            }),
            self.port_guid.map(|guid| {
                let value = VfInfoGuid::new(number, u64::from_be_bytes(guid));
                setting(
                    format!("port_guid {}", octets::text(&guid)),
                    VfInfo::IbPortGuid(value),
                )
            }),
        ];
        settings.into_iter().flatten().collect()
    }

    /// Those of these settings that `other` has differently. The two rates are set by one
    /// message, so one of them brings the other along.
    pub fn differing_from(&self, other: &Self) -> Self {
        let rates_differ = self
            .minimum_rate
            .is_some_and(|_| self.minimum_rate != other.minimum_rate)
            || self
                .maximum_rate
                .is_some_and(|_| self.maximum_rate != other.maximum_rate);
        let rate =
            |ours: Option<u32>, other: Option<u32>| rates_differ.then(|| ours.or(other)).flatten();
        Self {
            mac: differing(&self.mac, &other.mac),
            vlan: differing(&self.vlan, &other.vlan),
            minimum_rate: rate(self.minimum_rate, other.minimum_rate),
            maximum_rate: rate(self.maximum_rate, other.maximum_rate),
            spoof_check: differing(&self.spoof_check, &other.spoof_check),
            trust: differing(&self.trust, &other.trust),
            link_state: differing(&self.link_state, &other.link_state),
            node_guid: differing(&self.node_guid, &other.node_guid),
            port_guid: differing(&self.port_guid, &other.port_guid),
        }
    }

    /// These settings, and for those that are none the other's.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        let other = other.clone();
        Self {
            mac: self.mac.or(other.mac),
            vlan: self.vlan.or(other.vlan),
            minimum_rate: self.minimum_rate.or(other.minimum_rate),
            maximum_rate: self.maximum_rate.or(other.maximum_rate),
            spoof_check: self.spoof_check.or(other.spoof_check),
            trust: self.trust.or(other.trust),
            link_state: self.link_state.or(other.link_state),
            node_guid: self.node_guid.or(other.node_guid),
            port_guid: self.port_guid.or(other.port_guid),
        }
    }

    /// Those of these settings that `wanted` has as well, with whatever value.
    pub fn restricted_to(self, wanted: &Self) -> Self {
        let has_rate = wanted.minimum_rate.is_some() || wanted.maximum_rate.is_some();
        Self {
            mac: self.mac.filter(|_| wanted.mac.is_some()),
            vlan: self.vlan.filter(|_| wanted.vlan.is_some()),
            minimum_rate: self.minimum_rate.filter(|_| has_rate),
            maximum_rate: self.maximum_rate.filter(|_| has_rate),
            spoof_check: self.spoof_check.filter(|_| wanted.spoof_check.is_some()),
            trust: self.trust.filter(|_| wanted.trust.is_some()),
            link_state: self.link_state.filter(|_| wanted.link_state.is_some()),
            node_guid: self.node_guid.filter(|_| wanted.node_guid.is_some()),
            port_guid: self.port_guid.filter(|_| wanted.port_guid.is_some()),
        }
    }

    /// The settings of these that can only be read from the physical function.
    pub fn are_held_by_parent(&self) -> bool {
        self.mac.is_some()
            || self.vlan.is_some()
            || self.minimum_rate.is_some()
            || self.maximum_rate.is_some()
            || self.spoof_check.is_some()
            || self.trust.is_some()
            || self.link_state.is_some()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl RouteSocket {
    /// The settings of one virtual function; none when the kernel does not report them.
    ///
    /// The kernel has no request for one function: it answers with all of them. Before
    /// 6.15 it makes the message too small when an InfiniBand adapter has more than a few,
    /// and refuses with EMSGSIZE. Without the counters, which are most of it, the message
    /// is as small as it can be; a refusal that remains is taken for "not known".
    pub fn virtual_function(&self, parent: u32, number: u32) -> Result<Option<Settings>> {
        let mut message = LinkMessage::default();
        message.header.index = parent;
        message.attributes.push(LinkAttribute::ExtMask(vec![
            LinkExtentMask::Vf,
            LinkExtentMask::SkipStats,
        ]));
        let what = || format!("read the virtual functions of the interface of index {parent}");
        let answers = match self.get(what, RouteNetlinkMessage::GetLink(message)) {
            Err(error) if error.errno() == Some(Errno::EMSGSIZE) => return Ok(None),
            answers => answers?,
        };
        let attributes = answers.into_iter().filter_map(|answer| match answer {
            RouteNetlinkMessage::NewLink(message) => Some(message.attributes),
            _ => None,
        });
        let functions = attributes
            .flatten()
            .filter_map(|attribute| match attribute {
                LinkAttribute::VfInfoList(functions) => Some(functions),
                _ => None,
            });
        Ok(functions
            .flatten()
            .find_map(|function| decode(&function.0, number)))
    }

    /// Changes one setting of a virtual function through the physical one.
    pub fn set_virtual_function(
        &self,
        (parent, parent_name): (u32, &str),
        number: u32,
        setting: Setting,
    ) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = parent;
        let text = setting.text;
        message
            .attributes
            .push(LinkAttribute::VfInfoList(vec![LinkVfInfo(vec![
                setting.value,
            ])]));
        self.change(
            || format!("set {text} on virtual function {number} of {parent_name}"),
            RouteNetlinkMessage::SetLink(message),
            0,
        )
    }
}

fn differing<T: Clone + PartialEq>(ours: &Option<T>, other: &Option<T>) -> Option<T> {
    ours.clone().filter(|_| ours != other)
}

/// The settings in one entry of the list, if it is that of the function asked for.
fn decode(values: &[VfInfo], number: u32) -> Option<Settings> {
    let mut settings = Settings::default();
    let mut found = None;
    for value in values {
        match value {
            VfInfo::Mac(info) => {
                found = Some(info.vf_id);
                settings.mac = Some(info.mac[..6].to_vec());
            }
            VfInfo::Rate(info) => {
                settings.minimum_rate = Some(info.min_tx_rate);
                settings.maximum_rate = Some(info.max_tx_rate);
            }
            VfInfo::SpoofCheck(info) => settings.spoof_check = Some(info.enabled),
            VfInfo::Trust(info) => settings.trust = Some(info.enabled),
            VfInfo::LinkState(info) => {
                let state = LINK_STATES.iter().find(|(_, state)| *state == info.state);
                settings.link_state = state.map(|(name, _)| (*name).to_owned());
            }
            VfInfo::IbNodeGuid(info) => settings.node_guid = Some(info.guid.to_be_bytes()),
            VfInfo::IbPortGuid(info) => settings.port_guid = Some(info.guid.to_be_bytes()),
            VfInfo::VlanList(tags) => {
                settings.vlan = tags.iter().find_map(|tag| match tag {
                    VfVlan::Info(info) => Some(Vlan {
                        id: u16::try_from(info.vlan_id).ok()?,
                        priority: u8::try_from(info.qos).ok()?,
                        is_802_1ad: info.protocol == VlanProtocol::Ieee8021Ad,
                    }),
                    _ => None,
                });
            }
            _ => {}
        }
    }
    (found == Some(number)).then_some(settings)
}

#[cfg(test)]
mod tests;
