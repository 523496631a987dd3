//! What comes in on standard input.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::time::Duration;

use cni_harness::{Call, Node, Oracle};
use nix::sys::stat::Mode;
use plumb_tests::configuration::{dual_stack, pool, with};
use serde_json::{Value, json};

/// The read itself fails.
#[test]
fn standard_input_that_cannot_be_read_is_an_error() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for redirection in ["<&-", "</", "</dev/null"] {
        let call = Call::add(&node, &pod, &pool()).by_shell(redirection);
        call.run().expect_one_of(&[5, 6], "");
    }
    oracle.assert_unchanged();
}

/// A named pipe that never comes to its end, with some text in it.
fn endless(node: &Node, name: &str, text: &str) -> (File, String) {
    let path = node.scratch().join(name);
    nix::unistd::mkfifo(&path, Mode::from_bits_truncate(0o600)).expect("make a named pipe");
    let mut options = OpenOptions::new();
    let mut pipe = options.read(true).write(true).open(&path).expect("open it");
    pipe.write_all(text.as_bytes()).expect("fill the pipe");
    (pipe, path.to_string_lossy().into_owned())
}

/// The runtime hangs, or has died and left its end of the pipe to a child.
#[test]
fn standard_input_that_never_ends_is_given_up() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let verbs = ["ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"];
    let mut calls = Vec::new();
    for (number, verb) in verbs.iter().enumerate() {
        for (kind, text) in [("empty", ""), ("whole", &pool().to_string())] {
            let (pipe, path) = endless(&node, &format!("{kind}-{number}"), text);
            let call = Call::new(&node, verb, &json!({}))
                .pod(&pod)
                .deadline(Duration::from_secs(20))
                .by_shell(&format!("<>{path}"));
            calls.push((*verb, pipe, call.start()));
        }
    }
    for (verb, _pipe, call) in calls {
        let outcome = call.finish();
        assert!(outcome.elapsed < Duration::from_secs(12), "{outcome}");
        match verb {
            "VERSION" => drop(outcome.expect_result()),
            _ => drop(outcome.expect_error(5, "standard input: it has not come to its end")),
        }
    }
    let flood = Call::add(&node, &pod, &json!({})).by_shell("</dev/zero");
    flood.run().expect_error(6, "larger than");
    oracle.assert_unchanged();
}

/// Input without an end must not fill the memory of the node.
#[test]
fn a_configuration_of_a_hundred_megabytes_is_refused() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let call = Call::add(&node, &pod, &json!({}))
        .stdin("{\"name\":\"".to_owned() + &"x".repeat(100 << 20) + "\"}");
    let outcome = call.run();
    outcome.expect_failure();
    oracle.assert_unchanged();
}

/// A runtime reads the result into the specification's types: one that it cannot read
/// would cost the pod when all has been done.
#[test]
fn dns_that_no_runtime_could_read_is_refused() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for (dns, said) in [
        (json!("10.1.0.53"), "\"dns\" must be an object"),
        (
            json!({"nameservers": "10.1.0.53"}),
            "\"nameservers\" of \"dns\"",
        ),
        (json!({"Search": [1]}), "\"search\" of \"dns\""),
        (json!({"options": {}}), "\"options\" of \"dns\""),
        (json!({"domain": ["example.org"]}), "\"domain\" of \"dns\""),
    ] {
        let configuration = with(pool(), json!({"dns": dns}));
        Call::add(&node, &pod, &configuration)
            .run()
            .expect_error(7, said);
        node.delete(&pod, &configuration);
        oracle.assert_unchanged();
    }
}

/// Go ignores the case of keys, and containerd relies on it.
#[test]
fn keys_may_be_written_in_any_letter_case() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let configuration = json!({
        "CNIVersion": "1.1.0",
        "NAME": "rail0",
        "Type": "macvlan",
        "Master": "nic0",
        "MODE": "private",
        "Mtu": 1400,
        "Dns": {"Servers": ["10.0.0.1"]},
        "RuntimeConfig": {
            "portMappings": [{"HostPort": 8081, "ContainerPort": 80, "Protocol": "tcp"}],
            "bandwidth": {"IngressRate": 1, "EgressRate": 1},
            "MAC": "02:00:00:00:00:07",
        },
        "IPAM": {"TYPE": "pool", "Pools": [
            {"Name": "p", "SUBNET": "10.1.0.0/24", "Ips": ["10.1.0.10-10.1.0.11"], "excludeips": ["10.1.0.10"], "GateWay": "10.1.0.1"},
        ]},
    });
    let result = node.add(&pod, &configuration);
    let link = pod.link("eth0").expect("eth0 exists");
    assert_eq!(link["mtu"], 1400);
    assert_eq!(link["address"], "02:00:00:00:00:07");
    assert_eq!(link["linkinfo"]["info_data"]["mode"], "private");
    assert_eq!(pod.addresses("eth0"), ["10.1.0.11/24"]);
    let capital = json!({
        "CNIVersion": "1.1.0",
        "Interfaces": [{"Name": "eth0", "Mac": "02:00:00:00:00:07", "Sandbox": pod.path()}],
        "IPs": [{"Interface": 0, "Address": "10.1.0.11/24", "Gateway": "10.1.0.1"}],
        "Routes": [{"Dst": "0.0.0.0/0", "GW": "10.1.0.1"}],
    });
    assert_eq!(result["ips"][0]["address"], capital["IPs"][0]["Address"]);
    let check = with(configuration.clone(), json!({"PrevResult": capital}));
    Call::new(&node, "CHECK", &check)
        .pod(&pod)
        .run()
        .expect_silence();
    Call::new(&node, "DEL", &check)
        .pod(&pod)
        .run()
        .expect_silence();
    oracle.assert_unchanged();
}

/// A pod that an earlier plugin attached by such a configuration must go all the same.
#[test]
fn a_version_that_is_not_spoken_keeps_no_pod_from_being_deleted() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for version in [json!("1.2.0"), json!("banana"), json!(1), json!({})] {
        Call::add(&node, &pod, &pool()).run().expect_result();
        let configuration = with(pool(), json!({"cniVersion": version}));
        Call::new(&node, "DEL", &configuration)
            .pod(&pod)
            .run()
            .expect_silence();
        assert!(pod.link("eth0").is_none(), "{version}");
    }
    oracle.assert_unchanged();
}

/// None means 0.1.0, as the README files of ipoib-cni, of the SR-IOV device plugin and of Multus have it. Its results have
/// one address of each family.
#[test]
fn a_configuration_of_the_oldest_versions_is_answered_in_their_layout() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let versions = [
        (json!(null), "0.1.0"),
        (json!(""), "0.1.0"),
        (json!("0.1.0"), "0.1.0"),
        (json!("0.2.0"), "0.2.0"),
    ];
    for (version, spoken) in versions {
        let configuration = with(dual_stack(), json!({"cniVersion": version}));
        let result = Call::add(&node, &pod, &configuration).run().expect_result();
        assert_eq!(
            result,
            json!({
                "cniVersion": spoken,
                "ip4": {"ip": pod.addresses("eth0")[0], "gateway": "10.1.0.1",
                        "routes": [{"dst": "0.0.0.0/0", "gw": "10.1.0.1"}]},
                "ip6": {"ip": pod.addresses("eth0")[1], "gateway": "fd00:1::1",
                        "routes": [{"dst": "::/0", "gw": "fd00:1::1"}]},
                "dns": {}
            })
        );
        Call::new(&node, "DEL", &configuration)
            .pod(&pod)
            .run()
            .expect_silence();
    }
    oracle.assert_unchanged();
}

/// CHECK came with 0.4.0, STATUS and GC with 1.1.0.
#[test]
fn versions_that_are_not_spoken_are_refused_and_the_spoken_ones_named() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let versions = [
        json!(null),
        json!("0.1.0"),
        json!("0.2.0"),
        json!("1.2.0"),
        json!("1.1"),
        json!("banana"),
        json!(""),
        json!(1),
    ];
    for version in versions {
        let is_spoken = [json!(null), json!(""), json!("0.1.0"), json!("0.2.0")].contains(&version);
        let verbs = ["ADD", "CHECK", "STATUS", "GC"];
        for verb in &verbs[usize::from(is_spoken)..] {
            let configuration = with(pool(), json!({"cniVersion": version}));
            let error = Call::new(&node, verb, &configuration)
                .pod(&pod)
                .run()
                .expect_error(1, "cniVersion");
            let said = format!("{} {}", error.message, error.details);
            assert!(
                said.contains("0.3.1") && said.contains("1.1.0"),
                "the spoken versions are not named: {said}"
            );
        }
    }
    oracle.assert_unchanged();
}

/// `prevResult` is an object or nothing.
#[test]
fn a_previous_result_of_another_kind_is_refused_by_add() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for previous in [
        json!("x"),
        json!([]),
        json!({"ips": "x"}),
        json!({"ips": [{"address": "10.0.0.500/24"}]}),
    ] {
        let configuration: Value = with(pool(), json!({"prevResult": previous}));
        Call::add(&node, &pod, &configuration)
            .run()
            .expect_error(7, "");
    }
    oracle.assert_unchanged();
}
