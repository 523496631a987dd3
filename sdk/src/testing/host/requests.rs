//! The interface `requests`.

use std::net::IpAddr;

use plumb_values::{Guid, HardwareAddress};

use super::facts::Link;
use crate::bindings::flavour::plumb::cni::facts::Place;
use crate::bindings::flavour::plumb::cni::types;
use crate::testing::LinkFacts;

#[derive(Debug, Clone)]
pub struct Request {
    pub(crate) network: String,
    pub(crate) pod: Option<Pod>,
    pub(crate) configuration: String,
    pub(crate) mac: Option<HardwareAddress>,
    pub(crate) infiniband_guid: Option<Guid>,
    pub(crate) device_id: Option<String>,
    pub(crate) requested_addresses: Vec<IpAddr>,
    pub(crate) previous_interfaces: Vec<PreviousInterface>,
    pub(crate) has_ipam: bool,
    pub(crate) has_previous_addresses: bool,
    pub(crate) unusable_pools: Vec<UnusablePool>,
    pub(crate) parent: Option<LinkFacts>,
    pub(crate) planned_mac: Option<HardwareAddress>,
}

impl Request {
    pub fn network(&self) -> String {
        self.network.clone()
    }

    pub fn container_id(&self) -> String {
        "3f5a".to_owned()
    }

    pub fn interface_name(&self) -> String {
        "net1".to_owned()
    }

    pub fn pod(&self) -> Option<Pod> {
        self.pod.clone()
    }

    pub fn node(&self) -> String {
        "node-1".to_owned()
    }

    pub fn configuration(&self) -> String {
        self.configuration.clone()
    }

    pub fn mac(&self) -> Option<types::HardwareAddress> {
        self.mac.as_ref().map(Into::into)
    }

    pub fn infiniband_guid(&self) -> Option<types::Guid> {
        self.infiniband_guid.map(Into::into)
    }

    pub fn device_id(&self) -> Option<String> {
        self.device_id.clone()
    }

    pub fn requested_addresses(&self) -> Vec<types::IpAddress> {
        let addresses = self.requested_addresses.iter();
        addresses.map(|address| (*address).into()).collect()
    }

    pub fn previous_interfaces(&self) -> Vec<PreviousInterface> {
        self.previous_interfaces.clone()
    }

    pub fn has_ipam(&self) -> bool {
        self.has_ipam
    }

    pub fn has_previous_addresses(&self) -> bool {
        self.has_previous_addresses
    }

    pub fn parent(&self) -> Option<Link> {
        let facts = self.parent.clone();
        facts.map(|facts| Link {
            place: Place::Host,
            facts,
        })
    }

    pub fn planned_mac(&self) -> Option<types::HardwareAddress> {
        self.planned_mac.as_ref().map(Into::into)
    }

    pub fn unusable_pools(&self) -> Vec<UnusablePool> {
        self.unusable_pools.clone()
    }
}

#[derive(Debug, Clone)]
pub struct Pod {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Pod {
    pub fn namespace(&self) -> String {
        self.namespace.clone()
    }

    pub fn name(&self) -> String {
        self.name.clone()
    }

    pub fn uid(&self) -> String {
        String::new()
    }
}

#[derive(Debug, Clone)]
pub struct PreviousInterface {
    pub(crate) name: String,
    pub(crate) is_in_pod: bool,
}

impl PreviousInterface {
    pub fn name(&self) -> String {
        self.name.clone()
    }

    pub fn is_in_pod(&self) -> bool {
        self.is_in_pod
    }
}

#[derive(Debug, Clone)]
pub struct UnusablePool {
    pub(crate) name: Option<String>,
    pub(crate) is_default: bool,
    pub(crate) reason: String,
}

impl UnusablePool {
    pub fn name(&self) -> Option<String> {
        self.name.clone()
    }

    pub fn is_default(&self) -> bool {
        self.is_default
    }

    pub fn reason(&self) -> String {
        self.reason.clone()
    }
}
