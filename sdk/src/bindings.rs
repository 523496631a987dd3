//! What `wit-bindgen` makes of the contract in `wit/`. Use the curated names in the
//! crate's root instead; these change with the generator.

#![allow(
    missing_docs,
    reason = "generated; the contract documents what needs it"
)]

/// The world `flavour`.
pub mod flavour {
    wit_bindgen::generate!({
        path: "wit",
        world: "flavour",
        pub_export_macro: true,
        export_macro_name: "export_world",
        default_bindings_module: "plumb_sdk::bindings::flavour",
        additional_derives: [PartialEq, Eq],
    });
}

/// The world `address-policy`; it shares the vocabulary with `flavour`.
pub mod address_policy {
    wit_bindgen::generate!({
        path: "wit",
        world: "address-policy",
        pub_export_macro: true,
        export_macro_name: "export_world",
        default_bindings_module: "plumb_sdk::bindings::address_policy",
        additional_derives: [PartialEq, Eq],
        with: {
            "plumb:cni/types@0.2.0": crate::bindings::flavour::plumb::cni::types,
            "plumb:cni/requests@0.2.0": crate::bindings::flavour::plumb::cni::requests,
            "plumb:cni/routing@0.2.0": crate::bindings::flavour::plumb::cni::routing,
            "plumb:cni/facts@0.2.0": crate::bindings::flavour::plumb::cni::facts,
            "plumb:cni/log@0.2.0": crate::bindings::flavour::plumb::cni::log,
        },
    });
}
