//! What the runtime asked for.

use std::net::IpAddr;

use plumb_values::{Guid, HardwareAddress};
use serde::de::DeserializeOwned;

use crate::contract::requests;
use crate::facts::Link;
use crate::keys::{OfPolicy, Value};
use crate::operations::configured_addresses;
use crate::routing::Addresses;
use crate::{Error, json, keys};

/// What the runtime asked for, checked and typed by the host.
#[derive(Debug)]
#[repr(transparent)]
pub struct Request(pub(crate) requests::Request);

impl Request {
    /// What the host lends for a call.
    #[cfg(target_family = "wasm")]
    pub(crate) fn of(request: &requests::Request) -> &Self {
        let request: *const requests::Request = request;
        // SAFETY: the layout is that of the only field, and the lifetime that of the argument.
        unsafe { &*request.cast::<Self>() }
    }

    /// `name` of the network configuration.
    pub fn network(&self) -> String {
        self.0.network()
    }

    /// `CNI_CONTAINERID`.
    pub fn container_id(&self) -> String {
        self.0.container_id()
    }

    /// `CNI_IFNAME`: the name that the interface must have in the pod.
    pub fn interface_name(&self) -> String {
        self.0.interface_name()
    }

    /// The pod that asks, when the runtime reported it (`K8S_POD_*` in `CNI_ARGS`).
    pub fn pod(&self) -> Option<Pod> {
        self.0.pod().map(Pod)
    }

    /// Name of this node.
    pub fn node(&self) -> String {
        self.0.node()
    }

    /// The network configuration as a type that serde reads. Keys are in **lower case**,
    /// however the user wrote them; keys that the type does not have are left alone,
    /// because other plugins of the chain may own them.
    ///
    /// Errors: `invalid-configuration`, naming the key, the value and what would be right.
    pub fn configuration<T: DeserializeOwned>(&self) -> Result<T, Error> {
        json::read(&self.0.configuration()).map_err(json::Error::of_configuration)
    }

    /// The network configuration as a type with `#[derive(Keys)]`: see [`keys`](crate::keys).
    ///
    /// Errors: `invalid-configuration`, naming the key, the value and what would be right; what looking an
    /// interface up says, for a [`HostLink`](crate::keys::HostLink).
    pub fn keys<T: Value>(&self) -> Result<T, Error> {
        keys::read(&self.0.configuration()).map_err(json::Error::of_configuration)
    }

    /// The object `ipam` of the network configuration, which has the keys of an address policy; without it an
    /// empty one.
    ///
    /// Errors: those of [`Self::keys`].
    pub fn policy_keys<T: Value>(&self) -> Result<T, Error> {
        Ok(self.keys::<OfPolicy<T>>()?.0)
    }

    /// The hardware address asked for by `runtimeConfig.mac`, else by `MAC` in `CNI_ARGS`. The
    /// configuration's own `mac` is not folded in; see [`mac::requested`](crate::mac::requested).
    pub fn mac(&self) -> Option<HardwareAddress> {
        self.0.mac().map(Into::into)
    }

    /// `runtimeConfig.infinibandGUID`, else `args.cni.guid`; see
    /// [`guid::requested`](crate::guid::requested).
    pub fn infiniband_guid(&self) -> Option<Guid> {
        self.0.infiniband_guid().map(Into::into)
    }

    /// The device that the device plugin allotted: `deviceID` of the configuration or of
    /// `runtimeConfig`. Not always a PCI address; see
    /// [`PciFunction::allotted`](crate::facts::PciFunction::allotted).
    pub fn device_id(&self) -> Option<String> {
        self.0.device_id()
    }

    /// Addresses asked for by `runtimeConfig.ips` or `args.cni.ips`, else by `IP` in
    /// `CNI_ARGS`.
    pub fn requested_addresses(&self) -> Vec<IpAddr> {
        let addresses = self.0.requested_addresses();
        addresses.into_iter().map(Into::into).collect()
    }

    /// Interfaces of the previous plugin's result, in its order; empty when this plugin is the
    /// first of its chain.
    pub fn previous_interfaces(&self) -> Vec<PreviousInterface> {
        let interfaces = self.0.previous_interfaces();
        interfaces.into_iter().map(PreviousInterface).collect()
    }

    /// Whether the configuration names an address policy or an IPAM plugin.
    pub fn has_ipam(&self) -> bool {
        self.0.has_ipam()
    }

    /// Whether the previous plugin's result carries addresses.
    pub fn has_previous_addresses(&self) -> bool {
        self.0.has_previous_addresses()
    }

    /// For an address policy: the link of the node that the interface will lie on, which is the
    /// parent of a child, or the link of the physical function. None for a flavour, for an
    /// interface that lies on no link of the node, for a link that the node's policy does not give to
    /// networks, and for that of the node's default route, which a vendor's policy is shown only where
    /// the configuration names it.
    pub fn parent(&self) -> Option<Link> {
        self.0.parent().map(Link)
    }

    /// For an address policy: the hardware address that the interface will have, as far as the
    /// flavour's plan says so; none for one that is random or in the pod's hands. What was asked for is
    /// [`mac`](Self::mac).
    pub fn planned_mac(&self) -> Option<HardwareAddress> {
        self.0.planned_mac().map(Into::into)
    }

    /// For an address policy: the pools that the host has left out of those that it passes, because they cannot be
    /// honoured or are for other networks.
    pub fn unusable_pools(&self) -> Vec<UnusablePool> {
        let pools = self.0.unusable_pools();
        pools.into_iter().map(UnusablePool).collect()
    }

    /// The addresses that the configuration's `ipam` gives; none: it has no `ipam`.
    ///
    /// Errors: those of [`configured_addresses`].
    pub fn configured_addresses(&self) -> Result<Option<Addresses>, Error> {
        self.has_ipam().then(configured_addresses).transpose()
    }
}

/// The pod that asks.
#[derive(Debug)]
pub struct Pod(requests::Pod);

impl Pod {
    /// Its namespace in Kubernetes.
    pub fn namespace(&self) -> String {
        self.0.namespace()
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.0.name()
    }

    /// Empty when the runtime did not say.
    pub fn uid(&self) -> String {
        self.0.uid()
    }
}

/// One interface of an earlier plugin's result (`prevResult`).
#[derive(Debug)]
pub struct PreviousInterface(requests::PreviousInterface);

impl PreviousInterface {
    /// Its name.
    pub fn name(&self) -> String {
        self.0.name()
    }

    /// Whether it is in the pod (`sandbox` is not empty).
    pub fn is_in_pod(&self) -> bool {
        self.0.is_in_pod()
    }
}

/// A pool that the host lets nobody have an address of here, or a file that may have such pools.
#[derive(Debug)]
pub struct UnusablePool(requests::UnusablePool);

impl UnusablePool {
    /// Its name, where one can be read.
    pub fn name(&self) -> Option<String> {
        self.0.name()
    }

    /// Whether it is marked as default.
    pub fn is_default(&self) -> bool {
        self.0.is_default()
    }

    /// Why, and what would be right: one sentence.
    pub fn reason(&self) -> String {
        self.0.reason()
    }
}
