//! Settings of a virtual function that its physical function holds (`IFLA_VFINFO_LIST`,
//! linux/if_link.h, ip-link(8)).

mod settings;

use std::fmt;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    LinkAttribute, LinkExtentMask, LinkMessage, LinkVfInfo, VfInfo, VfInfoGuid, VfInfoLinkState,
    VfInfoMac, VfInfoRate, VfInfoSpoofCheck, VfInfoTrust, VfLinkState, VfVlan, VfVlanInfo,
    VlanProtocol,
};
use nix::errno::Errno;
use plumb_values::{Guid, Mac};

use super::route_answer::RouteAnswer;
use super::{Result, RouteSocket};

pub use settings::{Key, LinkState, Setting, Settings, Vlan};

/// What one message changes of a virtual function: a setting, or both rates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// In the words of ip-link(8).
    text: String,
    value: VfInfo,
}

impl Change {
    /// Whether it is a GUID's.
    pub fn is_of_guid(&self) -> bool {
        matches!(self.value, VfInfo::IbNodeGuid(_) | VfInfo::IbPortGuid(_))
    }

    /// Whether it is the hardware address's.
    pub fn is_of_mac(&self) -> bool {
        matches!(self.value, VfInfo::Mac(_))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Settings {
    /// The changes that give these settings to the virtual function of this number, in the
    /// order in which they are applied.
    pub fn changes(&self, number: u32) -> Vec<Change> {
        let has_minimum = self.minimum_rate().is_some();
        self.iter()
            .filter(|setting| !(has_minimum && setting.key() == Key::MaximumRate))
            .map(|setting| self.change(setting, number))
            .collect()
    }

    fn change(&self, setting: Setting, number: u32) -> Change {
        let on = |on: bool| if on { "on" } else { "off" };
        let (text, value) = match setting {
            Setting::Vlan(vlan) => {
                let (name, protocol) = match vlan.is_802_1ad {
                    true => ("802.1ad", VlanProtocol::Ieee8021Ad),
                    false => ("802.1q", VlanProtocol::Ieee8021Q),
                };
                let (id, priority) = (vlan.id, vlan.priority);
                let info = VfVlanInfo::new(number, id.into(), priority.into(), protocol);
                (
                    format!("vlan {id} qos {priority} proto {name}"),
                    VfInfo::VlanList(vec![VfVlan::Info(info)]),
                )
            }
            Setting::Mac(mac) => (
                format!("mac {mac}"),
                VfInfo::Mac(VfInfoMac::new(number, mac.bytes())),
            ),
            Setting::MinimumRate(_) | Setting::MaximumRate(_) => {
                let minimum = self.minimum_rate().unwrap_or(0);
                let maximum = self.maximum_rate().unwrap_or(0);
                (
                    format!("min_tx_rate {minimum} max_tx_rate {maximum}"),
                    VfInfo::Rate(VfInfoRate::new(number, minimum, maximum)),
                )
            }
            Setting::SpoofCheck(check) => (
                format!("spoofchk {}", on(check)),
                VfInfo::SpoofCheck(VfInfoSpoofCheck::new(number, check)),
            ),
            Setting::Trust(trust) => (
                format!("trust {}", on(trust)),
                VfInfo::Trust(VfInfoTrust::new(number, trust)),
            ),
            Setting::LinkState(state) => {
                let (name, value) = match state {
                    LinkState::Auto => ("auto", VfLinkState::Auto),
                    LinkState::Enable => ("enable", VfLinkState::Enable),
                    LinkState::Disable => ("disable", VfLinkState::Disable),
                };
                (
                    format!("state {name}"),
                    VfInfo::LinkState(VfInfoLinkState::new(number, value)),
                )
            }
            Setting::NodeGuid(guid) => (
                format!("node_guid {guid}"),
                VfInfo::IbNodeGuid(VfInfoGuid::new(number, guid.into())),
            ),
            Setting::PortGuid(guid) => (
                format!("port_guid {guid}"),
                VfInfo::IbPortGuid(VfInfoGuid::new(number, guid.into())),
            ),
        };
        Change { text, value }
    }
}

impl RouteSocket {
    /// The settings of one virtual function; none when the kernel does not report them.
    ///
    /// The kernel has no request for one function: it answers with all of them. Before
    /// 6.15 it makes the message too small when an InfiniBand adapter has more than a few,
    /// and refuses with EMSGSIZE. Without the counters, which are most of it, the message
    /// is as small as it can be; a refusal that remains is treated as "not known".
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
            RouteAnswer::Link(message) => Some(message.attributes),
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

    /// Makes a change of a virtual function through the physical one.
    pub fn set_virtual_function(
        &self,
        (parent, parent_name): (u32, &str),
        number: u32,
        change: Change,
    ) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = parent;
        let text = change.text;
        message
            .attributes
            .push(LinkAttribute::VfInfoList(vec![LinkVfInfo(vec![
                change.value,
            ])]));
        self.change(
            || format!("set {text} on virtual function {number} of {parent_name}"),
            RouteNetlinkMessage::SetLink(message),
            0,
        )
    }
}

/// The settings in one entry of the list, if it is that of the function asked for.
fn decode(values: &[VfInfo], number: u32) -> Option<Settings> {
    let is_asked_for = |value: &VfInfo| matches!(value, VfInfo::Mac(info) if info.vf_id == number);
    let settings = || values.iter().flat_map(decode_value).collect();
    values.iter().any(is_asked_for).then(settings)
}

fn decode_value(value: &VfInfo) -> Vec<Setting> {
    let setting = match value {
        VfInfo::Mac(info) => Mac::try_from(&info.mac[..6]).ok().map(Setting::Mac),
        VfInfo::Rate(info) => {
            return vec![
                Setting::MinimumRate(info.min_tx_rate),
                Setting::MaximumRate(info.max_tx_rate),
            ];
        }
        VfInfo::SpoofCheck(info) => Some(Setting::SpoofCheck(info.enabled)),
        VfInfo::Trust(info) => Some(Setting::Trust(info.enabled)),
        VfInfo::LinkState(info) => match info.state {
            VfLinkState::Auto => Some(LinkState::Auto),
            VfLinkState::Enable => Some(LinkState::Enable),
            VfLinkState::Disable => Some(LinkState::Disable),
            _ => None,
        }
        .map(Setting::LinkState),
        VfInfo::IbNodeGuid(info) => Some(Setting::NodeGuid(Guid::from(info.guid))),
        VfInfo::IbPortGuid(info) => Some(Setting::PortGuid(Guid::from(info.guid))),
        VfInfo::VlanList(tags) => tags.iter().find_map(decode_tag).map(Setting::Vlan),
        _ => None,
    };
    setting.into_iter().collect()
}

fn decode_tag(tag: &VfVlan) -> Option<Vlan> {
    match tag {
        VfVlan::Info(info) => Some(Vlan {
            id: u16::try_from(info.vlan_id).ok()?,
            priority: u8::try_from(info.qos).ok()?,
            is_802_1ad: info.protocol == VlanProtocol::Ieee8021Ad,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
