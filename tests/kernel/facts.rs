//! A node that is written down, and planned for elsewhere.

use std::fs;
use std::path::Path;
use std::process::Command;

use cni_harness::Node;
use plumb_tests::binaries;
use plumb_tests::configuration::{pool, with};
use serde_json::{Value, json};

fn plumbctl(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(binaries::plumbctl())
        .args(arguments)
        .output()
        .expect("plumbctl runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text(output.stderr)),
    }
}

fn file(node: &Node, name: &str, content: &str) -> String {
    let path = node.scratch().join(name);
    fs::write(&path, content).expect("a file in the scratch folder");
    path.to_str().expect("a path in UTF-8").to_owned()
}

fn ip(arguments: &str) {
    let done = Command::new("ip").args(arguments.split(' ')).status();
    assert!(done.expect("ip runs").success(), "ip {arguments}");
}

/// The subnet comes from an address of the parent, which is chosen by another of its names: both are read of the node.
#[test]
fn a_node_that_was_written_down_gives_the_plan_that_it_gives_itself() {
    let node = plumb_tests::node();
    ip("address add 172.16.11.1/24 dev nic0");
    let network = with(
        pool(),
        json!({"master": ["absent", "nic0"], "ipam": {"type": "pool", "fromMaster": {}}}),
    );
    let network = file(&node, "rail0.conf", &network.to_string());
    let recorded = file(
        &node,
        "node.json",
        &plumbctl(&["facts"]).expect("the facts"),
    );
    let here = plumbctl(&["plan", &network]).expect("a plan of this node");
    assert!(here.contains("172.16.11."), "{here}");
    // What is asked of the node now is not what was written down.
    ip("address del 172.16.11.1/24 dev nic0");
    plumbctl(&["plan", &network]).expect_err("the node has changed");
    let there = plumbctl(&["plan", &network, "--facts", &recorded]);
    assert_eq!(there.as_deref(), Ok(here.as_str()));
}

#[test]
fn what_a_pod_has_already_is_written_down_with_it() {
    let node = plumb_tests::node();
    let pod = node.pod();
    node.add(&pod, &pool());
    let recorded = plumbctl(&["facts", "--netns", pod.path()]).expect("the facts");
    let recorded: Value = serde_json::from_str(&recorded).expect("JSON");
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
        let network = file(&node, "network.conf", &network.to_string());
        let facts = examples.join(example).with_extension("json");
        plumbctl(&["plan", &network, "--facts", facts.to_str().expect("a path")])
    };
    let macvlan = json!({"type": "macvlan", "master": "ens6f0np0", "requireRDMA": true});
    let ib_sriov = json!({"type": "ib-sriov", "deviceID": "0000:5e:00.1", "rdmaIsolation": true});
    let sriov = json!({"type": "sriov", "deviceID": "0000:3b:00.1"});
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
            Ok("0000:3b:00.1"),
        ),
        (
            "infiniband",
            json!({"type": "ipoib", "master": "ib0", "pkey": "0x8001"}),
            Ok("on ib0"),
        ),
        (
            "infiniband",
            ib_sriov.clone(),
            Err("no PCI function at 0000:5e:00.1"),
        ),
        ("infiniband-functions", ib_sriov, Ok("0000:5e:00.1")),
        ("vfio", sriov, Ok("0000:3b:00.1")),
        ("without-rdma", macvlan.clone(), Err("ens6f0np0")),
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
