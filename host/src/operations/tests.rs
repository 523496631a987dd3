//! What is on the disks of nodes must be read by every later release.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::attachment::Attachment;
use crate::journal::Unreadable;
use crate::state::StateFolder;

/// Records as release 0.1 wrote them, layout 1: no number of an interface, other names of
/// three operations.
const LAYOUT_1: [&str; 2] = [
    include_str!("../../../tests/fuzz/seeds/journal/macvlan.jsonl"),
    include_str!("../../../tests/fuzz/seeds/journal/ib-sriov-stuck.jsonl"),
];

/// Whose record it is, by its first line.
fn attachment_of(text: &str) -> Attachment {
    let header: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    serde_json::from_value(header["header"]["attachment"].clone()).unwrap()
}

#[test]
fn records_of_the_first_layout_are_read() {
    let state = tempfile::tempdir().unwrap();
    let records = Records::new(&StateFolder::new(state.path()));
    let mut found = BTreeSet::new();
    for text in LAYOUT_1 {
        let attachment = attachment_of(text);
        let path = records.path(&attachment);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        let record = records.read(&attachment).unwrap().unwrap();
        assert_eq!(record.header.layout, 1);
        found.extend(
            record
                .steps
                .iter()
                .filter_map(|step| match &step.operation {
                    Operation::SetMtu(operation) => Some(("mtu", operation.link)),
                    Operation::SetMac(operation) => Some(("mac", operation.link)),
                    Operation::SetUp(operation) => Some(("up", operation.link)),
                    _ => None,
                }),
        );
    }
    let expected = ["mac", "mtu", "up"].map(|name| (name, LinkNumber(0)));
    assert_eq!(found, BTreeSet::from(expected));
}

/// The way to the node had no bridge and was never reported.
#[test]
fn a_pair_of_an_earlier_release_is_read() {
    let record = json!({"create-veth": {
        "link": 1, "name": "veth0", "host_name": "plumb0123456789", "mtu": 1500, "mac": [2, 0, 0, 0, 0, 1],
        "host_mac": [2, 0, 0, 0, 0, 2]
    }});
    let operation: Operation = serde_json::from_value(record).unwrap();
    let Operation::CreateVeth(veth) = &operation else {
        panic!("{operation:?}");
    };
    assert_eq!((&veth.bridge, veth.is_reported), (&None, false));
    assert_eq!(operation.parent(), None);
    assert_eq!(
        operation.describe(),
        "create veth veth0 in the pod and plumb0123456789 on the host, mtu 1500, hardware addresses random"
    );
}

/// Each field that an undo would follow to a file, a program or an object of the kernel.
#[test]
fn a_forged_operation_makes_the_record_unreadable() {
    let text = LAYOUT_1[0];
    let attachment = attachment_of(text);
    let state = tempfile::tempdir().unwrap();
    let records = Records::new(&StateFolder::new(state.path()));
    let path = records.path(&attachment);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let read = |operation: Value| {
        let header = text.lines().next().unwrap();
        let intent = json!({"intent": [0, operation]});
        std::fs::write(&path, format!("{header}\n{intent}\n")).unwrap();
        records.read(&attachment)
    };

    let sysctl = |family: &str, name: &str, before: &str| {
        json!({"set-link-sysctl": {
            "link": 0, "family": family, "name": name, "value": "1", "required": false, "before": before
        }})
    };
    let macvlan = |mode: &str, name: &str, temporary: &str| {
        json!({"create-macvlan": {
            "link": 0, "parent": {"name": "ens1", "index": 2, "in_pod": false}, "mode": mode, "mtu": null,
            "mac": [2, 0, 0, 0, 0, 1], "broadcast_queue_length": null, "name": name, "temporary_name": temporary,
            "index": null
        }})
    };
    let information = |file: &str, address: &str| json!({"write-device-info": {"path": file, "address": address, "before": "{}"}});
    let rdma = |address: &str, device: &str| json!({"move-rdma-device": {"address": address, "name": null, "devices": [device]}});
    let hold = |driver: &str, link: &str| {
        json!({"hold-function": {
            "address": "0000:3b:00.2", "shared": false, "held": true, "original": {
                "driver": driver, "number": 0, "rdma_devices": ["mlx5_2"], "settings": {},
                "link": {"name": link, "hardware_type": 1, "mac": [2, 0, 0, 0, 0, 1], "mtu": 1500, "up": false}
            }
        }})
    };
    let vlan = |id: u32, flag: &str, temporary: &str| {
        json!({"create-vlan": {
            "link": 1, "parent": {"name": "ens1", "index": 2, "in_pod": false}, "id": id, "protocol": 0x8100,
            "flags": {flag: true}, "mtu": null, "mac": null, "name": "net1", "temporary_name": temporary, "index": 7
        }})
    };
    let veth = |host: &str, bridge: &str| {
        json!({"create-veth": {
            "link": 0, "name": "net1", "host_name": host, "mtu": 1500, "mac": [2, 0, 0, 0, 0, 1],
            "host_mac": [2, 0, 0, 0, 0, 2], "bridge": {"name": bridge, "index": 3, "in_pod": false}
        }})
    };
    let bridge = |name: &str, mtu: u32| json!({"share-bridge": {"name": name, "mtu": mtu}});
    let netdev = |on_host: &str, own: &str| {
        json!({"move-netdev": {
            "link": 0, "netdev": {"name": on_host, "index": 7, "in_pod": false}, "name": "net1", "index": 7,
            "original": {
                "link": {"name": own, "hardware_type": 1, "mac": [2, 0, 0, 0, 0, 1], "mtu": 1500, "up": true},
                "kind": "tun", "permanent_address": [], "other": null, "other_is_on_host": false,
                "addresses": ["192.0.2.7/24"]
            }
        }})
    };
    let other_name =
        |name: &str| json!({"add-alternative-name": {"link": 0, "name": name, "had": false}});
    let rings = |receive: Value| json!({"set-rings": {"link": 0, "receive": receive, "transmit": null, "before": [256, 0, 0, 256]}});
    let channels = |combined: Value, before: Value| {
        json!({"set-channels": {
            "link": 0, "receive": null, "transmit": null, "combined": combined, "before": before
        }})
    };
    let plugin = |name: &str| json!({"delegate-ipam": {"link": 0, "plugin": name}});
    let pod_sysctl = |scope: &str, name: &str| {
        json!({"set-pod-sysctl": {
            "scope": scope, "family": "ipv4", "name": name, "value": "2", "required": false, "before": "0", "after": null
        }})
    };
    let neighbours = |name: &str| {
        json!({"set-neighbour-sysctl": {
            "link": 0, "family": "ipv4", "name": name, "value": "2", "required": false, "before": "0", "after": "2"
        }})
    };
    let used = |name: &str| json!({"use-previous-link": {"link": 0, "name": name, "index": 2}});
    let rule = |interface: &str| {
        json!({"add-rule": {
            "rule": {"source": null, "destination": null, "table": 100, "priority": 1000, "input_interface": interface},
            "existed": false
        }})
    };
    let route = |weight: u16| {
        json!({"add-route": {
            "link": 0, "route": {"destination": "10.9.0.0/16", "next_hops": [{"gateway": "10.1.0.1", "weight": weight}]},
            "existed": false
        }})
    };

    for (true_one, forged) in [
        (
            sysctl("ipv4", "rp_filter", "0"),
            vec![
                sysctl("../kernel", "core_pattern", "0"),
                sysctl("ipv4", "../../../kernel/core_pattern", "0"),
                sysctl("ipv4", "rp_filter", "a\nb"),
            ],
        ),
        (
            macvlan("bridge", "net1", "plumb1234"),
            vec![
                macvlan("nonsense", "net1", "plumb1234"),
                macvlan("bridge", "../net1", "plumb1234"),
                macvlan("bridge", "net1", "eth%d"),
            ],
        ),
        (
            information("/run/k8s.cni.cncf.io/devinfo/cni/a", "0000:3b:00.2"),
            vec![
                information("run/a", "0000:3b:00.2"),
                information("/run/../etc/passwd", "0000:3b:00.2"),
                information("/run/a", "../../0000:3b:00.2"),
            ],
        ),
        (
            rdma("0000:3b:00.2", "mlx5_2"),
            vec![
                rdma("0000:3b:00.2/..", "mlx5_2"),
                rdma("0000:3b:00.2", "../mlx5_2"),
            ],
        ),
        (
            hold("mlx5_core", "ens1v0"),
            vec![
                hold("../../../bus/usb/drivers/usb", "ens1v0"),
                hold("mlx5_core", "a/b"),
            ],
        ),
        (
            vlan(100, "gvrp", "plumb1234"),
            vec![
                vlan(0, "gvrp", "plumb1234"),
                vlan(100, "nonsense", "plumb1234"),
                vlan(100, "gvrp", "../net1"),
            ],
        ),
        (
            veth("veth1234", "br0"),
            vec![veth("a/b", "br0"), veth("veth1234", "../br0")],
        ),
        (
            bridge("br-pods", 1500),
            vec![
                bridge("../br0", 1500),
                bridge("plumb-making", 1500),
                bridge("br-pods", 1),
            ],
        ),
        (
            netdev("tap0", "tap0"),
            vec![netdev("a/b", "tap0"), netdev("tap0", "eth%d")],
        ),
        (
            other_name("fabric-a"),
            vec![other_name(""), other_name("a\u{1b}[2J"), other_name("a/b")],
        ),
        (rings(json!(512)), vec![rings(json!(null)), rings(json!(0))]),
        (
            channels(json!(4), json!([0, 0, 0, 8])),
            vec![channels(json!(null), json!([0, 0, 0, 8]))],
        ),
        (
            plugin("host-local"),
            vec![plugin("../../../tmp/evil"), plugin(""), plugin("..")],
        ),
        (
            pod_sysctl("all", "rp_filter"),
            vec![
                pod_sysctl("eth0", "rp_filter"),
                pod_sysctl("..", "rp_filter"),
                pod_sysctl("all", "forwarding"),
            ],
        ),
        (
            neighbours("retrans_time_ms"),
            vec![neighbours("../../conf/all/rp_filter")],
        ),
        (used("eth0"), vec![used("../eth0"), used("")]),
        (rule("eth0"), vec![rule("a/b"), rule("eth%d")]),
        (route(256), vec![route(0), route(257)]),
    ] {
        assert!(read(true_one.clone()).unwrap().is_some(), "{true_one}");
        for forged in forged {
            match read(forged.clone()) {
                Err(Unreadable::Damaged(reason)) => {
                    assert!(reason.starts_with("line 2: "), "{forged}: {reason}");
                }
                other => panic!("{forged}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_record_in_the_place_of_another_is_not_taken_for_it() {
    let text = LAYOUT_1[0];
    let other = Attachment {
        network: "another".into(),
        ..attachment_of(text)
    };
    let state = tempfile::tempdir().unwrap();
    let records = Records::new(&StateFolder::new(state.path()));
    let path = records.path(&other);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    match records.read(&other) {
        Err(Unreadable::Damaged(reason)) => assert!(
            reason.contains("line 1 is of macvlan-ens6f0np0/"),
            "{reason}"
        ),
        other => panic!("{other:?}"),
    }
}
