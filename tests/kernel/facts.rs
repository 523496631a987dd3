//! A node that is written down, and planned for elsewhere.

use std::path::Path;
use std::process::Command;

use plumb_tests::configuration::{pool, with};
use serde_json::{Value, json};

use crate::plumbctl::{file, parsed, plumbctl, success};

fn ip(arguments: &str) {
    let done = Command::new("ip").args(arguments.split(' ')).status();
    assert!(done.expect("ip runs").success(), "ip {arguments}");
}

/// The parent is the first of a list that is there, and the subnet that of its address: both are read of the node.
#[test]
fn a_node_that_was_written_down_gives_the_plan_that_it_gives_itself() {
    let node = plumb_tests::node();
    ip("address add 172.16.11.1/24 dev nic0");
    let network = with(
        pool(),
        json!({"master": ["absent", "nic0"], "ipam": {"type": "pool", "fromMaster": {}}}),
    );
    let network = file(&node, "rail0.conf", &network);
    let recorded = file(&node, "node.json", &parsed(&["facts"]));
    let here = success(&["plan", &network]);
    assert!(here.contains("172.16.11."), "{here}");
    // What is asked of the node now is not what was written down.
    ip("address del 172.16.11.1/24 dev nic0");
    let (is_planned, ..) = plumbctl(&["plan", &network]);
    assert!(!is_planned, "the node has changed");
    assert_eq!(success(&["plan", &network, "--facts", &recorded]), here);
}

#[test]
fn what_a_pod_has_already_is_written_down_with_it() {
    let node = plumb_tests::node();
    let pod = node.pod();
    node.add(&pod, &pool());
    let recorded = parsed(&["facts", "--netns", pod.path()]);
    let addresses = &recorded["pod"]["details"]["eth0"]["addresses"];
    assert_eq!(addresses[0], pod.addresses("eth0")[0], "{recorded}");
    node.delete(&pod, &pool());
}

/// The examples of `docs/facts.md`, each with a network that is made for such a node.
#[test]
fn each_example_can_be_planned_for() {
    let node = plumb_tests::node();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples");
    let plan = |example: &str, network: Value| {
        let network = with(json!({"cniVersion": "1.0.0", "name": "rail0"}), network);
        let network = file(&node, "network.conf", &network);
        let facts = examples.join(example).with_extension("json");
        match plumbctl(&["plan", &network, "--facts", facts.to_str().expect("a path")]) {
            (true, said, _) => Ok(said),
            (false, _, error) => Err(error),
        }
    };
    let macvlan = json!({"type": "macvlan", "master": "ens6f0np0", "requireRDMA": true});
    let ib_sriov = json!({"type": "ib-sriov", "deviceID": "0000:3b:00.2", "rdmaIsolation": true});
    let sriov = json!({"type": "sriov", "deviceID": "0000:3b:00.2"});
    for (example, network, expected) in [
        ("roce-shared", macvlan.clone(), Ok("on ens6f0np0")),
        (
            "roce-exclusive",
            macvlan.clone(),
            Err("rdma system set netns shared"),
        ),
        (
            "roce-exclusive",
            with(json!({"type": "rdma"}), sriov.clone()),
            Ok("0000:3b:00.2"),
        ),
        (
            "infiniband",
            json!({"type": "ipoib", "master": "ib0", "pkey": "0x8001"}),
            Ok("on ib0"),
        ),
        (
            "infiniband",
            ib_sriov.clone(),
            Err("no PCI function at 0000:3b:00.2"),
        ),
        ("infiniband-functions", ib_sriov, Ok("0000:3b:00.2")),
        ("vfio", sriov, Ok("0000:3b:00.2")),
        (
            "without-rdma",
            with(macvlan.clone(), json!({"master": "ens6f0"})),
            Err("ens6f0"),
        ),
        ("one-interface", macvlan, Err("ens6f0np0")),
    ] {
        match (plan(example, network), expected) {
            (Ok(said), Ok(words)) | (Err(said), Err(words)) => {
                assert!(said.contains(words), "{example}: {words:?} in {said}");
            }
            (answer, expected) => panic!("{example}: {answer:?} where {expected:?} is right"),
        }
    }
}
