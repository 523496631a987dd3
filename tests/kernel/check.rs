//! CHECK: the kernel compared with the record and the previous result.

use cni_harness::{Call, Delegate, Node, Pod};
use plumb_tests::configuration::{delegated, pool, with};
use serde_json::{Value, json};

#[test]
fn check_needs_the_previous_result() {
    let node = plumb_tests::node();
    let pod = node.pod();
    node.add(&pod, &pool());
    Call::new(&node, "CHECK", &pool())
        .pod(&pod)
        .run()
        .expect_error(7, "prevResult");
    Call::check(&node, &pod, &pool(), &Value::Null)
        .run()
        .expect_error(7, "prevResult");
}

#[test]
fn check_of_what_was_never_added_fails() {
    let node = plumb_tests::node();
    let (pod, other) = (node.pod(), node.pod());
    let result = node.add(&pod, &pool());
    Call::check(&node, &other, &pool(), &result)
        .run()
        .expect_failure();
}

/// One change each, and what the message has to name.
#[test]
fn every_difference_is_found_and_named() {
    let node = plumb_tests::node();
    // One address of each family, so that every pod of the loop gets the same.
    let configuration = with(
        pool(),
        json!({"ipam": {"type": "pool", "pools": [
            {"name": "p", "subnet": "10.1.0.0/24", "ips": ["10.1.0.10"], "gateway": "10.1.0.1"},
            {"name": "p6", "subnet": "fd00:1::/64", "ips": ["fd00:1::10"], "gateway": "fd00:1::1"},
        ]}}),
    );
    let differences: [(&[&str], &str); 8] = [
        (&["link delete eth0"], "eth0"),
        (&["link set eth0 down", "link set eth0 name other"], "eth0"),
        (&["link set eth0 down"], "eth0"),
        (&["address delete 10.1.0.10/24 dev eth0"], "10.1.0.10"),
        (&["address delete fd00:1::10/64 dev eth0"], "fd00:1::10"),
        (&["route delete default"], "default"),
        (
            &["link set eth0 address 02:00:00:00:00:99"],
            "02:00:00:00:00:99",
        ),
        (&["link set eth0 type macvlan mode private"], "mode"),
    ];
    for (changes, named) in differences {
        let pod = node.pod();
        let result = node.add(&pod, &configuration);
        for change in changes {
            pod.ip(change);
        }
        let error = Call::check(&node, &pod, &configuration, &result)
            .run()
            .expect_error(110, "");
        let said = format!("{} {}", error.message, error.details);
        assert!(
            said.contains(named),
            "after {changes:?} the error does not name {named}: {said}"
        );
        node.delete(&pod, &configuration);
    }
}

#[test]
fn a_namespace_that_is_gone_or_another_one_is_found() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let result = node.add(&pod, &pool());
    pod.remove();
    Call::check(&node, &pod, &pool(), &result)
        .run()
        .expect_failure();
    pod.mount_again();
    Call::check(&node, &pod, &pool(), &result)
        .run()
        .expect_failure();
}

/// The previous result is that of the whole chain.
#[test]
fn a_change_that_the_previous_result_tells_of_is_tolerated() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let mut result = node.add(&pod, &pool());
    pod.ip("link set eth0 address 02:00:00:00:00:99");
    result["interfaces"][0]["mac"] = "02:00:00:00:00:99".into();
    pod.ip("link set eth0 mtu 1300");
    result["interfaces"][0]["mtu"] = 1300.into();
    Call::check(&node, &pod, &pool(), &result)
        .run()
        .expect_silence();
    // Multus takes default routes away when another network asks for it.
    pod.ip("route delete default");
    Call::check(&node, &pod, &pool(), &result)
        .run()
        .expect_error(110, "");
    result["routes"] = json!([]);
    Call::check(&node, &pod, &pool(), &result)
        .run()
        .expect_silence();
}

/// The lease belongs to the attachment as much as the link.
#[test]
fn a_previous_result_with_a_foreign_address_is_found() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let mut result = node.add(&pod, &pool());
    result["ips"][0]["address"] = "10.1.0.44/24".into();
    Call::check(&node, &pod, &pool(), &result)
        .run()
        .expect_error(110, "10.1.0.44");
}

#[test]
fn the_delegate_is_checked_with_the_same_environment_and_input() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let delegate = Delegate::new(&node, "recorder");
    let configuration = delegated(json!({"type": "recorder"}));
    let result = Call::add(&node, &pod, &configuration)
        .path(&delegate.path())
        .run()
        .expect_result();
    let call = check_by(&node, &pod, &configuration, &result, &delegate);
    let input = call.input().to_vec();
    call.run().expect_silence();
    let last = delegate.calls().pop().expect("the delegate was called");
    assert_eq!(last.environment["CNI_COMMAND"], "CHECK");
    assert_eq!(last.stdin, input);
    delegate.answers("CHECK", r#"echo '{"code": 123, "msg": "lost it"}'; exit 1"#);
    check_by(&node, &pod, &configuration, &result, &delegate)
        .run()
        .expect_error(123, "lost it");
}

fn check_by(
    node: &Node,
    pod: &Pod,
    configuration: &Value,
    result: &Value,
    delegate: &Delegate,
) -> Call {
    Call::check(node, pod, configuration, result).path(&delegate.path())
}
