//! The operator's tool: it shows and explains, and changes nothing.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use cni_harness::{Node, Oracle, Pod};
use plumb_tests::binaries;
use plumb_tests::configuration::{delegated, dual_stack, host_local, pool, with};
use serde_json::{Value, json};

/// Runs plumbctl on the test's node; what it printed, and whether it succeeded.
pub fn plumbctl(arguments: &[&str]) -> (bool, String, String) {
    let output = Command::new(binaries::plumbctl())
        .args(arguments)
        .output()
        .expect("plumbctl runs");
    (
        output.status.success(),
        String::from_utf8(output.stdout).expect("text"),
        String::from_utf8(output.stderr).expect("text"),
    )
}

pub fn success(arguments: &[&str]) -> String {
    let (success, output, error) = plumbctl(arguments);
    assert!(success, "plumbctl {arguments:?}: {error}");
    output
}

pub fn parsed(arguments: &[&str]) -> Value {
    serde_json::from_str(&success(arguments)).expect("JSON")
}

pub fn file(node: &Node, name: &str, content: &Value) -> String {
    let path = node.scratch().join(name);
    fs::write(&path, content.to_string()).expect("a file in the scratch folder");
    path.to_str().expect("a path in UTF-8").to_owned()
}

#[test]
fn a_plan_tells_what_add_does_then_and_touches_nothing() {
    let node = plumb_tests::node();
    let path = file(&node, "rail0.conf", &dual_stack());
    let oracle = Oracle::new(&node);
    let text = success(&["plan", &path, "--ifname", "eth0"]);
    let plan = parsed(&["plan", &path, "--ifname", "eth0", "--json"]);
    oracle.assert_unchanged();
    assert!(text.contains("create macvlan eth0"), "{text}");

    let pod = node.pod();
    let result = node.add(&pod, &dual_stack());
    for address in result["ips"].as_array().expect("addresses") {
        let address = address["address"].as_str().expect("text");
        assert!(text.contains(address), "{address} in {text}");
        assert!(plan.to_string().contains(address), "{address} in {plan}");
    }

    let next = success(&["plan", &path]);
    let taken = result["ips"][0]["address"].as_str().expect("text");
    assert!(
        !next.contains(taken),
        "{taken} is taken, but stands in {next}"
    );
}

#[test]
fn a_plan_of_a_list_leaves_other_makers_plugins_out() {
    let node = plumb_tests::node();
    let mut plugin = pool();
    let plugin_object = plugin.as_object_mut().expect("an object");
    plugin_object.remove("name");
    plugin_object.remove("cniVersion");
    let list = json!({"cniVersion": "1.0.0", "name": "rail7",
                      "plugins": [plugin, {"type": "tuning", "mtu": 9000}]});
    let plans = parsed(&["plan", &file(&node, "list.conflist", &list), "--json"]);
    assert_eq!(plans.as_array().expect("a list").len(), 1);
    assert_eq!(plans[0]["network"], "rail7");
}

/// What no machine of ours has can still be planned: RDMA devices, from a file.
#[test]
fn a_node_in_exclusive_mode_is_refused_where_rdma_is_required() {
    let node = plumb_tests::node();
    let configuration = with(pool(), json!({"master": "ens6f0np0"}));
    let path = file(&node, "roce.conf", &configuration);
    let facts = |mode: &str| {
        file(
            &node,
            mode,
            &json!({
                "host": {"links": [{"name": "ens6f0np0", "index": 2, "mac": "02:00:00:00:00:01",
                                    "mtu": 9000, "rdmaDevices": ["mlx5_0"]}]},
                "rdmaNamespaceMode": mode
            }),
        )
    };
    let text = success(&["plan", &path, "--facts", &facts("shared")]);
    assert!(text.contains("on ens6f0np0"), "{text}");
    // Without it the pod has IP and no RDMA.
    let text = success(&["plan", &path, "--facts", &facts("exclusive")]);
    assert!(text.contains("on ens6f0np0"), "{text}");
    let configuration = with(configuration, json!({"requireRDMA": true}));
    let path = file(&node, "roce-required.conf", &configuration);
    let (succeeded, _, error) = plumbctl(&["plan", &path, "--facts", &facts("exclusive")]);
    assert!(!succeeded);
    for words in ["mlx5_0", "rdma system set netns shared"] {
        assert!(error.contains(words), "{words:?} in {error}");
    }
}

#[test]
fn a_wrong_configuration_is_explained_as_add_would() {
    let node = plumb_tests::node();
    let path = file(
        &node,
        "bad.conf",
        &with(pool(), json!({"mode": "sideways"})),
    );
    let (succeeded, output, error) = plumbctl(&["plan", &path]);
    assert!(!succeeded);
    assert_eq!(output, "");
    assert!(
        error.contains("sideways") && error.contains("bridge"),
        "{error}"
    );
}

#[test]
fn attachments_and_leases_come_and_go_with_the_pod() {
    let node = plumb_tests::node();
    let pod = node.pod();
    assert_eq!(parsed(&["attachments", "--json"]), json!([]));
    assert_eq!(parsed(&["leases", "--json"]), json!([]));
    let result = node.add(&pod, &pool());
    let address = result["ips"][0]["address"].as_str().expect("text");

    let attachments = parsed(&["attachments", "--json"]);
    assert_eq!(attachments[0]["containerID"], pod.container());
    assert_eq!(attachments[0]["condition"], "attached");
    let leases = parsed(&["leases", "--json"]);
    let leased = leases[0]["address"].as_str().expect("text");
    assert_eq!(address.split('/').next(), Some(leased));
    assert_eq!(leases[0]["containerID"], pod.container());

    node.delete(&pod, &pool());
    assert_eq!(parsed(&["attachments", "--json"]), json!([]));
    assert_eq!(parsed(&["leases", "--json"]), json!([]));
}

#[test]
fn an_attachment_with_an_ipam_plugin_names_it() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let configuration = with(delegated(host_local()), json!({"cniVersion": "1.0.0"}));
    node.add(&pod, &configuration);
    let text = success(&["attachments", "--verbose"]);
    assert!(text.contains("host-local"), "{text}");
    node.delete(&pod, &configuration);
}

#[test]
fn attachments_have_a_line_each_and_say_whose_pod_is_gone() {
    let node = plumb_tests::node();
    let pods = [node.pod(), node.pod()];
    let results = pods.each_ref().map(|pod| node.add(pod, &pool()));
    pods[1].remove();
    let text = success(&["attachments"]);
    let line = |pod: &Pod| {
        let of = |line: &&str| line.contains(pod.container());
        text.lines()
            .find(of)
            .unwrap_or_else(|| panic!("{text}"))
            .to_owned()
    };
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(line(&pods[0]).contains("  attached  "), "{text}");
    assert!(line(&pods[1]).contains("  pod gone  "), "{text}");

    // Hardware addresses as everybody writes them.
    let attachments = parsed(&["attachments", "--json"]);
    let made = attachments.to_string();
    for result in &results {
        let mac = result["interfaces"][0]["mac"].as_str().expect("text");
        assert!(made.contains(mac), "{mac}: {made}");
    }
    let gone: Vec<_> = attachments
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["condition"])
        .collect();
    assert!(
        gone.contains(&&json!("pod gone")) && gone.contains(&&json!("attached")),
        "{gone:?}"
    );
}

/// `plumbctl policy | head -1`.
#[test]
fn one_who_stops_reading_ends_the_command_without_a_complaint() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let ended = Command::new(binaries::plumbctl())
        .arg("policy")
        .stdout(writer)
        .output()
        .expect("plumbctl runs");
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    assert_eq!(ended.status.signal(), Some(nix::libc::SIGPIPE));
}
