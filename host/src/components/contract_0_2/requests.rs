//! The interface `requests` of 0.2: what the runtime asked for.

use std::sync::Arc;

use wasmtime::component::Resource;

use super::bindings::requests::{
    Host, HostPod, HostPreviousInterface, HostRequest, HostUnusablePool,
};
use super::bindings::types::{Guid, HardwareAddress, IpAddress};
use super::values::{to_address, to_guid, to_hardware_address};
use crate::attachment::PodIdentity;
use crate::components::asked::{Asked, PreviousInterface, UnusablePool};
use crate::components::session::{LinkHandle, Session};

/// What the host keeps for a `request` handle.
pub struct RequestHandle(pub(super) Arc<Asked>);

impl Session {
    fn request(&self, request: &Resource<RequestHandle>) -> wasmtime::Result<&Asked> {
        Ok(&self.table.get(request)?.0)
    }
}

impl Host for Session {}

impl HostRequest for Session {
    fn network(&mut self, request: Resource<RequestHandle>) -> wasmtime::Result<String> {
        Ok(self.request(&request)?.network.clone())
    }

    fn container_id(&mut self, request: Resource<RequestHandle>) -> wasmtime::Result<String> {
        Ok(self.request(&request)?.container_id.clone())
    }

    fn interface_name(&mut self, request: Resource<RequestHandle>) -> wasmtime::Result<String> {
        Ok(self.request(&request)?.interface_name.clone())
    }

    fn pod(
        &mut self,
        request: Resource<RequestHandle>,
    ) -> wasmtime::Result<Option<Resource<PodIdentity>>> {
        let pod = self.request(&request)?.pod.clone();
        pod.map(|pod| Ok(self.table.push(pod)?)).transpose()
    }

    fn node(&mut self, request: Resource<RequestHandle>) -> wasmtime::Result<String> {
        Ok(self.request(&request)?.node.clone())
    }

    fn configuration(&mut self, request: Resource<RequestHandle>) -> wasmtime::Result<String> {
        Ok(self.request(&request)?.configuration.clone())
    }

    fn mac(
        &mut self,
        request: Resource<RequestHandle>,
    ) -> wasmtime::Result<Option<HardwareAddress>> {
        let mac = self.request(&request)?.mac.as_deref();
        Ok(mac.map(to_hardware_address))
    }

    fn infiniband_guid(
        &mut self,
        request: Resource<RequestHandle>,
    ) -> wasmtime::Result<Option<Guid>> {
        let guid = self.request(&request)?.infiniband_guid.as_deref();
        Ok(guid.and_then(to_guid))
    }

    fn device_id(&mut self, request: Resource<RequestHandle>) -> wasmtime::Result<Option<String>> {
        Ok(self.request(&request)?.device_id.clone())
    }

    fn requested_addresses(
        &mut self,
        request: Resource<RequestHandle>,
    ) -> wasmtime::Result<Vec<IpAddress>> {
        let addresses = self.request(&request)?.requested_addresses.iter();
        Ok(addresses.copied().map(to_address).collect())
    }

    fn previous_interfaces(
        &mut self,
        request: Resource<RequestHandle>,
    ) -> wasmtime::Result<Vec<Resource<PreviousInterface>>> {
        let interfaces = self.request(&request)?.previous_interfaces.clone();
        let handles = interfaces.into_iter().map(|one| Ok(self.table.push(one)?));
        handles.collect()
    }

    fn has_ipam(&mut self, request: Resource<RequestHandle>) -> wasmtime::Result<bool> {
        Ok(self.request(&request)?.has_ipam)
    }

    fn has_previous_addresses(
        &mut self,
        request: Resource<RequestHandle>,
    ) -> wasmtime::Result<bool> {
        Ok(self.request(&request)?.has_previous_addresses)
    }

    fn parent(
        &mut self,
        request: Resource<RequestHandle>,
    ) -> wasmtime::Result<Option<Resource<LinkHandle>>> {
        let parent = self.request(&request)?.parent.clone();
        parent.map(|link| Ok(self.table.push(link)?)).transpose()
    }

    fn planned_mac(
        &mut self,
        request: Resource<RequestHandle>,
    ) -> wasmtime::Result<Option<HardwareAddress>> {
        let mac = self.request(&request)?.planned_mac.as_deref();
        Ok(mac.map(to_hardware_address))
    }

    fn unusable_pools(
        &mut self,
        request: Resource<RequestHandle>,
    ) -> wasmtime::Result<Vec<Resource<UnusablePool>>> {
        let pools = self.request(&request)?.unusable_pools.clone();
        let handles = pools.into_iter().map(|one| Ok(self.table.push(one)?));
        handles.collect()
    }

    fn drop(&mut self, request: Resource<RequestHandle>) -> wasmtime::Result<()> {
        self.table.delete(request)?;
        Ok(())
    }
}

impl HostPod for Session {
    fn namespace(&mut self, pod: Resource<PodIdentity>) -> wasmtime::Result<String> {
        Ok(self.table.get(&pod)?.namespace.clone())
    }

    fn name(&mut self, pod: Resource<PodIdentity>) -> wasmtime::Result<String> {
        Ok(self.table.get(&pod)?.name.clone())
    }

    fn uid(&mut self, pod: Resource<PodIdentity>) -> wasmtime::Result<String> {
        Ok(self.table.get(&pod)?.uid.clone())
    }

    fn drop(&mut self, pod: Resource<PodIdentity>) -> wasmtime::Result<()> {
        self.table.delete(pod)?;
        Ok(())
    }
}

impl HostPreviousInterface for Session {
    fn name(&mut self, interface: Resource<PreviousInterface>) -> wasmtime::Result<String> {
        Ok(self.table.get(&interface)?.name.clone())
    }

    fn is_in_pod(&mut self, interface: Resource<PreviousInterface>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&interface)?.in_pod)
    }

    fn drop(&mut self, interface: Resource<PreviousInterface>) -> wasmtime::Result<()> {
        self.table.delete(interface)?;
        Ok(())
    }
}

impl HostUnusablePool for Session {
    fn name(&mut self, pool: Resource<UnusablePool>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&pool)?.name.clone())
    }

    fn is_default(&mut self, pool: Resource<UnusablePool>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&pool)?.is_default)
    }

    fn reason(&mut self, pool: Resource<UnusablePool>) -> wasmtime::Result<String> {
        Ok(self.table.get(&pool)?.reason.clone())
    }

    fn drop(&mut self, pool: Resource<UnusablePool>) -> wasmtime::Result<()> {
        self.table.delete(pool)?;
        Ok(())
    }
}
