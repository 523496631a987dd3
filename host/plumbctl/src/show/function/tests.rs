use plumb::facts::RecordedFacts;
use plumb::operations::Parent as RecordedParent;
use serde_json::{Value, json};

use super::*;

/// A node with an adapter and one virtual function of it, whose netdev and RDMA device are in the pod.
fn facts(pod_devices: Value) -> RecordedFacts {
    let link = |name: &str, pci: &str, devices: Value| json!({"name": name, "index": 2, "mac": "02:00:00:00:00:01", "mtu": 9000, "pci": pci, "rdmaDevices": devices});
    let text = json!({
        "host": {"links": [link("ens6f0np0", "0000:3b:00.0", json!(["mlx5_0"]))],
                 "details": {"ens6f0np0": {"speed": 400_000}}},
        "pod": {"links": [link("net1", "0000:3b:00.2", pod_devices)]},
        "pciFunctions": [
            {"address": "0000:3b:00.0", "driver": "mlx5_core", "rdmaDevices": ["mlx5_0"], "numaNode": 1},
            {"address": "0000:3b:00.2", "driver": "mlx5_core", "numaNode": 1,
             "virtualFunction": {"parent": "0000:3b:00.0", "index": 0},
             "parentLink": {"name": "ens6f0np0", "index": 2, "mac": "02:00:00:00:00:01", "mtu": 9000, "carrier": false}},
        ],
    });
    RecordedFacts::parse(text.to_string().as_bytes()).expect("facts")
}

fn of_function(devices: &[&str]) -> Recorded {
    Recorded {
        function: Some("0000:3b:00.2".to_owned()),
        rdma_devices: devices.iter().map(|name| (*name).to_owned()).collect(),
        ..Recorded::default()
    }
}

fn asked(
    recorded: &Recorded,
    link: Option<&str>,
    parent: Option<&Parent>,
    facts: &dyn Facts,
) -> (Option<Function>, Vec<String>) {
    let mut differences = Vec::new();
    let found = function(recorded, link, parent, facts, &mut differences).expect("facts");
    let texts = differences.iter().map(ToString::to_string).collect();
    (found, texts)
}

#[test]
fn a_virtual_function_is_shown_with_what_the_pod_has_of_it() {
    let recorded = of_function(&["mlx5_2"]);
    let (found, differences) = asked(&recorded, Some("net1"), None, &facts(json!(["mlx5_2"])));
    let expected = Function {
        address: "0000:3b:00.2".to_owned(),
        present: true,
        driver: Some("mlx5_core".to_owned()),
        physical_function: Some("0000:3b:00.0".to_owned()),
        number: Some(0),
        numa_node: Some(1),
        rdma_devices: vec![RdmaDevice {
            name: "mlx5_2".to_owned(),
            in_pod: true,
        }],
    };
    assert_eq!(found, Some(expected));
    assert_eq!(differences, [""; 0]);
}

#[test]
fn an_rdma_device_that_the_pod_lost_is_told_where_its_devices_can_be_seen() {
    let recorded = of_function(&["mlx5_2"]);
    let facts = facts(json!([]));
    let (_, differences) = asked(&recorded, Some("net1"), None, &facts);
    assert_eq!(
        differences,
        ["record says RDMA device mlx5_2, the pod has no such device by this interface"]
    );
    // The pod is gone.
    let (found, differences) = asked(&recorded, None, None, &facts);
    assert_eq!(differences, [""; 0]);
    assert!(found.is_some_and(|found| found.present));
}

#[test]
fn a_function_that_the_node_lost_is_told() {
    let recorded = Recorded {
        function: Some("0000:3b:00.7".to_owned()),
        ..Recorded::default()
    };
    let (found, differences) = asked(&recorded, None, None, &facts(json!([])));
    assert!(found.is_some_and(|found| !found.present));
    assert_eq!(
        differences,
        ["record says PCI function 0000:3b:00.7, the node has no such function"]
    );
}

/// RoCE shared by a macvlan: the adapter is that of the parent, or of the port that carries a VLAN.
#[test]
fn a_child_has_the_adapter_of_its_parent() {
    let recorded = Recorded {
        parent: Some(RecordedParent {
            name: "ens6f0np0".to_owned(),
            index: 2,
            in_pod: false,
        }),
        ..Recorded::default()
    };
    for (name, carriers) in [("ens6f0np0", vec![]), ("storage", vec!["ens6f0np0".into()])] {
        let parent = Parent {
            name: name.to_owned(),
            carriers,
            ..Parent::default()
        };
        let (found, _) = asked(&recorded, None, Some(&parent), &facts(json!([])));
        let found = found.expect("the adapter");
        assert_eq!(found.address, "0000:3b:00.0");
        assert_eq!(found.rdma_devices.len(), 1);
        assert!(!found.rdma_devices[0].in_pod);
    }
    let parent = Parent {
        name: "bond0".to_owned(),
        ..Parent::default()
    };
    assert_eq!(
        asked(&recorded, None, Some(&parent), &facts(json!([]))).0,
        None
    );
}

/// The pod's netdev says nothing of the cable: that is the physical function's to know.
#[test]
fn a_virtual_function_has_the_wire_of_its_physical_one() {
    let facts = facts(json!([]));
    let (found, _) = asked(&of_function(&[]), None, None, &facts);
    let wire = uplink(&found.expect("the function"), &facts).expect("facts");
    let wire = wire.expect("the physical function's netdev");
    assert_eq!(wire.name, "ens6f0np0");
    assert_eq!(wire.speed, Some(400_000));
    assert!(wire.link.is_some_and(|link| !link.carrier));
}
