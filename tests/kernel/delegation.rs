//! IPAM plugins of others (specification, section 4).

use std::fs;
use std::time::Duration;

use cni_harness::delegate::ANSWER;
use cni_harness::node::SCRATCH;
use cni_harness::{Call, Delegate, Node, Oracle, PACKAGED_PLUGINS, Pod, result, script, wait};
use plumb_tests::configuration::{delegated, host_local, with};
use plumb_tests::state::records;
use serde_json::{Value, json};

const VARIABLES: [&str; 6] = [
    "CNI_COMMAND",
    "CNI_CONTAINERID",
    "CNI_NETNS",
    "CNI_IFNAME",
    "CNI_ARGS",
    "CNI_PATH",
];

fn recorder() -> Value {
    delegated(json!({"type": "recorder", "kept": {"as": "it is"}}))
}

fn call(node: &Node, verb: &str, pod: &Pod, delegate: &Delegate) -> Call {
    Call::new(node, verb, &recorder())
        .pod(pod)
        .path(&delegate.path())
}

/// With the replaced plugins an `ipam` that names nothing gives nothing, and the interface is there without an address.
#[test]
fn an_ipam_without_a_type_is_none() {
    let node = plumb_tests::node();
    for ipam in [
        json!({"type": ""}),
        json!({"type": null}),
        json!({"type": "", "subnet": "10.9.0.0/24"}),
        json!({"subnet": "10.9.0.0/24"}),
        json!({}),
    ] {
        let pod = node.pod();
        let oracle = Oracle::new(&node);
        let configuration = delegated(ipam.clone());
        let outcome = Call::add(&node, &pod, &configuration).run();
        let added = outcome.expect_result();
        assert!(result::addresses(&added).is_empty(), "{ipam}: {added}");
        assert!(pod.link("eth0").is_some(), "{ipam}");
        assert_eq!(
            outcome.stderr.contains("subnet mean nothing"),
            ipam.get("subnet").is_some(),
            "{outcome}"
        );
        Call::check(&node, &pod, &configuration, &added)
            .run()
            .expect_silence();
        Call::status(&node, &configuration).run().expect_silence();
        node.delete(&pod, &configuration);
        oracle.assert_unchanged();
    }
    // ipvlan cannot do without, by the reference's rule.
    let ipvlan = with(
        delegated(json!({"type": ""})),
        json!({"type": "ipvlan", "mode": "l2"}),
    );
    Call::add(&node, &node.pod(), &ipvlan)
        .run()
        .expect_error(7, "ipam");
}

/// As plugins of before 0.3.0 answer, and those that do not look at the version they are asked in.
#[test]
fn an_answer_in_the_layout_of_0_2_0_is_understood() {
    let node = plumb_tests::node();
    let delegate = Delegate::new(&node, "recorder");
    let pod = node.pod();
    delegate.answers(
        "ADD",
        r#"echo '{"cniVersion":"0.2.0","ip4":{"ip":"10.9.0.5/24","gateway":"10.9.0.1","routes":[{"dst":"0.0.0.0/0"},{"dst":"10.99.0.0/16","gw":"10.9.0.2"}]},"ip6":{"ip":"fd00:9::5/64"},"dns":{"nameservers":["10.9.0.3"]}}'"#,
    );
    let oracle = Oracle::new(&node);
    for version in &plumb_tests::configuration::VERSIONS[2..] {
        let configuration = with(recorder(), json!({"cniVersion": version}));
        let add = Call::add(&node, &pod, &configuration).path(&delegate.path());
        let added = add.run().expect_result();
        result::assert_layout(&added, version, &pod);
        assert_eq!(
            pod.addresses("eth0"),
            ["10.9.0.5/24", "fd00:9::5/64"],
            "{version}"
        );
        assert_eq!(pod.addresses("eth0"), result::addresses(&added));
        assert_eq!(added["dns"]["nameservers"][0], "10.9.0.3");
        let gateway = |destination: &str| {
            let routes = pod.routes("-4");
            let route = routes.iter().find(|route| route["dst"] == destination);
            route.expect("the route is there")["gateway"].clone()
        };
        assert_eq!(gateway("default"), "10.9.0.1");
        assert_eq!(gateway("10.99.0.0/16"), "10.9.0.2");
        Call::delete(&node, &pod, &configuration)
            .path(&delegate.path())
            .run()
            .expect_silence();
        oracle.assert_unchanged();
    }
}

/// The reference IPAM plugins, in the versions that they speak.
#[test]
fn host_local_works_from_end_to_end() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for version in ["0.3.1", "0.4.0", "1.0.0"] {
        let configuration = with(delegated(host_local()), json!({"cniVersion": version}));
        let added = node.add(&pod, &configuration);
        result::assert_layout(&added, version, &pod);
        assert_eq!(
            result::addresses(&added).len(),
            2,
            "one of each family: {added}"
        );
        assert_eq!(pod.addresses("eth0"), result::addresses(&added));
        if version != "0.3.1" {
            Call::check(&node, &pod, &configuration, &added)
                .run()
                .expect_silence();
        }
        let default = pod
            .routes("-4")
            .into_iter()
            .find(|route| route["dst"] == "default");
        assert_eq!(default.expect("a default route")["gateway"], "10.2.0.1");
        node.delete(&pod, &configuration);
        oracle.assert_unchanged();
    }
}

#[test]
fn the_static_plugin_works_from_end_to_end() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let ipam = json!({
        "type": "static",
        "addresses": [{"address": "10.4.0.7/24", "gateway": "10.4.0.1"}, {"address": "fd00:4::7/64"}],
        "routes": [{"dst": "10.44.0.0/16", "gw": "10.4.0.1"}],
        "dns": {"nameservers": ["10.4.0.53"]},
    });
    let configuration = with(delegated(ipam), json!({"cniVersion": "1.0.0"}));
    let added = node.add(&pod, &configuration);
    assert_eq!(pod.addresses("eth0"), ["10.4.0.7/24", "fd00:4::7/64"]);
    assert_eq!(added["dns"]["nameservers"], json!(["10.4.0.53"]));
    assert!(
        pod.routes("-4")
            .iter()
            .any(|route| route["dst"] == "10.44.0.0/16"),
        "{:?}",
        pod.routes("-4")
    );
    Call::check(&node, &pod, &configuration, &added)
        .run()
        .expect_silence();
    node.delete(&pod, &configuration);
    oracle.assert_unchanged();
}

#[test]
fn the_delegate_gets_the_same_environment_and_input() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let delegate = Delegate::new(&node, "recorder");
    let arguments = "IgnoreUnknown=1;K8S_POD_NAME=x;ODD=a=b;;";
    let mut inputs = Vec::new();
    for verb in ["ADD", "DEL"] {
        // White space and the order of keys are kept as well.
        let text = format!(
            "  {}\n\n",
            call(&node, verb, &pod, &delegate).input().escape_ascii()
        )
        .replace("\\\"", "\"");
        let call = call(&node, verb, &pod, &delegate)
            .arguments(arguments)
            .variable("OTHER", "kept")
            .stdin(text);
        inputs.push(call.clone());
        let outcome = call.run();
        assert!(outcome.succeeded(), "{outcome}");
    }
    let calls = delegate.calls();
    assert_eq!(delegate.verbs(), ["ADD", "DEL"]);
    for (call, recorded) in inputs.iter().zip(&calls) {
        assert_eq!(
            String::from_utf8_lossy(&recorded.stdin),
            String::from_utf8_lossy(call.input())
        );
        for name in VARIABLES.iter().chain(&["OTHER", "PATH"]) {
            assert_eq!(
                recorded.environment.get(*name),
                call.environment().get(*name),
                "{name}"
            );
        }
    }
}

/// The folders in order, a regular file that can be executed.
#[test]
fn the_delegate_is_looked_for_in_every_folder_of_cni_path() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let delegate = Delegate::new(&node, "recorder");
    let decoy = format!("{SCRATCH}/decoy");
    fs::create_dir_all(format!("{decoy}/folder/recorder")).expect("make a folder of that name");
    fs::create_dir_all(format!("{decoy}/data")).expect("make a folder");
    fs::write(format!("{decoy}/data/recorder"), "not executable").expect("write a file");
    let path = format!(
        "/nowhere::{decoy}/folder:{decoy}/data:{}:{}",
        delegate.path(),
        PACKAGED_PLUGINS
    );
    call(&node, "ADD", &pod, &delegate)
        .path(&path)
        .run()
        .expect_result();
    call(&node, "DEL", &pod, &delegate)
        .path(&path)
        .run()
        .expect_silence();
    assert_eq!(delegate.verbs(), ["ADD", "DEL"]);
}

#[test]
fn a_delegate_that_is_not_there_is_named_with_the_folders() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let configuration = delegated(json!({"type": "no-such-plugin"}));
    for path in ["/one:/two", ""] {
        let error = Call::add(&node, &pod, &configuration)
            .path(path)
            .run()
            .expect_error(105, "no-such-plugin");
        assert!(
            path.split(':').all(|folder| error.message.contains(folder)),
            "{}",
            error.message
        );
        oracle.assert_unchanged();
        Call::delete(&node, &pod, &configuration)
            .path(path)
            .run()
            .expect_silence();
        oracle.assert_unchanged();
    }
}

/// Every way to fail; nothing is left, and the delegate got a DEL.
#[test]
fn a_delegate_that_fails_leaves_nothing_and_gets_a_del() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let delegate = Delegate::new(&node, "recorder");
    let failures = [
        (
            r#"echo '{"cniVersion": "1.0.0", "code": 123, "msg": "no more addresses"}'; exit 1"#,
            123,
            "no more addresses",
        ),
        (
            r#"echo '{"code": 11, "msg": "busy", "details": "later"}'; exit 1"#,
            11,
            "busy",
        ),
        ("exit 1", 105, "recorder"),
        ("exit 3", 105, "recorder"),
        ("echo garbage; exit 1", 105, "recorder"),
        ("kill -9 $$", 105, "recorder"),
        ("kill -SEGV $$", 105, "recorder"),
        ("echo garbage", 105, "garbage"),
        ("true", 105, "empty"),
        ("echo null", 105, "recorder"),
        ("echo '[]'", 105, "recorder"),
        (r#"echo '{"ips": "x"}'"#, 7, "ips"),
        (
            r#"echo '{"ips": [{"address": "10.9.0.500/24"}]}'"#,
            7,
            "10.9.0.500/24",
        ),
        (
            r#"echo '{"ips": [{"address": "10.9.0.5/24"}], "routes": [{"dst": "nonsense"}]}'"#,
            7,
            "nonsense",
        ),
        (
            r#"echo '{"ips": [{"address": "10.9.0.5/24"}]}'; echo '{}'"#,
            105,
            "recorder",
        ),
    ];
    for (shell, code, text) in failures {
        delegate.answers("ADD", shell);
        let oracle = Oracle::new(&node);
        let before = delegate.calls().len();
        let error = call(&node, "ADD", &pod, &delegate).run().expect_failure();
        // A result that cannot be understood is the delegate's fault, not the user's.
        let codes = if code == 7 { vec![7, 105] } else { vec![code] };
        assert!(codes.contains(&error.code), "{shell}: {error:?}");
        let said = format!("{} {}", error.message, error.details);
        assert!(said.contains(text), "{shell}: {error:?}");
        oracle.assert_unchanged();
        assert_eq!(delegate.verbs()[before..], ["ADD", "DEL"], "{shell}");
        call(&node, "DEL", &pod, &delegate).run().expect_silence();
        oracle.assert_unchanged();
    }
    delegate.answers("ADD", ANSWER);
    call(&node, "ADD", &pod, &delegate).run().expect_result();
}

/// Read as a host's own address it would cut the pod off from its gateway.
#[test]
fn an_address_of_the_delegate_without_a_prefix_is_refused() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let delegate = Delegate::new(&node, "recorder");
    delegate.answers("ADD", r#"echo '{"ips": [{"address": "10.9.0.5"}]}'"#);
    let oracle = Oracle::new(&node);
    let add = call(&node, "ADD", &pod, &delegate).run();
    add.expect_one_of(&[7, 105], "10.9.0.5");
    oracle.assert_unchanged();
}

/// What comes after the delegate fails.
#[test]
fn an_add_that_fails_later_gives_the_delegates_address_back() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let delegate = Delegate::new(&node, "recorder");
    // A gateway that no address reaches: the kernel refuses the route.
    delegate.answers("ADD", r#"echo '{"ips":[{"address":"10.9.0.5/24"}],"routes":[{"dst":"10.99.0.0/16","gw":"192.168.77.1"}]}'"#);
    let oracle = Oracle::new(&node);
    let add = call(&node, "ADD", &pod, &delegate);
    let input = add.input().to_vec();
    add.run().expect_error(100, "10.99.0.0/16");
    oracle.assert_unchanged();
    assert_eq!(delegate.verbs(), ["ADD", "DEL"]);
    let rollback = delegate.calls().pop().expect("the delegate was called");
    assert_eq!(rollback.stdin, input);
    assert_eq!(rollback.environment["CNI_CONTAINERID"], pod.container());
    assert_eq!(rollback.environment["CNI_NETNS"], pod.path());
    assert_eq!(rollback.environment["CNI_IFNAME"], "eth0");
}

/// Own things first, then the delegate's error, which a retry may mend.
#[test]
fn a_delegate_that_fails_at_del_does_not_keep_the_interface() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let delegate = Delegate::new(&node, "recorder");
    let oracle = Oracle::new(&node);
    call(&node, "ADD", &pod, &delegate).run().expect_result();
    delegate.answers("DEL", r#"echo '{"code": 11, "msg": "not now"}'; exit 1"#);
    let outcome = call(&node, "DEL", &pod, &delegate).run();
    outcome.expect_error(11, "not now");
    assert!(pod.link("eth0").is_none(), "eth0 is still there");
    // The record must stay, or nobody would ask the delegate again.
    assert!(!records().is_empty(), "the record is gone");
    delegate.answers("DEL", "true");
    call(&node, "DEL", &pod, &delegate).run().expect_silence();
    oracle.assert_unchanged();
    assert_eq!(delegate.verbs(), ["ADD", "DEL", "DEL"]);
}

/// What the delegate of a DEL has started is killed with it.
#[test]
fn a_delegate_that_hangs_at_del_is_killed_with_its_children() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let delegate = Delegate::new(&node, "recorder");
    let oracle = Oracle::new(&node);
    call(&node, "ADD", &pod, &delegate).run().expect_result();
    delegate.answers("DEL", "sleep 1000 & sleep 1000");
    // CRI-O gives a DEL one minute.
    let outcome = call(&node, "DEL", &pod, &delegate)
        .deadline(Duration::from_secs(55))
        .run();
    outcome.expect_error(105, "recorder");
    assert!(pod.link("eth0").is_none(), "eth0 is still there");
    delegate.answers("DEL", "true");
    call(&node, "DEL", &pod, &delegate).run().expect_silence();
    oracle.assert_unchanged();
}

/// As for DEL: what the delegate of an ADD has started is killed with it.
#[test]
fn a_delegate_that_hangs_at_add_is_killed_and_gets_a_del() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let delegate = Delegate::new(&node, "recorder");
    let oracle = Oracle::new(&node);
    delegate.answers("ADD", "sleep 1000 & sleep 1000");
    let outcome = call(&node, "ADD", &pod, &delegate)
        .deadline(Duration::from_secs(90))
        .run();
    outcome.expect_error(105, "recorder");
    oracle.assert_unchanged();
    assert_eq!(delegate.verbs(), ["ADD", "DEL"]);
}

/// A delegate need not read its input, and may say a lot.
#[test]
fn a_delegate_that_does_not_read_or_says_too_much_is_no_trouble() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let delegate = Delegate::new(&node, "recorder");
    let silent = format!("{SCRATCH}/silent");
    fs::create_dir_all(&silent).expect("make a folder");
    let text = format!("#!/bin/sh\nexec <&-\n[ $CNI_COMMAND = ADD ] && {ANSWER}\nexit 0\n");
    script::write(format!("{silent}/recorder"), &text);
    let large = with(recorder(), json!({"padding": "x".repeat(1 << 20)}));
    Call::add(&node, &pod, &large)
        .path(&silent)
        .run()
        .expect_result();
    Call::delete(&node, &pod, &large)
        .path(&silent)
        .run()
        .expect_silence();
    let oracle = Oracle::new(&node);
    delegate.answers("ADD", "head -c 50000000 /dev/zero | tr '\\0' x");
    call(&node, "ADD", &pod, &delegate)
        .run()
        .expect_error(105, "recorder");
    oracle.assert_unchanged();
}

/// An IPAM result of any version; index and interfaces are ours.
#[test]
fn the_delegates_result_is_read_in_every_layout() {
    let node = plumb_tests::node();
    let delegate = Delegate::new(&node, "recorder");
    let answers = [
        r#"{"cniVersion":"0.3.1","ips":[{"version":"4","address":"10.9.0.5/24","gateway":"10.9.0.1"}],"dns":{}}"#,
        r#"{"cniVersion":"1.0.0","ips":[{"address":"10.9.0.5/24","gateway":"10.9.0.1"}]}"#,
        r#"{"ips":[{"address":"10.9.0.5/24","gateway":"10.9.0.1"}]}"#,
        r#"{"CNIVersion":"1.0.0","IPs":[{"Address":"10.9.0.5/24","Gateway":"10.9.0.1","interface":-1}],"routes":null}"#,
        r#"{"cniVersion":"1.0.0","ips":[{"address":"10.9.0.5/24","gateway":"10.9.0.1","interface":7}],"interfaces":[]}"#,
    ];
    for answer in answers {
        let pod = node.pod();
        delegate.answers("ADD", &format!("echo '{answer}'"));
        let added = call(&node, "ADD", &pod, &delegate).run().expect_result();
        result::assert_layout(&added, "1.1.0", &pod);
        assert_eq!(
            added["ips"],
            json!([{"address": "10.9.0.5/24", "gateway": "10.9.0.1", "interface": 0}]),
            "{answer}"
        );
        assert_eq!(pod.addresses("eth0"), ["10.9.0.5/24"]);
    }
}

/// Routes without a gateway of their own go by the gateway of the address.
#[test]
fn routes_of_the_delegate_are_set() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let delegate = Delegate::new(&node, "recorder");
    delegate.answers("ADD", r#"echo '{"ips":[{"address":"10.9.0.5/24","gateway":"10.9.0.1"}],"routes":[{"dst":"10.99.0.0/16"},{"dst":"10.98.0.0/16","gw":"10.9.0.2","mtu":1300,"priority":77}]}'"#);
    let added = call(&node, "ADD", &pod, &delegate).run().expect_result();
    let routes = pod.routes("-4");
    let route = |destination: &str| {
        routes
            .iter()
            .find(|route| route["dst"] == destination)
            .cloned()
            .unwrap_or_default()
    };
    assert_eq!(route("10.99.0.0/16")["gateway"], "10.9.0.1", "{routes:?}");
    assert_eq!(route("10.98.0.0/16")["gateway"], "10.9.0.2", "{routes:?}");
    assert_eq!(route("10.98.0.0/16")["metric"], 77, "{routes:?}");
    Call::check(&node, &pod, &recorder(), &added)
        .path(&delegate.path())
        .run()
        .expect_silence();
}

/// Debian's host-local ends at 1.0.0. What cannot be added needs no release, so nothing
/// may be left that would hold up the pod's DEL.
#[test]
fn a_delegate_that_does_not_speak_the_version_leaves_nothing_behind() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let configuration = with(delegated(host_local()), json!({"cniVersion": "1.1.0"}));
    let error = Call::add(&node, &pod, &configuration)
        .run()
        .expect_error(1, "host-local");
    assert!(error.details.contains("1.1.0"), "{}", error.details);
    oracle.assert_unchanged();
    Call::delete(&node, &pod, &configuration)
        .run()
        .expect_silence();
    oracle.assert_unchanged();
}

/// An address that is reserved after the DEL of a killed ADD would be lost.
#[test]
fn a_delegate_ends_with_the_plumb_that_called_it() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let delegate = Delegate::new(&node, "recorder");
    let oracle = Oracle::new(&node);
    delegate.answers("ADD", "exec sleep 1000");
    let mut add = call(&node, "ADD", &pod, &delegate).start();
    wait::until("the delegate runs", || {
        node.processes()
            .iter()
            .any(|(_, command)| command.contains("sleep"))
    });
    add.kill();
    assert!(add.finish().was_killed());
    call(&node, "DEL", &pod, &delegate).run().expect_silence();
    oracle.assert_unchanged();
}

/// The runtime's arguments are for many, and the reference library knows none of them.
#[test]
fn host_local_takes_arguments_that_it_does_not_know() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let configuration = with(delegated(host_local()), json!({"cniVersion": "1.0.0"}));
    for arguments in ["K8S_POD_NAMESPACE=a;K8S_POD_NAME=b", "FOO=bar"] {
        let with_arguments = |made: Call| made.arguments(arguments).run();
        let add = with_arguments(Call::add(&node, &pod, &configuration));
        let result = add.expect_result();
        with_arguments(Call::check(&node, &pod, &configuration, &result)).expect_silence();
        with_arguments(Call::delete(&node, &pod, &configuration)).expect_silence();
        oracle.assert_unchanged();
    }
}

/// host-local 1.1.1 speaks no 1.1.0, and complains of a container that is missing.
#[test]
fn a_delegate_that_is_too_old_for_a_verb_is_not_asked_again() {
    let node = plumb_tests::node();
    let pod = node.pod();
    for kind in ["host-local", "static", "dhcp"] {
        let configuration = delegated(json!({"type": kind, "subnet": "10.2.0.0/24"}));
        Call::status(&node, &configuration).run().expect_silence();
        for valid in [&[(&pod, "eth0")][..], &[]] {
            Call::gc(&node, &configuration, valid)
                .run()
                .expect_silence();
        }
    }
    // Its own words, and one that knows the verb and has a reason.
    let delegate = Delegate::new(&node, "recorder");
    let refuse = r#"echo '{"code": 77, "msg": "whatever"}'; exit 1"#;
    delegate.answers("STATUS", refuse);
    delegate.answers("GC", refuse);
    for (versions, silent) in [
        (r#"["0.4.0","1.0.0"]"#, true),
        (r#"["1.0.0","1.1.0"]"#, false),
    ] {
        delegate.answers(
            "VERSION",
            &format!(r#"echo '{{"cniVersion":"1.0.0","supportedVersions":{versions}}}'"#),
        );
        for (verb, code) in [("STATUS", 50), ("GC", 77)] {
            let outcome = Call::new(&node, verb, &recorder())
                .path(&delegate.path())
                .run();
            match silent {
                true => outcome.expect_silence(),
                false => drop(outcome.expect_error(code, "whatever")),
            }
        }
    }
}
