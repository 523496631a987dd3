//! Values of 0.1 from and to the host's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;

use super::bindings::types;
use crate::components::asked::Asked;
use crate::components::refusal::{Reason, Refusal};
use crate::components::session::network_of;
use crate::routing::{Destination, RouteTemplate};

/// What a component is asked for.
pub(super) fn to_request(asked: &Asked) -> types::Request {
    types::Request {
        network: asked.network.clone(),
        container_id: asked.container_id.clone(),
        interface_name: asked.interface_name.clone(),
        pod: asked.pod.as_ref().map(|pod| types::Pod {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
            uid: pod.uid.clone(),
        }),
        node: asked.node.clone(),
        configuration: asked.configuration.clone(),
        mac: asked.mac.clone(),
        infiniband_guid: asked.infiniband_guid.clone(),
        device_id: asked.device_id.clone(),
        requested_addresses: asked
            .requested_addresses
            .iter()
            .copied()
            .map(to_address)
            .collect(),
        previous_interfaces: asked
            .previous_interfaces
            .iter()
            .map(|interface| types::PreviousInterface {
                name: interface.name.clone(),
                in_pod: interface.in_pod,
            })
            .collect(),
        has_ipam: asked.has_ipam,
        has_previous_addresses: asked.has_previous_addresses,
    }
}

/// An address of the contract.
pub(super) fn address(address: types::IpAddress) -> IpAddr {
    match address {
        types::IpAddress::Ipv4((a, b, c, d)) => IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
        types::IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => {
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h))
        }
    }
}

/// An address for the contract.
pub(super) fn to_address(address: IpAddr) -> types::IpAddress {
    match address {
        IpAddr::V4(address) => types::IpAddress::Ipv4(address.octets().into()),
        IpAddr::V6(address) => types::IpAddress::Ipv6(address.segments().into()),
    }
}

/// A network of the contract; its prefix may be out of range.
pub(super) fn network(network: types::IpNetwork) -> Result<IpNetwork, Refusal> {
    network_of(address(network.address), network.prefix_length)
}

/// A network for the contract.
pub(super) fn to_network(network: IpNetwork) -> types::IpNetwork {
    types::IpNetwork {
        address: to_address(network.ip()),
        prefix_length: network.prefix(),
    }
}

/// A route of the contract.
pub(super) fn route(route: types::Route) -> Result<RouteTemplate, Refusal> {
    let destination = network(route.destination)?;
    Ok(RouteTemplate {
        gateway: route.gateway.map(address),
        mtu: route.mtu,
        advertised_mss: route.advertised_mss,
        priority: route.priority,
        table: route.table,
        scope: route.scope,
        ..RouteTemplate::new(Destination::Network(destination))
    })
}

impl From<Refusal> for types::Error {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: match refusal.reason {
                Reason::InvalidConfiguration => types::ErrorCode::InvalidConfiguration,
                Reason::UnsupportedField => types::ErrorCode::UnsupportedField,
                Reason::InvalidEnvironment => types::ErrorCode::InvalidEnvironment,
                Reason::TryAgainLater => types::ErrorCode::TryAgainLater,
                Reason::NotAvailable => types::ErrorCode::NotAvailable,
                Reason::NotFound => types::ErrorCode::NotFound,
                Reason::Denied => types::ErrorCode::Denied,
                Reason::UnsupportedOperation => types::ErrorCode::UnsupportedOperation,
                Reason::Other(code) => types::ErrorCode::Other(code),
            },
            message: refusal.message,
            details: refusal.details,
        }
    }
}

impl From<types::Error> for Refusal {
    fn from(error: types::Error) -> Self {
        Self {
            reason: match error.code {
                types::ErrorCode::InvalidConfiguration => Reason::InvalidConfiguration,
                types::ErrorCode::UnsupportedField => Reason::UnsupportedField,
                types::ErrorCode::InvalidEnvironment => Reason::InvalidEnvironment,
                types::ErrorCode::TryAgainLater => Reason::TryAgainLater,
                types::ErrorCode::NotAvailable => Reason::NotAvailable,
                types::ErrorCode::NotFound => Reason::NotFound,
                types::ErrorCode::Denied => Reason::Denied,
                types::ErrorCode::UnsupportedOperation => Reason::UnsupportedOperation,
                types::ErrorCode::Other(code) => Reason::Other(code),
            },
            message: error.message,
            details: error.details,
        }
    }
}
