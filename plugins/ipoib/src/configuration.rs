//! The keys of this flavour, checked as far as text alone allows.

use plumb_sdk::operations::IpoibMode;
use plumb_sdk::prelude::*;
use plumb_sdk::{Ipam, mac, partition_key};

/// What the user wants.
#[derive(Debug, Clone, PartialEq, Eq, Keys)]
pub struct Configuration {
    /// Name of the InfiniBand interface of the node, such as "ib0".
    pub master: String,
    /// The child's partition; the parent's by default.
    #[keys(name = "pkey", default)]
    pub partition_key: partition_key::Configured,
    /// How packets are carried; as the parent's by default.
    pub mode: Option<IpoibMode>,
    /// Whether user space handles multicast joins; the kernel's choice by default.
    #[keys(name = "umcast")]
    pub user_multicast: Option<bool>,
    /// Bytes; 0 is what the kernel chooses.
    #[keys(absent_when_zero)]
    pub mtu: Option<u32>,
    /// Where addresses come from.
    #[keys(default)]
    pub ipam: Ipam,
}

impl Configuration {
    /// Reads the request's configuration.
    ///
    /// Errors: `invalid-configuration`, `unsupported-field` for what InfiniBand cannot have.
    pub fn read(request: &Request) -> Result<Self> {
        let configuration: Self = request.keys()?;
        configuration.ipam.refuse_dhcp_on_infiniband()?;
        mac::pass_over_on_infiniband(request);
        configuration.partition_key.key()?;
        Ok(configuration)
    }
}

#[cfg(test)]
mod tests;
