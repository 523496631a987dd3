//! The type `ifacer` in front of another plugin in a chain, as far as it makes nothing: a kernel without VLANs and bonds is
//! enough. What it makes is tested in the test bed (`tests/testbed/tests/ifacer`).

use cni_harness::{Call, Oracle, ip, result};
use plumb_tests::configuration::{VERSIONS, pool, with};
use plumb_tests::policy;
use serde_json::{Value, json};

fn ifacer(keys: Value) -> Value {
    let network = json!({"cniVersion": "1.0.0", "name": "rail0", "type": "ifacer"});
    with(network, keys)
}

fn bond() -> Value {
    ifacer(json!({"interfaces": ["nic0", "nic1"], "bond": {"mode": 1}}))
}

/// Nothing is to be made where one interface has no VLAN: what is printed is what the next plugin gets.
#[test]
fn the_plugin_behind_it_attaches_as_if_it_were_the_first() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for version in VERSIONS {
        let version = json!({"cniVersion": version});
        let first = with(
            ifacer(json!({"interfaces": ["nic0"], "vlanID": 0})),
            version.clone(),
        );
        let second = with(pool(), version);
        let printed = node.add(&pod, &first);
        assert!(pod.link("eth0").is_none());
        assert!(result::addresses(&printed).is_empty(), "{printed}");
        let second = with(second, json!({"prevResult": printed}));
        let added = node.add(&pod, &second);
        // Older results have one address under another key.
        let addresses = pod.addresses("eth0");
        assert_eq!(addresses.len(), 1, "{addresses:?}");
        assert!(added.to_string().contains(&addresses[0]), "{added}");
        node.delete(&pod, &second);
        node.delete(&pod, &first);
        oracle.assert_unchanged();
    }
}

#[test]
fn the_result_of_a_plugin_before_it_is_passed_on() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let added = node.add(&pod, &pool());
    let behind = ifacer(json!({
        "cniVersion": "1.1.0", "interfaces": ["nic0"], "prevResult": added
    }));
    assert_eq!(node.add(&pod, &behind), added);
    Call::check(&node, &pod, &behind, &added)
        .run()
        .expect_silence();
    node.delete(&pod, &behind);
    node.delete(&pod, &pool());
}

#[test]
fn an_interface_that_is_not_there_is_named_beside_those_that_are() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let configuration = ifacer(json!({"interfaces": ["nic7"], "vlanID": 5}));
    let add = Call::add(&node, &pod, &configuration).run();
    let error = add.expect_error(50, "nic7");
    assert!(
        error.message.contains("there are: lo, nic1, nic0"),
        "{error:?}"
    );
    let configuration = with(configuration, json!({"cniVersion": "1.1.0"}));
    Call::status(&node, &configuration)
        .run()
        .expect_error(50, "nic7");
    node.delete(&pod, &configuration);
    oracle.assert_unchanged();
}

/// The node would be cut off, as if somebody had pulled the cable.
#[test]
fn the_interface_of_the_nodes_default_route_becomes_no_member_of_a_bond() {
    let node = plumb_tests::node();
    let pod = node.pod();
    ip::batch(
        None,
        "address add 192.0.2.5/24 dev nic1\nroute add default via 192.0.2.1\n",
    );
    policy::write("");
    let oracle = Oracle::new(&node);
    for rules in [
        "",
        "[networks]\nparents = [\"nic*\"]\n",
        "profile = \"shared\"\n[networks]\nflavours = [\"ifacer\"]\nparents = [\"nic*\"]\n",
    ] {
        policy::write(rules);
        let add = Call::add(&node, &pod, &bond()).run();
        let error = add.expect_error(108, "nic1");
        assert!(error.message.contains("letter for letter"), "{error:?}");
        node.delete(&pod, &bond());
        policy::write("");
        oracle.assert_unchanged();
    }
    // Named, it is the administrator's own wish: what comes then is the kernel's word on bonds.
    policy::write("[networks]\nparents = [\"nic0\", \"nic1\"]\n");
    let outcome = Call::add(&node, &pod, &bond()).run();
    if !outcome.succeeded() {
        outcome.expect_error(100, "create bond");
    }
    node.delete(&pod, &bond());
    policy::write("");
}
