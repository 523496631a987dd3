//! The network configuration of this flavour, checked as far as text alone allows.

use plumb_sdk::isolation::Isolation;
use plumb_sdk::operations::VirtualFunctionSettings;
use plumb_sdk::{Error, Ipam, Request, link_state, mac};
use serde::Deserialize;

use crate::vlan;

/// The keys that decide what is wanted, as the host passes them: in lower case.
#[derive(Default, Deserialize)]
#[serde(default)]
struct KindKeys {
    #[serde(rename = "type")]
    plugin: String,
    kind: String,
}

/// The keys of type `sriov`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Keys {
    vlan: Option<i64>,
    vlanqos: Option<i64>,
    vlanproto: String,
    mac: String,
    min_tx_rate: Option<u32>,
    max_tx_rate: Option<u32>,
    spoofchk: String,
    trust: String,
    link_state: String,
    mtu: u32,
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
    pub fn read(request: &Request) -> Result<Self, Error> {
        match is_chained(request)? {
            true => Isolation::read_implied(request).map(Self::Rdma),
            false => Sriov::read(request).map(|sriov| Self::Sriov(Box::new(sriov))),
        }
    }
}

/// The types `sriov` and `rdma` are the names of the plugins that this one replaces; under any
/// other type the key `kind` decides.
fn is_chained(request: &Request) -> Result<bool, Error> {
    let keys: KindKeys = request.configuration()?;
    let by_kind = match keys.kind.as_str() {
        "" => None,
        "sriov" => Some(false),
        "rdma" => Some(true),
        kind => {
            return Err(Error::invalid_configuration(format!(
                "unknown kind {kind:?}: use \"sriov\" or \"rdma\""
            )));
        }
    };
    let by_type = match keys.plugin.as_str() {
        "sriov" => Some(false),
        "rdma" => Some(true),
        _ => None,
    };
    match (by_type, by_kind) {
        (Some(by_type), Some(by_kind)) if by_type != by_kind => {
            Err(Error::invalid_configuration(format!(
                "kind {:?} contradicts type {:?}: leave out \"kind\"",
                keys.kind, keys.plugin
            )))
        }
        (by_type, by_kind) => Ok(by_type.or(by_kind).unwrap_or(false)),
    }
}

impl Sriov {
    fn read(request: &Request) -> Result<Self, Error> {
        let keys: Keys = request.configuration()?;
        check_rates(keys.min_tx_rate, keys.max_tx_rate)?;
        Ok(Self {
            settings: VirtualFunctionSettings {
                mac: mac::requested(request, &keys.mac)?,
                vlan: vlan::read(keys.vlan, keys.vlanqos, &keys.vlanproto)?,
                minimum_rate: keys.min_tx_rate,
                maximum_rate: keys.max_tx_rate,
                spoof_check: on_or_off("spoofchk", &keys.spoofchk)?,
                trust: on_or_off("trust", &keys.trust)?,
                link_state: link_state::parse(&keys.link_state)?,
                ..Default::default()
            },
            mtu: (keys.mtu != 0).then_some(keys.mtu),
            isolation: Isolation::read(request)?,
            ipam: keys.ipam,
        })
    }
}

/// A maximum of 0 is no limit.
fn check_rates(minimum: Option<u32>, maximum: Option<u32>) -> Result<(), Error> {
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

fn on_or_off(key: &str, text: &str) -> Result<Option<bool>, Error> {
    match text {
        "" => Ok(None),
        "on" => Ok(Some(true)),
        "off" => Ok(Some(false)),
        text => Err(Error::invalid_configuration(format!(
            "unknown {key} {text:?}: use \"on\" or \"off\""
        ))),
    }
}

#[cfg(test)]
mod tests;
