//! What a component is asked for, before it is put into the words of a version of the contract.

use std::net::IpAddr;

use super::session::LinkHandle;
use crate::attachment::PodIdentity;
use crate::cni::AddRequest;
use crate::facts::LinkFacts;
use crate::{Code, Error, Result};

/// An interface of the previous plugin's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousInterface {
    /// Its name.
    pub name: String,
    /// Whether it lies in the pod.
    pub in_pod: bool,
}

/// A pool that nobody gets an address of here, or a file that may have such pools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusablePool {
    /// Its name, where one can be read.
    pub name: Option<String>,
    /// Whether it is marked as default.
    pub is_default: bool,
    /// Why, and what would be right.
    pub reason: String,
}

/// What is known of the interface that a flavour planned, when an address policy chooses its addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The link of the host that it lies on.
    pub parent: Option<LinkFacts>,
    /// The hardware address that it will have.
    pub hardware_address: Option<Vec<u8>>,
}

/// What the runtime asked for, as components see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `name` of the network configuration.
    pub network: String,
    /// `CNI_CONTAINERID`
    pub container_id: String,
    /// `CNI_IFNAME`
    pub interface_name: String,
    /// The pod, when the runtime reported it.
    pub pod: Option<PodIdentity>,
    /// Name of this node.
    pub node: String,
    /// The network configuration as JSON text, every object key in lower case.
    pub configuration: String,
    /// The hardware address asked for: 6 or 20 bytes.
    pub mac: Option<Vec<u8>>,
    /// The InfiniBand GUID asked for: eight bytes.
    pub infiniband_guid: Option<Vec<u8>>,
    /// The device that the device plugin allotted.
    pub device_id: Option<String>,
    /// The addresses asked for.
    pub requested_addresses: Vec<IpAddr>,
    /// Interfaces of the previous plugin's result, in its order.
    pub previous_interfaces: Vec<PreviousInterface>,
    /// Whether the configuration names an address policy or an IPAM plugin.
    pub has_ipam: bool,
    /// Whether the previous plugin's result carries addresses.
    pub has_previous_addresses: bool,
    /// Pools that are left out of those that an address policy may choose from.
    pub unusable_pools: Vec<UnusablePool>,
    /// Whether the flavour works on interfaces of earlier plugins.
    pub is_chained: bool,
    /// For an address policy: the link that the interface lies on.
    pub parent: Option<LinkHandle>,
    /// For an address policy: the hardware address that the interface will have.
    pub planned_mac: Option<Vec<u8>>,
}

impl Asked {
    /// What an ADD asks for.
    ///
    /// # Errors
    ///
    /// [`Code::INTERNAL`] when the configuration cannot be encoded.
    pub fn of(request: &AddRequest) -> Result<Self> {
        let call = &request.call;
        let previous = request.previous.as_ref();
        let configuration = serde_json::to_string(&call.configuration.lower).map_err(|error| {
            Error::new(
                Code::INTERNAL,
                format!("cannot encode the configuration: {error}"),
            )
        })?;
        Ok(Self {
            network: call.attachment.network.clone(),
            container_id: call.attachment.container_id.clone(),
            interface_name: call.attachment.interface_name.clone(),
            pod: call.pod.clone(),
            node: call.policy.node_name(call.environment.node_name.as_deref()),
            configuration,
            mac: request.mac.clone(),
            infiniband_guid: request.infiniband_guid.clone(),
            device_id: request.device_id.clone(),
            requested_addresses: request.requested_addresses.clone(),
            previous_interfaces: previous
                .iter()
                .flat_map(|previous| &previous.interfaces)
                .map(|interface| PreviousInterface {
                    name: interface.name.clone(),
                    in_pod: !interface.sandbox.is_empty(),
                })
                .collect(),
            has_ipam: call.configuration.ipam().is_some(),
            has_previous_addresses: previous.is_some_and(|previous| !previous.addresses.is_empty()),
            unusable_pools: Vec::new(),
            is_chained: request.is_chained,
            parent: None,
            planned_mac: None,
        })
    }
}
