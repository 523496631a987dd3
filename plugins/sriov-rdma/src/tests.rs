//! The flavour on described nodes: what is looked up, what is refused, what is planned.

mod chained;
mod handed_over;
mod moved;
mod ready;
mod scalable;

use plumb_sdk::ErrorCode;
use plumb_sdk::facts::RdmaNamespaceMode;
use plumb_sdk::testing::{
    self, AddressSource, Node, Operation, Outcome, PciFacts, announcement,
    infiniband_virtual_function, request, virtual_function,
};

use super::*;

const ADDRESS: &str = "0000:3b:00.2";
const IPAM: &str = r#", "ipam": {"type": "host-local"}"#;

fn node(function: PciFacts, mode: RdmaNamespaceMode) -> Node {
    Node::new()
        .with_pci_function(function)
        .with_rdma_namespace_mode(mode)
}

/// The keys after type and device.
fn configuration(keys: &str) -> Request {
    request(&format!(
        r#"{{"type": "sriov", "deviceID": "{ADDRESS}"{keys}}}"#
    ))
}

fn attach(keys: &str) -> Outcome<()> {
    node(virtual_function(ADDRESS), RdmaNamespaceMode::Exclusive)
        .attach::<Component>(configuration(keys))
}

fn move_rdma_device(name: Option<&str>) -> Operation {
    Operation::MoveRdmaDevice {
        function: ADDRESS.to_owned(),
        name: name.map(str::to_owned),
    }
}

/// A function that a program in user space drives.
fn bound_to(driver: &str) -> PciFacts {
    testing::bound_to(driver, virtual_function(ADDRESS))
}
