//! The network configuration of this flavour, checked as far as text alone allows.

use std::fmt::Display;
use std::str::FromStr;

use plumb_sdk::prelude::*;
use plumb_sdk::{Ipam, log, mac};

/// The keys.
#[derive(Keys)]
pub struct Written {
    #[keys(name = "type", default)]
    plugin: String,
    /// What is made, where the type does not say it.
    kind: Option<Kind>,
    /// Name of the parent; without it the chain or the default route decides.
    master: Option<String>,
    /// How packets are switched, by the kind.
    mode: Option<String>,
    /// Bytes; 0 is the parent's.
    #[keys(absent_when_zero)]
    mtu: Option<u32>,
    /// The hardware address of a macvlan; a random one by default.
    mac: Option<String>,
    /// Length of a macvlan's queue for broadcasts; 0 is the kernel's.
    #[keys(name = "bcqueuelen", absent_when_zero)]
    broadcast_queue_length: Option<u32>,
    /// Whether the parent is in the pod.
    #[keys(default)]
    link_in_container: bool,
    /// Whether a parent without a usable RDMA device is an error.
    #[keys(name = "requireRDMA", default)]
    require_rdma: bool,
    /// Where addresses come from.
    #[keys(default)]
    ipam: Ipam,
}

#[derive(Clone, Copy, PartialEq, Eq, Keys)]
enum Kind {
    Macvlan,
    Ipvlan,
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
    pub fn read(request: &Request) -> Result<Self> {
        let written: Written = request.keys()?;
        let child = match kind(&written)? {
            Kind::Macvlan => Child::Macvlan(macvlan(&written, request)?),
            Kind::Ipvlan => Child::Ipvlan(ipvlan(&written, request)?),
        };
        Ok(Self {
            master: written.master,
            mtu: written.mtu,
            link_in_container: written.link_in_container,
            require_rdma: written.require_rdma,
            child,
        })
    }
}

/// The types `macvlan` and `ipvlan` are the names of the plugins that this one replaces;
/// under any other type the key `kind` decides.
fn kind(written: &Written) -> Result<Kind> {
    let by_type = match written.plugin.as_str() {
        "macvlan" => Some(Kind::Macvlan),
        "ipvlan" => Some(Kind::Ipvlan),
        _ => None,
    };
    match (by_type, written.kind) {
        (Some(by_type), Some(by_kind)) if by_type != by_kind => {
            Err(Error::invalid_configuration(format!(
                "kind {:?} contradicts type {:?}: leave out \"kind\"",
                match by_kind {
                    Kind::Macvlan => "macvlan",
                    Kind::Ipvlan => "ipvlan",
                },
                written.plugin
            )))
        }
        (by_type, by_kind) => Ok(by_type.or(by_kind).unwrap_or(Kind::Macvlan)),
    }
}

fn macvlan(written: &Written, request: &Request) -> Result<Macvlan> {
    Ok(Macvlan {
        mode: mode(written)?.unwrap_or_default(),
        mac: mac::requested(request, written.mac.as_deref().map(mac::parse).transpose()?)?,
        broadcast_queue_length: written.broadcast_queue_length,
    })
}

fn ipvlan(written: &Written, request: &Request) -> Result<Ipvlan> {
    // The plugin that this one replaces has never read them.
    let mac = request.mac().map(|address| address.to_string());
    if let Some(mac) = mac.or_else(|| written.mac.clone()) {
        log::warning(format!(
            "\"mac\" {mac} is passed over: an ipvlan has the hardware address of its parent; a macvlan would have it"
        ));
    }
    if let Some(length) = written.broadcast_queue_length {
        log::warning(format!(
            "\"bcqueuelen\" {length} is passed over: an ipvlan has no queue for broadcasts"
        ));
    }
    let mode = mode(written)?.unwrap_or_default();
    if mode != IpvlanMode::L2 {
        written.ipam.refuse_dhcp(
            "an ipvlan of mode l3 or l3s passes no broadcasts, which DHCP begins with; \
             use mode l2 or another ipam",
        )?;
    }
    Ok(Ipvlan { mode })
}

/// Its words depend on the kind.
fn mode<T: FromStr<Err: Display>>(written: &Written) -> Result<Option<T>> {
    let mode = written.mode.as_deref().map(str::parse).transpose();
    mode.map_err(|error| Error::invalid_configuration(format!("unknown mode: {error}")))
}

#[cfg(test)]
mod tests;
