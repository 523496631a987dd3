//! The network configuration of this flavour, checked as far as text alone allows.

use plumb_sdk::isolation::Isolation;
use plumb_sdk::operations::{VirtualFunctionLinkState, VirtualFunctionSettings};
use plumb_sdk::prelude::*;
use plumb_sdk::{Ipam, isolation, mac};

use crate::vlan;

/// All keys, as they are declared.
#[derive(Keys)]
#[allow(
    dead_code,
    reason = "the first ones decide whether the others are read"
)]
pub struct Written {
    #[keys(flatten)]
    choice: Choice,
    #[keys(flatten)]
    sriov: Keys,
}

/// The keys that decide what is wanted.
#[derive(Keys)]
struct Choice {
    #[keys(name = "type", default)]
    plugin: String,
    /// What is wanted, where the type does not say it.
    kind: Option<Kind>,
}

#[derive(Clone, Copy, PartialEq, Eq, Keys)]
enum Kind {
    Sriov,
    Rdma,
}

/// The keys of type `sriov`.
#[derive(Keys)]
struct Keys {
    /// The tag that the adapter adds and removes, 0 to 4094; 0 clears it.
    vlan: Option<i64>,
    /// Its priority, 0 to 7.
    #[keys(name = "vlanQoS")]
    vlan_priority: Option<i64>,
    /// "802.1q" or "802.1ad".
    #[keys(name = "vlanProto", default)]
    vlan_protocol: String,
    /// The hardware address; its own by default.
    mac: Option<Mac>,
    /// Mbit/s; 0 is no limit.
    #[keys(name = "min_tx_rate")]
    minimum_rate: Option<u32>,
    /// Mbit/s; 0 is no limit.
    #[keys(name = "max_tx_rate")]
    maximum_rate: Option<u32>,
    /// Whether packets from other hardware addresses are dropped: "on" or "off".
    #[keys(name = "spoofchk", parse = on_or_off)]
    spoof_check: Option<bool>,
    /// Whether it may do what else only the physical function may: "on" or "off".
    #[keys(parse = on_or_off)]
    trust: Option<bool>,
    /// Whether it has carrier.
    #[keys(name = "link_state")]
    link_state: Option<VirtualFunctionLinkState>,
    /// Bytes; 0 is as it is.
    #[keys(absent_when_zero)]
    mtu: Option<u32>,
    /// Whether the RDMA device goes along.
    #[keys(flatten)]
    isolation: isolation::Wanted,
    /// Where addresses come from.
    #[keys(default)]
    ipam: Ipam,
}

/// What the user wants, with defaults filled in.
#[derive(Debug, Clone)]
pub enum Configuration {
    /// A virtual function for the pod.
    Sriov(Box<Sriov>),
    /// The RDMA device of what the plugin before has given the pod.
    Rdma(Isolation),
}

/// How the virtual function is set up.
#[derive(Debug, Clone)]
pub struct Sriov {
    /// What the physical function holds.
    pub settings: VirtualFunctionSettings,
    /// MTU in bytes; none: as it is.
    pub mtu: Option<u32>,
    /// Whether the RDMA device goes along.
    pub isolation: Option<Isolation>,
    /// Where addresses come from.
    pub ipam: Ipam,
}

impl Configuration {
    /// Reads the request's configuration.
    ///
    /// Errors: `invalid-configuration`, `unsupported-field` for a key that needs another one,
    /// `invalid-environment` for the runtime's hardware address.
    pub fn read(request: &Request) -> Result<Self> {
        match kind(&request.keys()?)? {
            Kind::Rdma => Isolation::read_implied(request).map(Self::Rdma),
            Kind::Sriov => Sriov::read(request).map(|sriov| Self::Sriov(Box::new(sriov))),
        }
    }
}

/// The types `sriov` and `rdma` are the names of the plugins that this one replaces; under any
/// other type the key `kind` decides.
fn kind(choice: &Choice) -> Result<Kind> {
    let by_type = match choice.plugin.as_str() {
        "sriov" => Some(Kind::Sriov),
        "rdma" => Some(Kind::Rdma),
        _ => None,
    };
    match (by_type, choice.kind) {
        (Some(by_type), Some(by_kind)) if by_type != by_kind => {
            Err(Error::invalid_configuration(format!(
                "kind {:?} contradicts type {:?}: leave out \"kind\"",
                match by_kind {
                    Kind::Sriov => "sriov",
                    Kind::Rdma => "rdma",
                },
                choice.plugin
            )))
        }
        (by_type, by_kind) => Ok(by_type.or(by_kind).unwrap_or(Kind::Sriov)),
    }
}

impl Sriov {
    fn read(request: &Request) -> Result<Self> {
        let keys: Keys = request.keys()?;
        check_rates(keys.minimum_rate, keys.maximum_rate)?;
        Ok(Self {
            settings: VirtualFunctionSettings {
                mac: mac::requested(request, keys.mac)?,
                vlan: vlan::read(keys.vlan, keys.vlan_priority, &keys.vlan_protocol)?,
                minimum_rate: keys.minimum_rate,
                maximum_rate: keys.maximum_rate,
                spoof_check: keys.spoof_check,
                trust: keys.trust,
                link_state: keys.link_state,
                ..Default::default()
            },
            mtu: keys.mtu,
            isolation: keys.isolation.0,
            ipam: keys.ipam,
        })
    }
}

/// A maximum of 0 is no limit.
fn check_rates(minimum: Option<u32>, maximum: Option<u32>) -> Result<()> {
    match (minimum, maximum) {
        (Some(minimum), Some(maximum)) if maximum != 0 && minimum > maximum => {
            Err(Error::invalid_configuration(format!(
                "min_tx_rate {minimum} is larger than max_tx_rate {maximum}: use 0 to {maximum} \
                 Mbit/s, or a max_tx_rate of 0, which is no limit"
            )))
        }
        _ => Ok(()),
    }
}

fn on_or_off(text: &str) -> Result<bool, &'static str> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("is neither \"on\" nor \"off\""),
    }
}

#[cfg(test)]
mod tests;
