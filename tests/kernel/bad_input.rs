//! Values that are wrong: each is named, with a code, and nothing is left.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cni_harness::node::SCRATCH;
use cni_harness::{Call, Oracle, script};
use plumb_tests::configuration::{delegated, pool, with};
use serde_json::{Value, json};

/// A change to the configuration, the codes that would be right, and what the message
/// has to say.
type Case = (Value, &'static [u64], &'static str);

fn refused(cases: &[Case]) {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let mut wrong = Vec::new();
    for (change, codes, text) in cases {
        let call = Call::add(&node, &pod, &with(pool(), change.clone()));
        let case = || {
            call.run().expect_one_of(codes, text);
            oracle.assert_unchanged();
        };
        if catch_unwind(AssertUnwindSafe(case)).is_err() {
            wrong.push(change.to_string());
            node.delete(&pod, &pool());
        }
    }
    assert!(wrong.is_empty(), "see above: {}", wrong.join(", "));
}

#[test]
fn wrong_values_of_a_macvlan_are_refused() {
    refused(&[
        (json!({"mode": "sideways"}), &[7], "sideways"),
        (json!({"mode": "Bridge "}), &[7], "Bridge "),
        (json!({"mode": 5}), &[7], "mode"),
        (json!({"mtu": -1}), &[7], "-1"),
        (json!({"mtu": 67}), &[7, 100], "67"),
        (json!({"mtu": 9000}), &[7], "9000"),
        (json!({"mtu": 1u64 << 40}), &[7], "1099511627776"),
        (json!({"mtu": "1500"}), &[7], "mtu"),
        (json!({"mtu": 1500.5}), &[7], "1500.5"),
        (json!({"bcqueuelen": -1}), &[7], "bcqueuelen"),
        (json!({"bcqueuelen": "many"}), &[7], "bcqueuelen"),
        (json!({"master": 5}), &[7], "master"),
        (json!({"master": "a/b"}), &[7, 50], "a/b"),
        (json!({"linkInContainer": "yes"}), &[7], "linkInContainer"),
    ]);
}

#[test]
fn wrong_hardware_addresses_are_refused() {
    refused(&[
        (json!({"mac": "nonsense"}), &[7], "nonsense"),
        (json!({"mac": "02:00:00:00:00"}), &[7], "02:00:00:00:00"),
        (
            json!({"mac": "02:00:00:00:00:00:00"}),
            &[7],
            "02:00:00:00:00:00:00",
        ),
        (
            json!({"mac": "01:00:5e:00:00:01"}),
            &[7],
            "01:00:5e:00:00:01",
        ),
        (
            json!({"mac": "ff:ff:ff:ff:ff:ff"}),
            &[7],
            "ff:ff:ff:ff:ff:ff",
        ),
        (
            json!({"mac": "00:00:00:00:00:00"}),
            &[7],
            "00:00:00:00:00:00",
        ),
        (json!({"mac": 5}), &[7], "mac"),
        (
            json!({"runtimeConfig": {"mac": "nonsense"}}),
            &[7],
            "nonsense",
        ),
        (
            json!({"runtimeConfig": {"mac": "01:00:5e:00:00:01"}}),
            &[4, 7],
            "01:00:5e:00:00:01",
        ),
        (json!({"args": {"cni": {"mac": ["x"]}}}), &[7], "mac"),
    ]);
}

#[test]
fn a_wrong_hardware_address_in_cni_args_is_a_wrong_variable() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    Call::add(&node, &pod, &pool())
        .arguments("MAC=nonsense")
        .run()
        .expect_error(4, "nonsense");
    oracle.assert_unchanged();
}

/// The links that there are help to find the typing mistake.
#[test]
fn an_unknown_parent_is_told_with_the_links_that_there_are() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let error = Call::add(&node, &pod, &with(pool(), json!({"master": "nic9"})))
        .run()
        .expect_error(50, "nic9");
    let said = format!("{} {}", error.message, error.details);
    assert!(said.contains("nic0") && said.contains("nic1"), "{said}");
    oracle.assert_unchanged();
}

/// Loopback cannot carry a macvlan: the kernel's refusal is reported.
#[test]
fn a_parent_that_cannot_have_children_is_refused() {
    refused(&[(json!({"master": "lo"}), &[7, 50, 100], "lo")]);
}

fn with_pool(change: Value) -> Value {
    let one = with(
        json!({"name": "p", "subnet": "10.1.0.0/24", "gateway": "10.1.0.1"}),
        change,
    );
    json!({"ipam": {"type": "pool", "pools": [one]}})
}

#[test]
fn wrong_pools_are_refused() {
    refused(&[
        (with_pool(json!({"subnet": "nonsense"})), &[7], "nonsense"),
        (
            with_pool(json!({"subnet": "10.1.0.0/33"})),
            &[7],
            "10.1.0.0/33",
        ),
        (
            with_pool(json!({"subnet": "10.1.0.7/24"})),
            &[7],
            "10.1.0.0/24",
        ),
        (with_pool(json!({"subnet": null})), &[7], "subnet"),
        (with_pool(json!({"subnet": 5})), &[7], "subnet"),
        (
            with_pool(json!({"ips": ["10.1.0.50-10.1.0.10"]})),
            &[7],
            "10.1.0.50-10.1.0.10",
        ),
        (with_pool(json!({"ips": ["10.2.0.10"]})), &[7], "10.2.0.10"),
        (
            with_pool(json!({"ips": ["10.1.0.10-fd00::1"]})),
            &[7],
            "fd00::1",
        ),
        (with_pool(json!({"ips": ["a-b"]})), &[7], "a-b"),
        (with_pool(json!({"ips": "10.1.0.10"})), &[7], "ips"),
        (with_pool(json!({"gateway": "10.9.0.1"})), &[7], "10.9.0.1"),
        (with_pool(json!({"gateway": "fd00::1"})), &[7], "fd00::1"),
        (with_pool(json!({"gateway": "nonsense"})), &[7], "nonsense"),
        (
            with_pool(json!({"excludeIP": ["10.1.0.9"]})),
            &[7],
            "excludeip",
        ),
        (with_pool(json!({"name": "a b"})), &[7], "a b"),
        (
            with_pool(json!({"routes": [{"dst": "x", "gw": "10.1.0.1"}]})),
            &[7],
            "x",
        ),
        (
            with_pool(json!({"routes": [{"dst": "10.9.0.0/16", "gw": "10.8.0.1"}]})),
            &[7],
            "10.8.0.1",
        ),
        (
            with_pool(json!({"excludeIPs": ["10.1.0.0/24"]})),
            &[7, 50, 101],
            "p",
        ),
    ]);
}

#[test]
fn wrong_lists_of_pools_are_refused() {
    let two =
        |first: Value, second: Value| json!({"ipam": {"type": "pool", "pools": [first, second]}});
    refused(&[
        (json!({"ipam": {"type": "pool"}}), &[7], "pool"),
        (json!({"ipam": {"type": "pool", "pools": []}}), &[7], "pool"),
        (
            json!({"ipam": {"type": "pool", "pools": "x"}}),
            &[7],
            "pools",
        ),
        (
            json!({"ipam": {"type": "pool", "pools": [5]}}),
            &[7],
            "pools",
        ),
        (
            two(
                json!({"name": "same", "subnet": "10.1.0.0/24"}),
                json!({"name": "same", "subnet": "10.2.0.0/24"}),
            ),
            &[7],
            "same",
        ),
        (
            two(
                json!({"name": "a", "subnet": "10.1.0.0/24"}),
                json!({"name": "b", "subnet": "10.1.0.0/25"}),
            ),
            &[7],
            "10.1.0",
        ),
    ]);
}

#[test]
fn wrong_kinds_of_network_are_refused() {
    refused(&[
        (
            json!({"type": "plumb", "flavour": "no-such-flavour"}),
            &[7, 104],
            "no-such-flavour",
        ),
        (json!({"type": "plumb"}), &[7], "flavour"),
        (
            json!({"type": "plumb", "flavour": "../evil"}),
            &[7],
            "../evil",
        ),
        (json!({"type": "plumb", "flavour": 5}), &[7], "flavour"),
        (json!({"type": "no-such-type"}), &[7, 104], "no-such-type"),
        (json!({"type": ""}), &[7], "type"),
        (json!({"type": 5}), &[7], "type"),
        (json!({"ipam": {"type": 5}}), &[7], "type"),
        (json!({"ipam": "host-local"}), &[7], "ipam"),
        (json!({"stateFolder": "relative"}), &[7], "relative"),
        (json!({"stateFolder": 5}), &[7], "stateFolder"),
    ]);
}

#[test]
fn a_delegates_name_is_no_path() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let folder = format!("{SCRATCH}/bin");
    fs::create_dir_all(format!("{folder}/sub")).expect("make a folder");
    let trap = format!(
        "#!/bin/sh\ntouch {SCRATCH}/executed\necho '{{\"ips\": [{{\"address\": \"10.9.0.5/24\"}}]}}'\n"
    );
    for program in ["evil", "bin/sub/x", "bin/a\\b"] {
        script::write(format!("{SCRATCH}/{program}"), &trap);
    }
    let oracle = Oracle::new(&node);
    for name in [
        "../evil",
        "sub/x",
        "a\\b",
        "/run/cni-harness/evil",
        ".",
        "..",
        "./../evil",
    ] {
        let configuration = delegated(json!({"type": name}));
        for verb in ["ADD", "STATUS"] {
            let call = Call::new(&node, verb, &configuration)
                .pod(&pod)
                .path(&folder);
            // STATUS may say "not available" instead, whatever the reason.
            let codes: &[u64] = if verb == "ADD" { &[7] } else { &[7, 50] };
            call.run()
                .expect_one_of(codes, &name.escape_default().to_string());
        }
        // It never gave anything, so a pod need not wait for it.
        Call::delete(&node, &pod, &configuration)
            .path(&folder)
            .run()
            .expect_silence();
        assert!(
            !std::path::Path::new(SCRATCH).join("executed").exists(),
            "{name} was executed"
        );
        oracle.assert_unchanged();
    }
}
