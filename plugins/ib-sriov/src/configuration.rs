//! The keys of this flavour, checked as far as text alone allows.

use plumb_sdk::operations::{VirtualFunctionLinkState, VirtualFunctionSettings};
use plumb_sdk::prelude::*;
use plumb_sdk::{Arguments, Ipam, guid, isolation, mac, partition_key};

/// What the user wants.
#[derive(Debug, Clone, Keys)]
pub struct Configuration {
    /// The GUID that the port gets; its own by default.
    pub guid: Option<Guid>,
    /// The partition that ib-kubernetes is to have the port in.
    #[keys(name = "pkey", default)]
    pub partition_key: partition_key::Configured,
    /// Whether the function has carrier; as it is by default.
    #[keys(name = "link_state")]
    pub link_state: Option<VirtualFunctionLinkState>,
    /// Bytes; 0 is as it is.
    #[keys(absent_when_zero)]
    pub mtu: Option<u32>,
    /// Whether the RDMA device goes along.
    #[keys(flatten)]
    pub isolation: isolation::Wanted,
    /// Whether ib-kubernetes gives GUIDs and partitions to the pods of this network.
    #[keys(name = "ibKubernetesEnabled", default)]
    pub ib_kubernetes: bool,
    /// Whether the function must be bound to vfio-pci.
    #[keys(name = "vfioPciMode", default)]
    pub vfio: bool,
    /// Where addresses come from.
    #[keys(default)]
    pub ipam: Ipam,
    /// What is asked for this pod.
    #[keys(default)]
    pub args: Arguments<OfPod>,
}

/// What ib-kubernetes writes into the pod's annotation, from where Multus takes it.
#[derive(Debug, Default, Clone, Keys)]
pub struct OfPod {
    /// "configured" when it is done.
    #[keys(name = "mellanox.infiniband.app", default)]
    pub state: String,
}

impl Configuration {
    /// Reads the request's configuration.
    ///
    /// Errors: `invalid-configuration`, `unsupported-field` for what InfiniBand cannot have.
    pub fn read(request: &Request) -> Result<Self> {
        let written: Self = request.keys()?;
        written.ipam.refuse_dhcp_on_infiniband()?;
        mac::pass_over_on_infiniband(request);
        let guid = guid::requested(request, written.guid)?;
        Ok(Self { guid, ..written })
    }

    /// What the physical function holds.
    pub fn settings(&self) -> VirtualFunctionSettings {
        VirtualFunctionSettings {
            link_state: self.link_state,
            guid: self.guid,
            ..Default::default()
        }
    }
}

#[cfg(test)]
mod tests;
