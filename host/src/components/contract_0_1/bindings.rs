//! `wit/0.1`, as Rust.

mod flavour {
    #![allow(missing_docs, reason = "the documentation is in wit/0.1")]

    wasmtime::component::bindgen!({
        path: "../wit/0.1",
        world: "plumb:cni/flavour",
        with: {
            "plumb:cni/facts.link": crate::components::session::LinkHandle,
            "plumb:cni/facts.pci-function": crate::components::session::PciHandle,
            "plumb:cni/operations.pod-link": crate::components::session::PodLinkHandle,
        },
        imports: { default: trappable },
    });
}

mod address_policy {
    #![allow(missing_docs, reason = "the documentation is in wit/0.1")]

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
