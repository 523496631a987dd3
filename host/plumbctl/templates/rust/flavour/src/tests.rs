//! The flavour on described nodes, natively and without a kernel. What a node makes of the component itself is in
//! `cases/`: `plumbctl component test`.

use plumb_sdk::ErrorCode;
use plumb_sdk::facts::Place;
use plumb_sdk::testing::{Node, Operation, link, request};

use super::*;

fn node() -> Node {
    Node::new().with_link(Place::Host, link("ens6f0np0"))
}

#[test]
fn the_pod_gets_a_child_of_the_master() {
    let network = r#"{"name": "rail0", "master": "ens6f0np0", "mtu": 1400}"#;
    let outcome = node().attach::<Component>(request(network));
    outcome.result.unwrap();
    let Some(Operation::CreateMacvlan { parent, options }) = outcome.plan.first() else {
        panic!("{:?}", outcome.plan);
    };
    assert_eq!((parent.as_str(), options.mtu), ("ens6f0np0", Some(1400)));
}

#[test]
fn a_master_that_is_not_there_is_named() {
    let network = r#"{"name": "rail0", "master": "ens7f0np0"}"#;
    let outcome = node().attach::<Component>(request(network));
    outcome.assert_refused(ErrorCode::NotFound, &["ens7f0np0"]);
}
