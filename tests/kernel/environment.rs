//! The `CNI_*` variables (specification, section 2, "Parameters").

use cni_harness::{Call, Oracle};
use plumb_tests::configuration::{pool, with, without_ipam};
use serde_json::{Value, json};

/// Check 1.
#[test]
fn every_verb_is_understood() {
    let node = plumb_tests::node();
    let pod = node.pod();
    Call::version(&node, &pool()).run().expect_result();
    Call::status(&node, &pool()).run().expect_silence();
    let result = node.add(&pod, &pool());
    Call::check(&node, &pod, &pool(), &result)
        .run()
        .expect_silence();
    Call::gc(&node, &pool(), &[(&pod, "eth0")])
        .run()
        .expect_silence();
    node.delete(&pod, &pool());
}

/// Check 2.
#[test]
fn an_unknown_or_missing_command_is_named() {
    let node = plumb_tests::node();
    let oracle = Oracle::new(&node);
    for command in ["", "add", "ADD ", "BOGUS"] {
        let call = Call::new(&node, command, &pool());
        call.run().expect_error(4, "CNI_COMMAND");
    }
    let call = Call::new(&node, "ADD", &pool()).without("CNI_COMMAND");
    call.run().expect_error(4, "CNI_COMMAND");
    oracle.assert_unchanged();
}

/// Check 3: unset and empty are the same.
#[test]
fn every_missing_variable_is_named() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let three = ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"];
    let required = [
        ("ADD", &three[..]),
        ("CHECK", &three[..]),
        ("DEL", &["CNI_CONTAINERID", "CNI_IFNAME"][..]),
    ];
    for (verb, names) in required {
        let call = || Call::new(&node, verb, &pool()).pod(&pod);
        for name in names {
            for call in [call().without(name), call().variable(name, "")] {
                let error = call.run().expect_error(4, name);
                for other in names.iter().filter(|other| *other != name) {
                    assert!(
                        !error.message.contains(other),
                        "{other} is not missing: {}",
                        error.message
                    );
                }
            }
        }
        let nothing = names.iter().fold(call(), |call, name| call.without(name));
        let error = nothing.run().expect_error(4, names[0]);
        for name in names {
            assert!(
                error.message.contains(name),
                "{name} is missing: {}",
                error.message
            );
        }
    }
    oracle.assert_unchanged();
}

/// Check 4: the specification calls `CNI_PATH` optional.
#[test]
fn nothing_needs_cni_path_when_nothing_is_delegated() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let result = Call::add(&node, &pod, &pool())
        .without("CNI_PATH")
        .run()
        .expect_result();
    Call::check(&node, &pod, &pool(), &result)
        .without("CNI_PATH")
        .run()
        .expect_silence();
    Call::status(&node, &pool())
        .without("CNI_PATH")
        .run()
        .expect_silence();
    Call::gc(&node, &pool(), &[(&pod, "eth0")])
        .without("CNI_PATH")
        .run()
        .expect_silence();
    Call::delete(&node, &pod, &pool())
        .without("CNI_PATH")
        .run()
        .expect_silence();
}

/// Check 6: libcni sets all six variables for every verb, to nothing or to `dummy`.
#[test]
fn verbs_without_a_pod_take_variables_that_are_absent_empty_or_dummies() {
    let node = plumb_tests::node();
    let names = ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS"];
    for verb in ["STATUS", "GC", "VERSION"] {
        let configuration = with(pool(), json!({"cni.dev/valid-attachments": []}));
        let call = || Call::new(&node, verb, &configuration);
        let dummies = names
            .iter()
            .fold(call(), |call, name| call.variable(name, "dummy"));
        let absent = names.iter().fold(call(), |call, name| call.without(name));
        for outcome in [call().run(), dummies.run(), absent.run()] {
            assert!(outcome.succeeded(), "{outcome}");
        }
    }
}

/// Check 7.
#[test]
fn container_ids_that_are_not_safe_as_file_names_are_refused() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for id in [
        "../x", "-a", ".a", "_a", "a/b", "a b", "a\n", "\u{e4}", "a;b", "..", "a:b",
    ] {
        for verb in ["ADD", "DEL", "CHECK"] {
            let call = Call::new(&node, verb, &pool())
                .pod(&pod)
                .variable("CNI_CONTAINERID", id);
            call.run().expect_error(4, "CNI_CONTAINERID");
        }
    }
    oracle.assert_unchanged();
}

/// Check 7: what containerd, ctr and cnitool send, and what a record's file name must bear.
#[test]
fn container_ids_of_every_runtime_are_accepted() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let long = "a".repeat(200);
    for id in [
        "a",
        "default-t1",
        "cnitool-18eafe5afdd4e2a5d3c8",
        "A_b.c-d",
        "1..2",
        &"f0".repeat(32),
        &long,
    ] {
        let pod = pod.with_container(id);
        let result = node.add(&pod, &pool());
        Call::check(&node, &pod, &pool(), &result)
            .run()
            .expect_silence();
        node.delete(&pod, &pool());
        oracle.assert_unchanged();
    }
}

/// Two attachments whose parts make the same text when they are joined are still two.
#[test]
fn attachments_with_confusable_names_do_not_meet() {
    let node = plumb_tests::node();
    let (one, two) = (
        node.pod().with_container("a-b"),
        node.pod().with_container("b"),
    );
    let oracle = Oracle::new(&node);
    let first = with(pool(), json!({"name": "net"}));
    let second = with(pool(), json!({"name": "net-a"}));
    node.add(&one, &first);
    let call = |verb: &str, pod, configuration| Call::new(&node, verb, configuration).pod(pod);
    call("ADD", &two, &second).run().expect_result();
    call("DEL", &two, &second).run().expect_silence();
    assert!(
        one.link("eth0").is_some(),
        "the other attachment's interface is gone"
    );
    node.delete(&one, &first);
    oracle.assert_unchanged();
}

/// Check 8: the kernel's rule.
#[test]
fn interface_names_that_the_kernel_cannot_have_are_refused() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let names = [
        "abcdefghijklmnop",
        ".",
        "..",
        "a/b",
        "a:b",
        "a b",
        "a\tb",
        "a\u{2003}b",
        "\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}",
    ];
    for name in names {
        for verb in ["ADD", "DEL", "CHECK"] {
            let call = Call::new(&node, verb, &pool()).pod(&pod).interface(name);
            call.run().expect_error(4, "CNI_IFNAME");
        }
    }
    oracle.assert_unchanged();
}

/// Check 8: bytes are counted, not letters.
#[test]
fn interface_names_of_up_to_fifteen_bytes_work() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for name in [
        "a",
        "abcdefghijklmno",
        "net-1.100",
        "\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}",
    ] {
        let result = Call::add(&node, &pod, &pool())
            .interface(name)
            .run()
            .expect_result();
        assert_eq!(result["interfaces"][0]["name"], name);
        assert!(pod.link(name).is_some(), "there is no {name}");
        Call::delete(&node, &pod, &pool())
            .interface(name)
            .run()
            .expect_silence();
        oracle.assert_unchanged();
    }
}

/// The kernel takes `%d` in a name for a number that it chooses, and keeps `all` and
/// `default` for sysctls of every interface.
#[test]
fn interface_names_with_a_meaning_to_the_kernel_leave_nothing_behind() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for name in ["eth%d", "all", "default"] {
        Call::add(&node, &pod, &pool())
            .interface(name)
            .run()
            .expect_failure();
        oracle.assert_unchanged();
    }
    Call::add(&node, &pod, &pool())
        .interface("lo")
        .run()
        .expect_error(106, "lo");
    oracle.assert_unchanged();
}

/// Checks 9 and 10.
#[test]
fn the_network_needs_a_name_that_is_safe_as_a_file_name() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let names = [
        json!(null),
        json!(""),
        json!("../x"),
        json!("-a"),
        json!("a/b"),
        json!("a b"),
        json!(5),
    ];
    for name in names {
        for verb in ["ADD", "DEL", "CHECK", "STATUS", "GC"] {
            let configuration = with(
                pool(),
                json!({"name": name, "cni.dev/valid-attachments": []}),
            );
            Call::new(&node, verb, &configuration)
                .pod(&pod)
                .run()
                .expect_error(7, "name");
        }
    }
    oracle.assert_unchanged();
}

/// The specification has no limit for a name, a file name has one of 255 bytes. Leases have
/// their own, which is no fault of the state folder. DEL does not care: a pod whose ADD was
/// refused must go.
#[test]
fn a_network_name_is_as_long_as_what_is_stored_under_it_allows() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let named = |configuration: Value, length: usize| {
        with(configuration, json!({"name": "n".repeat(length)}))
    };
    for configuration in [named(pool(), 160), named(without_ipam(), 255)] {
        node.add(&pod, &configuration);
        node.delete(&pod, &configuration);
        oracle.assert_unchanged();
    }
    for length in [161, 255] {
        let too_long = named(pool(), length);
        Call::add(&node, &pod, &too_long)
            .run()
            .expect_error(7, &format!("has {length} bytes"));
        Call::status(&node, &too_long).run().expect_error(50, "160");
        node.delete(&pod, &too_long);
        oracle.assert_unchanged();
    }
}

/// Check 11: the last one is what Multus sends.
#[test]
fn cni_args_may_hold_unknown_repeated_and_odd_pairs() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let arguments = [
        "",
        "IgnoreUnknown=1",
        "FOO=bar",
        "FOO=a=b=c",
        "FOO=bar;",
        ";;",
        "FOO",
        "K8S_POD_NAME=;IP=;MAC=",
        "IgnoreUnknown=true;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod1;K8S_POD_INFRA_CONTAINER_ID=7f0a;\
         K8S_POD_UID=uid-1;K8S_POD_UID=uid-1;IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod1",
    ];
    for arguments in arguments {
        Call::add(&node, &pod, &pool())
            .arguments(arguments)
            .run()
            .expect_result();
        // A runtime may pass other arguments to DEL.
        Call::delete(&node, &pod, &pool())
            .arguments("IgnoreUnknown=1")
            .run()
            .expect_silence();
    }
    oracle.assert_unchanged();
}
