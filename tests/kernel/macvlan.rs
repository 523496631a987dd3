//! The fields of a macvlan network.

use cni_harness::{Call, Oracle, Pod, ip};
use plumb_tests::configuration::{pool, with, without_ipam};
use serde_json::{Value, json};

fn link(pod: &Pod) -> Value {
    pod.link("eth0").expect("eth0 exists")
}

#[test]
fn each_mode_is_the_kernels() {
    let node = plumb_tests::node();
    let oracle = Oracle::new(&node);
    for mode in ["bridge", "private", "vepa", "passthru"] {
        let pod = node.pod();
        let result = node.add(&pod, &with(pool(), json!({"mode": mode})));
        assert_eq!(link(&pod)["linkinfo"]["info_data"]["mode"], mode);
        Call::check(&node, &pod, &with(pool(), json!({"mode": mode})), &result)
            .run()
            .expect_silence();
        node.delete(&pod, &pool());
        pod.remove();
        // A passthru child makes its parent promiscuous; that ends with it.
        oracle.assert_unchanged();
    }
}

#[test]
fn the_mode_is_bridge_when_none_is_given() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let mut configuration = pool();
    configuration
        .as_object_mut()
        .expect("an object")
        .remove("mode");
    for configuration in [configuration, with(pool(), json!({"mode": ""}))] {
        node.add(&pod, &configuration);
        assert_eq!(link(&pod)["linkinfo"]["info_data"]["mode"], "bridge");
        node.delete(&pod, &configuration);
    }
}

/// Go writes `null` for what is not set.
#[test]
fn a_key_that_is_null_is_a_key_that_is_absent() {
    let node = plumb_tests::node();
    let pod = node.pod();
    for key in [
        "mode",
        "mtu",
        "mac",
        "bcqueuelen",
        "linkInContainer",
        "runtimeConfig",
        "args",
        "dns",
        "capabilities",
        "prevResult",
        "stateFolder",
        "logLevel",
        "logFile",
    ] {
        node.add(&pod, &with(pool(), json!({key: null})));
        node.delete(&pod, &pool());
    }
    ip::batch(
        None,
        "address add 192.168.7.2/24 dev nic0\nroute add default via 192.168.7.1\n",
    );
    for key in ["master", "ipam"] {
        node.add(&pod, &with(pool(), json!({key: null})));
        node.delete(&pod, &pool());
    }
}

/// The kernel allows one passthru child: what it says must reach the user.
#[test]
fn a_second_child_beside_passthru_is_refused_and_leaves_nothing() {
    let node = plumb_tests::node();
    let (one, two) = (node.pod(), node.pod());
    node.add(&one, &with(pool(), json!({"mode": "passthru"})));
    let oracle = Oracle::new(&node);
    Call::add(&node, &two, &pool())
        .run()
        .expect_error(100, "nic0");
    oracle.assert_unchanged();
}

#[test]
fn the_mtu_is_the_configured_one_else_the_parents() {
    let node = plumb_tests::node();
    let pod = node.pod();
    for (mtu, expected) in [(json!(1400), 1400), (json!(0), 1500), (json!(1500), 1500)] {
        let result = node.add(&pod, &with(pool(), json!({"mtu": mtu})));
        assert_eq!(link(&pod)["mtu"], expected, "{mtu}");
        assert_eq!(result["interfaces"][0]["mtu"], expected, "{mtu}");
        node.delete(&pod, &pool());
    }
    ip::batch(None, "link set nic0 mtu 9000\n");
    node.add(&pod, &pool());
    assert_eq!(link(&pod)["mtu"], 9000);
}

/// The order is that of the reference plugin: the configuration's own comes last.
#[test]
fn the_hardware_address_is_the_most_specific_one() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let own = with(pool(), json!({"mac": "02:00:00:00:00:01"}));
    let annotated = with(
        own.clone(),
        json!({"args": {"cni": {"mac": "02:00:00:00:00:03"}}}),
    );
    let runtime = with(
        annotated.clone(),
        json!({"runtimeConfig": {"mac": "02:00:00:00:00:04"}}),
    );
    let empty = with(own.clone(), json!({"runtimeConfig": {"mac": ""}}));
    let cases = [
        (&own, "", "02:00:00:00:00:01"),
        (
            &own,
            "IgnoreUnknown=1;MAC=02:00:00:00:00:02",
            "02:00:00:00:00:02",
        ),
        (&annotated, "MAC=02:00:00:00:00:02", "02:00:00:00:00:03"),
        (&runtime, "MAC=02:00:00:00:00:02", "02:00:00:00:00:04"),
        (&empty, "", "02:00:00:00:00:01"),
        (&empty, "MAC=", "02:00:00:00:00:01"),
        (
            &with(pool(), json!({"mac": "02-00-00-00-00-0A"})),
            "",
            "02:00:00:00:00:0a",
        ),
        (&own, "MAC=0200.0000.000b", "02:00:00:00:00:0b"),
    ];
    for (configuration, arguments, expected) in cases {
        let result = Call::add(&node, &pod, configuration)
            .arguments(arguments)
            .run()
            .expect_result();
        assert_eq!(link(&pod)["address"], expected);
        assert_eq!(result["interfaces"][0]["mac"], expected);
        node.delete(&pod, configuration);
    }
}

/// Two interfaces with one address take each other's frames, and nothing says so.
#[test]
fn a_hardware_address_that_is_in_use_on_the_node_is_not_given_again() {
    let node = plumb_tests::node();
    let (first, second, third) = (node.pod(), node.pod(), node.pod());
    // On one parent the kernel refuses it as well, without a word of who has it.

    let elsewhere = with(pool(), json!({"master": "nic1"}));
    let chosen = with(pool(), json!({"mac": "02:00:00:00:00:07"}));
    node.add(&first, &chosen);
    let drawn = node.add(&third, &pool())["interfaces"][0]["mac"].clone();
    let host = ip::link(None, "nic0").expect("the parent")["address"].clone();
    let oracle = Oracle::new(&node);
    for (mac, whose) in [
        (json!("02:00:00:00:00:07"), first.container()),
        (drawn, third.container()),
        (host, "nic0"),
    ] {
        let asked = with(elsewhere.clone(), json!({"mac": mac}));
        let outcome = Call::add(&node, &second, &asked).run();
        outcome.expect_error(111, &format!("hardware address {}", mac.as_str().unwrap()));
        outcome.expect_error(111, whose);
        oracle.assert_unchanged();
    }
    // What a pod does with its own interfaces, such as a bond of two, is its own affair.
    let own = with(elsewhere, json!({"mac": "02:00:00:00:00:07"}));
    Call::add(&node, &first, &own)
        .interface("net2")
        .run()
        .expect_result();
    node.delete(&first, &chosen);
    Call::delete(&node, &first, &own)
        .interface("net2")
        .run()
        .expect_silence();
    node.add(&second, &chosen);
    assert_eq!(link(&second)["address"], "02:00:00:00:00:07");
    // A pod that is gone without a DEL has no address.
    second.remove();
    node.add(&first, &own);
    node.delete(&first, &own);
}

/// udev gives names such as `enx525400123456` and longer ones.
#[test]
fn the_parent_may_be_named_by_an_alternative_name_however_long() {
    let node = plumb_tests::node();
    let pod = node.pod();
    for name in ["rail0", "a-rail-with-a-name-of-more-than-fifteen-bytes"] {
        ip::batch(
            None,
            &format!("link property add dev nic0 altname {name}\n"),
        );
        node.add(&pod, &with(pool(), json!({"master": name})));
        assert!(pod.link("eth0").is_some());
        node.delete(&pod, &pool());
    }
    for absent in [
        "another-rail-with-a-name-of-more-than-fifteen-bytes".to_owned(),
        "x".repeat(200),
    ] {
        let outcome = Call::add(&node, &pod, &with(pool(), json!({"master": absent}))).run();
        outcome.expect_error(50, "no interface");
    }
}

#[test]
fn the_length_of_the_broadcast_queue_is_set() {
    let node = plumb_tests::node();
    let pod = node.pod();
    node.add(&pod, &with(pool(), json!({"bcqueuelen": 4321})));
    assert_eq!(link(&pod)["linkinfo"]["info_data"]["bcqueuelen"], 4321);
}

/// The kernel makes it on the link below that one, beside it.
#[test]
fn the_parent_may_be_a_macvlan_itself() {
    let node = plumb_tests::node();
    ip::batch(
        None,
        "link add low0 link nic1 type macvlan\nlink set low0 up\n",
    );
    let pod = node.pod();
    let configuration = with(pool(), json!({"master": "low0"}));
    let oracle = Oracle::new(&node);
    let result = node.add(&pod, &configuration);
    let below = ip::link(None, "nic1").expect("nic1 exists");
    assert_eq!(link(&pod)["link_index"], below["ifindex"]);
    Call::check(&node, &pod, &configuration, &result)
        .run()
        .expect_silence();
    node.delete(&pod, &configuration);
    oracle.assert_unchanged();
}

/// The parent is in the pod: another plugin of the chain moved it there.
#[test]
fn the_parent_may_be_in_the_pod() {
    let node = plumb_tests::node();
    let pod = node.pod();
    pod.ip("link add lower type veth peer name lowerp");
    pod.ip("link set lower up");
    let configuration = with(pool(), json!({"linkInContainer": true, "master": "lower"}));
    let oracle = Oracle::new(&node);
    let result = node.add(&pod, &configuration);
    assert_eq!(link(&pod)["link"], "lower");
    Call::check(&node, &pod, &configuration, &result)
        .run()
        .expect_silence();
    node.delete(&pod, &configuration);
    oracle.assert_unchanged();
    // A link of that name on the node is not meant.
    let wrong = with(pool(), json!({"linkInContainer": true, "master": "nic0"}));
    Call::add(&node, &pod, &wrong)
        .run()
        .expect_error(50, "nic0");
    oracle.assert_unchanged();
}

#[test]
fn without_a_master_the_link_of_the_default_route_is_taken() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let mut configuration = pool();
    configuration
        .as_object_mut()
        .expect("an object")
        .remove("master");
    let oracle = Oracle::new(&node);
    Call::add(&node, &pod, &configuration)
        .run()
        .expect_one_of(&[7, 50], "default route");
    oracle.assert_unchanged();
    ip::batch(
        None,
        "address add 192.168.7.2/24 dev nic1\nroute add default via 192.168.7.1\n",
    );
    let oracle = Oracle::new(&node);
    node.add(&pod, &configuration);
    let parent = ip::link(None, "nic1").expect("nic1 exists");
    assert_eq!(link(&pod)["link_index"], parent["ifindex"]);
    node.delete(&pod, &configuration);
    oracle.assert_unchanged();
}

/// An interface without carrier can be attached; the cable may come later.
#[test]
fn a_parent_that_is_down_is_no_obstacle() {
    let node = plumb_tests::node();
    let pod = node.pod();
    ip::batch(None, "link set nic0 down\n");
    let oracle = Oracle::new(&node);
    let outcome = Call::add(&node, &pod, &without_ipam()).run();
    if !outcome.succeeded() {
        // The kernel refuses to set a child up; that must be said, and undone.
        outcome.expect_one_of(&[50, 100], "");
        oracle.assert_unchanged();
    }
    node.delete(&pod, &without_ipam());
    oracle.assert_unchanged();
}

#[test]
fn the_flavour_may_be_named_instead_of_the_plugin() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let configuration = with(
        pool(),
        json!({"type": "plumb", "flavour": "macvlan-shared"}),
    );
    let oracle = Oracle::new(&node);
    let result = node.add(&pod, &configuration);
    assert_eq!(link(&pod)["linkinfo"]["info_kind"], "macvlan");
    Call::check(&node, &pod, &configuration, &result)
        .run()
        .expect_silence();
    Call::status(&node, &configuration).run().expect_silence();
    node.delete(&pod, &configuration);
    oracle.assert_unchanged();
}

/// On a kernel without ipvlan this proves that its refusal is reported and undone.
#[test]
fn ipvlan_works_where_the_kernel_has_it_and_is_refused_cleanly_where_not() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let probe = std::process::Command::new("ip")
        .args("link add probe link nic0 type ipvlan".split(' '))
        .output();
    let has_ipvlan = probe.expect("run ip").status.success();
    if has_ipvlan {
        ip::batch(None, "link delete probe\n");
    }
    let configuration = with(pool(), json!({"type": "ipvlan", "mode": "l2"}));
    let oracle = Oracle::new(&node);
    let outcome = Call::add(&node, &pod, &configuration).run();
    match has_ipvlan {
        true => {
            let result = outcome.expect_result();
            assert_eq!(link(&pod)["linkinfo"]["info_kind"], "ipvlan");
            Call::check(&node, &pod, &configuration, &result)
                .run()
                .expect_silence();
        }
        false => drop(outcome.expect_one_of(&[50, 100], "ipvlan")),
    }
    node.delete(&pod, &configuration);
    oracle.assert_unchanged();
}
