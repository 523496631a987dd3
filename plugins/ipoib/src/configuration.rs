//! The network configuration of this flavour, checked as far as text alone allows.

use plumb_sdk::operations::IpoibMode;
use plumb_sdk::{Error, Ipam, Request, mac, partition_key};
use serde::Deserialize;

/// The keys, as the host passes them: in lower case.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Keys {
    master: String,
    pkey: partition_key::Configured,
    mode: String,
    umcast: Option<bool>,
    mtu: u32,
    ipam: Ipam,
}

/// What the user wants, with defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// Name of the parent.
    pub master: String,
    /// The child's partition; none: the parent's.
    pub partition_key: Option<u16>,
    /// How packets are carried; none: as the parent's.
    pub mode: Option<IpoibMode>,
    /// Whether user space handles multicast joins; none: the kernel's default.
    pub user_multicast: Option<bool>,
    /// MTU in bytes; none: what the kernel chooses.
    pub mtu: Option<u32>,
}

impl Configuration {
    /// Reads the request's configuration.
    ///
    /// Errors: `invalid-configuration`, `unsupported-field` for what InfiniBand cannot have.
    pub fn read(request: &Request) -> Result<Self, Error> {
        let keys: Keys = request.configuration()?;
        keys.ipam.refuse_dhcp_on_infiniband()?;
        mac::pass_over_on_infiniband(request);
        if keys.master.is_empty() {
            return Err(Error::invalid_configuration(
                "\"master\" is missing: name the InfiniBand interface of the node, such as \"ib0\"",
            ));
        }
        Ok(Self {
            master: keys.master,
            partition_key: keys.pkey.key()?,
            mode: parse_mode(&keys.mode)?,
            user_multicast: keys.umcast,
            mtu: (keys.mtu != 0).then_some(keys.mtu),
        })
    }
}

fn parse_mode(text: &str) -> Result<Option<IpoibMode>, Error> {
    match text {
        "" => Ok(None),
        "datagram" => Ok(Some(IpoibMode::Datagram)),
        "connected" => Ok(Some(IpoibMode::Connected)),
        mode => Err(Error::invalid_configuration(format!(
            "unknown ipoib mode {mode:?}: use \"datagram\" or \"connected\""
        ))),
    }
}

#[cfg(test)]
mod tests;
