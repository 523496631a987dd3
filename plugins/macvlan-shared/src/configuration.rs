//! The network configuration of this flavour, checked as far as text alone allows.

use plumb_sdk::operations::{IpvlanMode, MacvlanMode};
use plumb_sdk::{Error, Ipam, Mac, Request, log, mac};
use serde::Deserialize;

/// The keys, as the host passes them: in lower case.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Keys {
    #[serde(rename = "type")]
    plugin: String,
    kind: Option<String>,
    master: String,
    mode: String,
    mtu: u32,
    mac: String,
    bcqueuelen: u32,
    linkincontainer: bool,
    requirerdma: bool,
    ipam: Ipam,
}

/// What the user wants, with defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// Name of the parent; none: chosen by the chain or by the default route.
    pub master: Option<String>,
    /// MTU in bytes; none: the parent's.
    pub mtu: Option<u32>,
    /// Whether the parent is in the pod's network namespace.
    pub link_in_container: bool,
    /// Whether a parent without an RDMA device is an error.
    pub require_rdma: bool,
    /// What is made.
    pub child: Child,
}

/// What is made of the parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Child {
    /// An interface with its own hardware address.
    Macvlan(Macvlan),
    /// An interface with the parent's hardware address.
    Ipvlan(Ipvlan),
}

impl Child {
    /// Its `IFLA_INFO_KIND`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Macvlan(_) => "macvlan",
            Self::Ipvlan(_) => "ipvlan",
        }
    }
}

/// Options that only a macvlan has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Macvlan {
    /// How children of one parent reach each other.
    pub mode: MacvlanMode,
    /// None: a random locally administered one.
    pub mac: Option<Mac>,
    /// None: the kernel's default.
    pub broadcast_queue_length: Option<u32>,
}

/// Options that only an ipvlan has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ipvlan {
    /// Where packets are switched or routed.
    pub mode: IpvlanMode,
}

impl Configuration {
    /// Reads the request's configuration.
    ///
    /// Errors: `invalid-configuration`, `unsupported-field` for an IPAM plugin that cannot work through the chosen
    /// child, `invalid-environment` for the runtime's hardware address.
    pub fn read(request: &Request) -> Result<Self, Error> {
        let keys: Keys = request.configuration()?;
        let child = if is_ipvlan(&keys)? {
            Child::Ipvlan(ipvlan(&keys, request)?)
        } else {
            Child::Macvlan(macvlan(&keys, request)?)
        };
        Ok(Self {
            master: (!keys.master.is_empty()).then_some(keys.master),
            mtu: (keys.mtu != 0).then_some(keys.mtu),
            link_in_container: keys.linkincontainer,
            require_rdma: keys.requirerdma,
            child,
        })
    }
}

/// The types `macvlan` and `ipvlan` are the names of the plugins that this one replaces;
/// under any other type the key `kind` decides.
fn is_ipvlan(keys: &Keys) -> Result<bool, Error> {
    let by_type = match keys.plugin.as_str() {
        "macvlan" => Some(false),
        "ipvlan" => Some(true),
        _ => None,
    };
    let by_kind = match keys.kind.as_deref() {
        None | Some("") => None,
        Some("macvlan") => Some(false),
        Some("ipvlan") => Some(true),
        Some(kind) => {
            return Err(Error::invalid_configuration(format!(
                "unknown kind {kind:?}: use \"macvlan\" or \"ipvlan\""
            )));
        }
    };
    match (by_type, by_kind) {
        (Some(by_type), Some(by_kind)) if by_type != by_kind => {
            Err(Error::invalid_configuration(format!(
                "kind {:?} contradicts type {:?}: leave out \"kind\"",
                keys.kind.as_deref().unwrap_or_default(),
                keys.plugin
            )))
        }
        (by_type, by_kind) => Ok(by_type.or(by_kind).unwrap_or(false)),
    }
}

fn macvlan(keys: &Keys, request: &Request) -> Result<Macvlan, Error> {
    let mode = match keys.mode.as_str() {
        "" | "bridge" => MacvlanMode::Bridge,
        "private" => MacvlanMode::Private,
        "vepa" => MacvlanMode::Vepa,
        "passthru" => MacvlanMode::Passthru,
        mode => {
            return Err(Error::invalid_configuration(format!(
                "unknown macvlan mode {mode:?}: use \"bridge\", \"private\", \"vepa\" or \"passthru\""
            )));
        }
    };
    Ok(Macvlan {
        mode,
        mac: mac::requested(request, &keys.mac)?,
        broadcast_queue_length: (keys.bcqueuelen != 0).then_some(keys.bcqueuelen),
    })
}

fn ipvlan(keys: &Keys, request: &Request) -> Result<Ipvlan, Error> {
    // The plugin that this one replaces has never read them.
    let mac = request.mac().map(|address| address.to_string());
    if let Some(mac) = mac.or_else(|| Some(keys.mac.clone()).filter(|mac| !mac.is_empty())) {
        log::warning(format!(
            "\"mac\" {mac} is passed over: an ipvlan has the hardware address of its parent; a macvlan would have it"
        ));
    }
    if keys.bcqueuelen != 0 {
        log::warning(format!(
            "\"bcqueuelen\" {} is passed over: an ipvlan has no queue for broadcasts",
            keys.bcqueuelen
        ));
    }
    let mode = match keys.mode.as_str() {
        "" | "l2" => IpvlanMode::L2,
        "l3" => IpvlanMode::L3,
        "l3s" => IpvlanMode::L3s,
        mode => {
            return Err(Error::invalid_configuration(format!(
                "unknown ipvlan mode {mode:?}: use \"l2\", \"l3\" or \"l3s\""
            )));
        }
    };
    if mode != IpvlanMode::L2 {
        keys.ipam.refuse_dhcp(
            "an ipvlan of mode l3 or l3s passes no broadcasts, which DHCP begins with; \
             use mode l2 or another ipam",
        )?;
    }
    Ok(Ipvlan { mode })
}

#[cfg(test)]
mod tests;
