//! The result in the layout of each version, and what comes from plugins before.

use cni_harness::{Call, Pod};
use plumb_tests::configuration::{dual_stack, pool, with};
use serde_json::{Value, json};

/// What another plugin of the chain gave to the pod.
fn previous(pod: &Pod) -> Value {
    json!({
        "cniVersion": "1.1.0",
        "interfaces": [
            {"name": "veth7", "mac": "02:00:00:00:00:01"},
            {"name": "net0", "mac": "02:00:00:00:00:02", "sandbox": pod.path(), "vendorKey": {"a": 1}},
        ],
        "ips": [
            {"address": "10.7.0.5/24", "gateway": "10.7.0.1", "interface": 1},
            {"address": "10.7.0.6/24"},
        ],
        "routes": [{"dst": "10.70.0.0/16", "gw": "10.7.0.1", "table": 0, "scope": 0, "vendorKey": true}],
        "dns": {"nameservers": ["10.7.0.53"]},
        "vendorKey": [1, "two", null],
    })
}

#[test]
fn a_previous_result_is_passed_on_and_added_to() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let before = previous(&pod);
    let added = node.add(&pod, &with(pool(), json!({"prevResult": before})));
    for key in ["dns", "vendorKey"] {
        assert_eq!(added[key], before[key], "{key}");
    }
    for (key, length) in [("interfaces", 2), ("ips", 2), ("routes", 1)] {
        let list = added[key]
            .as_array()
            .unwrap_or_else(|| panic!("no {key} in {added}"));
        let expected = before[key].as_array().expect("a list");
        assert_eq!(&list[..length], &expected[..], "{key}");
        assert!(list.len() > length, "nothing was added to {key}: {added}");
    }
    assert_eq!(added["interfaces"][2]["name"], "eth0");
    assert_eq!(added["interfaces"][2]["sandbox"], pod.path());
    // Its index counts the interfaces of the whole result.
    assert_eq!(added["ips"][2]["interface"], 2);
}

/// CHECK looks at what plumb did; the rest belongs to the other plugins.
#[test]
fn check_and_del_work_in_a_chain() {
    let node = plumb_tests::node();
    let pod = node.pod();
    pod.ip("link add net0 address 02:00:00:00:00:02 type veth peer name veth7");
    let added = node.add(&pod, &with(pool(), json!({"prevResult": previous(&pod)})));
    Call::check(&node, &pod, &pool(), &added)
        .run()
        .expect_silence();
    node.delete(&pod, &with(pool(), json!({"prevResult": added})));
    assert!(pod.link("eth0").is_none(), "eth0 is still there");
    assert!(
        pod.link("net0").is_some(),
        "the other plugin's interface is gone"
    );
}

#[test]
fn the_result_has_the_callers_version_whatever_the_previous_one_had() {
    let node = plumb_tests::node();
    for version in ["0.3.1", "0.4.0", "1.0.0"] {
        let pod = node.pod();
        let old = json!({"cniVersion": "0.4.0", "interfaces": [{"name": "net0", "sandbox": pod.path()}], "ips": [{"version": "4", "address": "10.7.0.5/24", "interface": 0}]});
        let configuration = with(pool(), json!({"cniVersion": version, "prevResult": old}));
        let added = node.add(&pod, &configuration);
        assert_eq!(added["cniVersion"], version);
        assert_eq!(added["ips"][0]["address"], "10.7.0.5/24");
        assert_eq!(added["ips"][1]["interface"], 1);
    }
}

/// podman refuses an interface without one.
#[test]
fn the_hardware_address_is_the_kernels() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let added = node.add(&pod, &pool());
    assert_eq!(
        added["interfaces"][0]["mac"],
        pod.link("eth0").expect("eth0 exists")["address"]
    );
    let first = added["interfaces"][0]["mac"]
        .as_str()
        .and_then(|mac| u8::from_str_radix(&mac[..2], 16).ok());
    assert_eq!(
        first.map(|byte| byte & 3),
        Some(2),
        "locally administered, not multicast: {added}"
    );
}

/// The order of the ips is that of the configuration's pools.
#[test]
fn the_result_is_the_same_on_every_run() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let fixed = with(
        dual_stack(),
        json!({"mac": "02:00:00:00:00:07", "runtimeConfig": {"ips": ["10.1.0.20", "fd00:1::20"]}}),
    );
    let first = Call::add(&node, &pod, &fixed).run();
    node.delete(&pod, &fixed);
    let second = Call::add(&node, &pod, &fixed).run();
    first.expect_result();
    assert_eq!(
        String::from_utf8_lossy(&first.stdout),
        String::from_utf8_lossy(&second.stdout)
    );
}
