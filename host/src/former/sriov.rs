//! The file of sriov-cni: its network configuration with `OrigVfState`, the function as it was (`pkg/types/types.go`).

use plumb_values::{HardwareAddress, Mac};
use serde_json::{Map, Value};

use super::cache::{Known, address, link, number, text};
use crate::kernel::link::ETHERNET;
use crate::kernel::virtual_function::{LinkState, Setting, Settings, Vlan};

/// `ETH_P_8021AD` (linux/if_ether.h), and as netlink's byte order shows it on some machines.
const PROTOCOL_802_1AD: [u64; 2] = [0x88a8, 0xa888];

/// Largest VLAN and priority.
const LAST_VLAN: u64 = 4095;
const LAST_PRIORITY: u64 = 7;

/// Understands it. Only what the network had changed is given back, and the administrative address always, as sriov-cni
/// does.
///
/// # Errors
///
/// When it has not what sriov-cni writes.
pub fn read(content: &Value) -> Result<Known, String> {
    let Some(original) = content.get("OrigVfState").filter(|state| state.is_object()) else {
        return Err("it has no \"OrigVfState\"".to_owned());
    };
    // What the pod itself can set, none of which sriov-cni looks at.
    let mut unknown = vec!["alias, group, queue length and offloads of the interface"];
    let mut settings = Settings::default();
    if is_set(content, "vlan") {
        let protocol: Option<u64> = number(original, "VlanProto", u64::from(u16::MAX))?;
        settings.set(Setting::Vlan(Vlan {
            id: number(original, "Vlan", LAST_VLAN)?.unwrap_or(0),
            priority: number(original, "VlanQoS", LAST_PRIORITY)?.unwrap_or(0),
            is_802_1ad: protocol.is_some_and(|protocol| PROTOCOL_802_1AD.contains(&protocol)),
        }));
    }
    match mac(original, "AdminMAC")? {
        Some(mac) => settings.set(Setting::Mac(mac)),
        None => unknown.push("the administrative hardware address"),
    }
    if is_set(content, "min_tx_rate") || is_set(content, "max_tx_rate") {
        let rate = |key| number(original, key, u64::from(u32::MAX));
        settings.set(Setting::MinimumRate(rate("MinTxRate")?.unwrap_or(0)));
        settings.set(Setting::MaximumRate(rate("MaxTxRate")?.unwrap_or(0)));
    }
    if is_set(content, "spoofchk") {
        match original.get("SpoofChk").and_then(Value::as_bool) {
            Some(check) => settings.set(Setting::SpoofCheck(check)),
            None => unknown.push("spoofchk"),
        }
    }
    if is_set(content, "trust") {
        match original.get("Trust").and_then(Value::as_bool) {
            Some(trust) => settings.set(Setting::Trust(trust)),
            None => unknown.push("trust"),
        }
    }
    if is_set(content, "link_state") {
        match number::<u8>(original, "LinkState", u64::from(u8::MAX))? {
            Some(0) => settings.set(Setting::LinkState(LinkState::Auto)),
            Some(1) => settings.set(Setting::LinkState(LinkState::Enable)),
            Some(2) => settings.set(Setting::LinkState(LinkState::Disable)),
            _ => unknown.push("link_state"),
        }
    }
    Ok(Known {
        address: address(content)?,
        network: text(content, "name")?.to_owned(),
        link: match text(original, "HostIFName")? {
            // A program in the pod drives the function.
            "" => None,
            name => {
                let mac = mac(original, "EffectiveMAC")?;
                let mtu: Option<u32> = number(original, "MTU", u64::from(u32::MAX))?;
                if mac.is_none() {
                    unknown.push("the hardware address of the interface");
                }
                if mtu.is_none_or(|mtu| mtu == 0) {
                    unknown.push("the MTU of the interface");
                }
                let mac = mac.map(HardwareAddress::from).unwrap_or_default();
                Some(link(name, ETHERNET, mac, mtu.unwrap_or(0))?)
            }
        },
        rdma_device: None,
        settings,
        unknown,
    })
}

/// What a virtual function has that was just made, of what a network sets: for one of which nobody knows what it was like.
/// A VLAN or trust that the next pod inherits would be worse than an operator's value that is lost.
pub fn fresh(network: &Map<String, Value>) -> Settings {
    let mut settings = Settings::default();
    let sets = |key: &str| network.get(key).is_some_and(says_something);
    if sets("vlan") {
        settings.set(Setting::Vlan(Vlan {
            id: 0,
            priority: 0,
            is_802_1ad: false,
        }));
    }
    if sets("min_tx_rate") || sets("max_tx_rate") {
        settings.set(Setting::MinimumRate(0));
        settings.set(Setting::MaximumRate(0));
    }
    if sets("spoofchk") {
        settings.set(Setting::SpoofCheck(true));
    }
    if sets("trust") {
        settings.set(Setting::Trust(false));
    }
    if sets("link_state") {
        settings.set(Setting::LinkState(LinkState::Auto));
    }
    settings
}

/// Whether the network sets something: Go writes null or an empty text for what it does not.
fn is_set(content: &Value, key: &str) -> bool {
    content.get(key).is_some_and(says_something)
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

/// A hardware address; none where it is missing.
fn mac(original: &Value, key: &str) -> Result<Option<Mac>, String> {
    match text(original, key)? {
        "" => Ok(None),
        text => match text.parse() {
            Ok(mac) => Ok(Some(mac)),
            Err(error) => Err(format!("{key:?} {text:?} {error}")),
        },
    }
}
