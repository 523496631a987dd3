//! The interface `facts` of 0.2.

use wasmtime::component::Resource;

use super::Answer;
use super::bindings::facts::{Host, HostLink, HostPciFunction, Place};
use super::bindings::types::{HardwareAddress, IpNetwork, PciAddress};
use super::routing::RouteDraft;
use super::values::{pci_address, to_hardware_address_of, to_network, to_pci_address};
use crate::components::session::{LinkHandle, PciHandle, Session};
use crate::facts;
use crate::kernel::rdma::NamespaceMode;

impl From<Place> for facts::Place {
    fn from(place: Place) -> Self {
        match place {
            Place::Host => Self::Host,
            Place::Pod => Self::Pod,
        }
    }
}

impl Host for Session {
    fn get_link(&mut self, at: Place, name: String) -> Answer<Resource<LinkHandle>> {
        self.count_call()?;
        let link = self.link(at.into(), &name);
        self.hand_over(link)
    }

    fn get_default_route_link(&mut self, at: Place) -> Answer<Resource<LinkHandle>> {
        self.count_call()?;
        let link = self.default_route_link(at.into());
        self.hand_over(link)
    }

    fn get_pod_links(&mut self) -> Answer<Vec<Resource<LinkHandle>>> {
        self.count_call()?;
        let links = self.pod_links();
        self.hand_over_all(links)
    }

    fn get_pci_function(&mut self, address: PciAddress) -> Answer<Resource<PciHandle>> {
        self.count_call()?;
        let function = self.pci_function(&pci_address(address));
        self.hand_over(function)
    }

    fn get_auxiliary_function(&mut self, name: String) -> Answer<Resource<PciHandle>> {
        self.count_call()?;
        let function = self.auxiliary_function(&name);
        self.hand_over(function)
    }

    fn get_rdma_namespace_mode(&mut self) -> Answer<String> {
        self.count_call()?;
        let mode = self.rdma_namespace_mode().map(|mode| match mode {
            NamespaceMode::Shared => "shared",
            NamespaceMode::Exclusive => "exclusive",
            NamespaceMode::None => "none",
        });
        Ok(mode.map(str::to_owned).map_err(Into::into))
    }
}

impl HostLink for Session {
    fn name(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<String> {
        Ok(self.table.get(&link)?.facts.name.clone())
    }

    fn index(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&link)?.facts.index)
    }

    fn alternative_names(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&link)?.facts.alternative_names.clone())
    }

    fn hardware_type(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<u16> {
        Ok(self.table.get(&link)?.facts.hardware_type)
    }

    fn kind(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&link)?.facts.kind.clone())
    }

    fn mac(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<HardwareAddress> {
        Ok(to_hardware_address_of(&self.table.get(&link)?.facts.mac))
    }

    fn mtu(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&link)?.facts.mtu)
    }

    fn is_up(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&link)?.facts.up)
    }

    fn has_carrier(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&link)?.facts.carrier)
    }

    fn pci_address(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<Option<PciAddress>> {
        let address = self.table.get(&link)?.facts.pci.as_deref();
        Ok(address.and_then(to_pci_address))
    }

    fn rdma_devices(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&link)?.facts.rdma_devices.clone())
    }

    fn partition_keys(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<Vec<u16>> {
        Ok(self.table.get(&link)?.facts.partition_keys.clone())
    }

    fn numa_node(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<Option<u32>> {
        self.count_call()?;
        let link = self.table.get(&link)?.clone();
        Ok(self.read_numa_node(&link).unwrap_or_default())
    }

    fn speed(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<Option<u32>> {
        self.count_call()?;
        let link = self.table.get(&link)?.clone();
        Ok(self.read_speed(&link).unwrap_or_default())
    }

    fn addresses(&mut self, link: Resource<LinkHandle>) -> Answer<Vec<IpNetwork>> {
        self.count_call()?;
        let link = self.table.get(&link)?.clone();
        let addresses = self.read_addresses(&link);
        Ok(addresses
            .map(|addresses| addresses.into_iter().map(to_network).collect())
            .map_err(Into::into))
    }

    fn routes(&mut self, link: Resource<LinkHandle>) -> Answer<Vec<Resource<RouteDraft>>> {
        self.count_call()?;
        let link = self.table.get(&link)?.clone();
        let routes = self.read_routes(&link);
        let routes = routes.map(|routes| {
            let drafts = routes.into_iter().map(|route| RouteDraft(Ok(route)));
            drafts.collect()
        });
        self.hand_over_all(routes)
    }

    fn drop(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<()> {
        self.table.delete(link)?;
        Ok(())
    }
}

impl HostPciFunction for Session {
    fn address(&mut self, function: Resource<PciHandle>) -> wasmtime::Result<PciAddress> {
        let facts = &self.table.get(&function)?.facts;
        // An auxiliary device that is a part of no PCI function is given to nobody.
        let address = facts.part_of.as_ref().unwrap_or(&facts.address);
        to_pci_address(address)
            .ok_or_else(|| wasmtime::Error::msg(format!("{address:?} is no PCI address")))
    }

    fn auxiliary_name(
        &mut self,
        function: Resource<PciHandle>,
    ) -> wasmtime::Result<Option<String>> {
        let facts = &self.table.get(&function)?.facts;
        Ok(facts.part_of.is_some().then(|| facts.address.clone()))
    }

    fn driver(&mut self, function: Resource<PciHandle>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&function)?.facts.driver.clone())
    }

    fn parent(&mut self, function: Resource<PciHandle>) -> wasmtime::Result<Option<PciAddress>> {
        let facts = &self.table.get(&function)?.facts;
        let parent = facts.virtual_function.as_ref();
        Ok(parent.and_then(|function| to_pci_address(&function.parent)))
    }

    fn number(&mut self, function: Resource<PciHandle>) -> wasmtime::Result<Option<u32>> {
        let facts = &self.table.get(&function)?.facts;
        Ok(facts
            .virtual_function
            .as_ref()
            .map(|function| function.index))
    }

    fn links(
        &mut self,
        function: Resource<PciHandle>,
    ) -> wasmtime::Result<Vec<Resource<LinkHandle>>> {
        let links = self.table.get(&function)?.links.clone();
        let handles = links.into_iter().map(|link| Ok(self.table.push(link)?));
        handles.collect()
    }

    fn rdma_devices(&mut self, function: Resource<PciHandle>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&function)?.facts.rdma_devices.clone())
    }

    fn parent_link(
        &mut self,
        function: Resource<PciHandle>,
    ) -> wasmtime::Result<Option<Resource<LinkHandle>>> {
        let link = self.table.get(&function)?.parent_link.clone();
        link.map(|link| Ok(self.table.push(link)?)).transpose()
    }

    fn numa_node(&mut self, function: Resource<PciHandle>) -> wasmtime::Result<Option<u32>> {
        Ok(self.table.get(&function)?.facts.numa_node)
    }

    fn drop(&mut self, function: Resource<PciHandle>) -> wasmtime::Result<()> {
        self.table.delete(function)?;
        Ok(())
    }
}
