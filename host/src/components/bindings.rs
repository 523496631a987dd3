//! The contract in `wit/`, as Rust.

mod flavour {
    #![allow(missing_docs, reason = "the documentation is in wit/")]

    wasmtime::component::bindgen!({
        path: "../wit/0.1",
        world: "plumb:cni/flavour",
        with: {
            "plumb:cni/facts.link": super::super::session::LinkHandle,
            "plumb:cni/facts.pci-function": super::super::session::PciHandle,
            "plumb:cni/operations.pod-link": super::super::session::PodLinkHandle,
        },
        imports: { default: trappable },
    });
}

mod address_policy {
    #![allow(missing_docs, reason = "the documentation is in wit/")]

    wasmtime::component::bindgen!({
        path: "../wit/0.1",
        world: "plumb:cni/address-policy",
        with: {
            "plumb:cni/types": super::flavour::plumb::cni::types,
            "plumb:cni/log": super::flavour::plumb::cni::log,
        },
    });
}

pub use address_policy::AddressPolicy;
pub use address_policy::plumb::cni::pools;
pub use flavour::Flavour;
pub use flavour::plumb::cni::{facts, log, operations, types};
