//! The network configuration of this flavour, checked as far as text alone allows.

use plumb_sdk::isolation::Isolation;
use plumb_sdk::operations::{VirtualFunctionLinkState, VirtualFunctionSettings};
use plumb_sdk::{Arguments, Error, Guid, Ipam, Request, guid, link_state, mac, partition_key};
use serde::Deserialize;

/// The keys, as the host passes them: in lower case.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Keys {
    guid: String,
    pkey: partition_key::Configured,
    link_state: String,
    mtu: u32,
    ibkubernetesenabled: bool,
    vfiopcimode: bool,
    ipam: Ipam,
    args: Arguments<OfPod>,
}

/// What ib-kubernetes writes into the pod's annotation, from where Multus takes it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct OfPod {
    #[serde(rename = "mellanox.infiniband.app")]
    state: String,
}

/// What the user wants, with defaults filled in.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// The GUID that the port gets; none: it keeps its own.
    pub guid: Option<Guid>,
    /// The partition that ib-kubernetes is to have the port in.
    pub partition_key: partition_key::Configured,
    /// Whether the function has carrier; none: as it is.
    pub link_state: Option<VirtualFunctionLinkState>,
    /// MTU in bytes; none: as it is.
    pub mtu: Option<u32>,
    /// Whether the RDMA device goes along.
    pub isolation: Option<Isolation>,
    /// Whether ib-kubernetes gives GUIDs and partitions to the pods of this network.
    pub ib_kubernetes: bool,
    /// What ib-kubernetes says about this pod: `configured` when it is done; else empty.
    pub ib_kubernetes_state: String,
    /// Whether the function must be bound to `vfio-pci`.
    pub vfio: bool,
}

impl Configuration {
    /// Reads the request's configuration.
    ///
    /// Errors: `invalid-configuration`, `unsupported-field` for what InfiniBand cannot have.
    pub fn read(request: &Request) -> Result<Self, Error> {
        let keys: Keys = request.configuration()?;
        keys.ipam.refuse_dhcp_on_infiniband()?;
        mac::pass_over_on_infiniband(request);
        Ok(Self {
            guid: guid::requested(request, &keys.guid)?,
            partition_key: keys.pkey,
            link_state: link_state::parse(&keys.link_state)?,
            mtu: (keys.mtu != 0).then_some(keys.mtu),
            isolation: Isolation::read(request)?,
            ib_kubernetes: keys.ibkubernetesenabled,
            ib_kubernetes_state: keys.args.cni.state,
            vfio: keys.vfiopcimode,
        })
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
