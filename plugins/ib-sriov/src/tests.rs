//! The flavour on described nodes: what is looked up, what is refused, what is planned.

mod handed_over;
mod ib_kubernetes;
mod moved;
mod ready;

use plumb_sdk::ErrorCode;
use plumb_sdk::Guid;
use plumb_sdk::facts::RdmaNamespaceMode;
use plumb_sdk::operations::{VirtualFunctionLinkState, VirtualFunctionSettings};
use plumb_sdk::testing::{
    self, AddressSource, Node, Operation, Outcome, PciFacts, announcement, infiniband_address,
    infiniband_virtual_function, request, virtual_function,
};

use super::*;

const ADDRESS: &str = "0000:3b:00.2";
const GUID: &str = r#", "runtimeConfig": {"infinibandGUID": "02:00:00:00:00:00:00:aa"}"#;
const IPAM: &str = r#", "ipam": {"type": "host-local"}"#;

fn node(function: PciFacts, mode: RdmaNamespaceMode) -> Node {
    Node::new()
        .with_pci_function(function)
        .with_rdma_namespace_mode(mode)
}

/// The keys after type and device.
fn configuration(keys: &str) -> Request {
    request(&format!(
        r#"{{"type": "ib-sriov", "deviceID": "{ADDRESS}"{keys}}}"#
    ))
}

fn attach_to(function: PciFacts, keys: &str) -> Outcome<()> {
    node(function, RdmaNamespaceMode::Exclusive).attach::<Component>(configuration(keys))
}

fn attach(keys: &str) -> Outcome<()> {
    attach_to(infiniband_virtual_function(ADDRESS), keys)
}

/// The setting of a GUID, and of the link's state.
fn set(guid: bool, link_state: Option<VirtualFunctionLinkState>, rebind: bool) -> Operation {
    Operation::SetVirtualFunction {
        function: ADDRESS.to_owned(),
        settings: VirtualFunctionSettings {
            guid: guid.then(|| Guid::new([2, 0, 0, 0, 0, 0, 0, 0xaa])),
            link_state,
            rebind,
            ..Default::default()
        },
    }
}

/// A function that a program in user space drives.
fn bound_to(driver: &str) -> PciFacts {
    testing::bound_to(driver, infiniband_virtual_function(ADDRESS))
}
