//! `wit/0.2`, as Rust.

mod flavour {
    #![allow(missing_docs, reason = "the documentation is in wit/0.2")]

    wasmtime::component::bindgen!({
        path: "../wit/0.2",
        world: "plumb:cni/flavour",
        with: {
            "plumb:cni/facts.link": crate::components::session::LinkHandle,
            "plumb:cni/facts.pci-function": crate::components::session::PciHandle,
            "plumb:cni/operations.pod-link": crate::components::session::PodLinkHandle,
            "plumb:cni/operations.macvlan-options": crate::components::session::MacvlanOptions,
            "plumb:cni/operations.ipvlan-options": crate::components::session::IpvlanOptions,
            "plumb:cni/operations.ipoib-options": crate::components::session::IpoibOptions,
            "plumb:cni/operations.vlan-options": crate::components::session::VlanOptions,
            "plumb:cni/operations.veth-options": crate::components::session::VethOptions,
            "plumb:cni/operations.bridge-options": crate::components::session::BridgeOptions,
            "plumb:cni/operations.shared-bridge": crate::components::session::SharedBridgeHandle,
            "plumb:cni/operations.ring-sizes": crate::components::session::RingSizes,
            "plumb:cni/operations.channel-counts": crate::components::session::ChannelCounts,
            "plumb:cni/operations.virtual-function-settings":
                crate::components::session::VirtualFunctionSettings,
            "plumb:cni/requests.request": super::super::requests::RequestHandle,
            "plumb:cni/requests.pod": crate::attachment::PodIdentity,
            "plumb:cni/requests.previous-interface": crate::components::asked::PreviousInterface,
            "plumb:cni/requests.unusable-pool": crate::components::asked::UnusablePool,
            "plumb:cni/routing.addresses": crate::outcome::AddressSource,
            "plumb:cni/routing.route": super::super::routing::RouteDraft,
            "plumb:cni/routing.rule": super::super::routing::RuleDraft,
        },
        imports: { default: trappable },
    });
}

mod address_policy {
    #![allow(missing_docs, reason = "the documentation is in wit/0.2")]

    wasmtime::component::bindgen!({
        path: "../wit/0.2",
        world: "plumb:cni/address-policy",
        with: {
            "plumb:cni/types": super::flavour::plumb::cni::types,
            "plumb:cni/requests": super::flavour::plumb::cni::requests,
            "plumb:cni/routing": super::flavour::plumb::cni::routing,
            "plumb:cni/facts": super::flavour::plumb::cni::facts,
            "plumb:cni/log": super::flavour::plumb::cni::log,
            "plumb:cni/pools.pool": super::super::pools::PoolHandle,
            "plumb:cni/pools.candidate": crate::components::proposal::ProposedCandidate,
            "plumb:cni/pools.proposal": crate::components::proposal::Proposed,
        },
        imports: { default: trappable },
    });
}

pub use address_policy::AddressPolicy;
pub use address_policy::plumb::cni::pools;
pub use flavour::Flavour;
pub use flavour::plumb::cni::{facts, log, operations, requests, routing, types};
