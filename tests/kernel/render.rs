//! What `plumbctl render` makes of a user's manifests, as a pod gets it.

use std::io::Write;
use std::process::{Command, Stdio};

use cni_harness::{Node, Pod};
use plumb_tests::configuration::with;
use plumb_tests::{binaries, policy};
use serde_json::{Value, json};

use crate::fabric::{self, node_with, rules, table, way};

const POOL: &str = "
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderIPPool
metadata: {name: rail1-pool}
spec: {subnet: 172.16.11.0/24, ips: [172.16.11.10-172.16.11.50], gateway: 172.16.11.254}
";

/// A network as a user writes it, in one of the forms.
fn network(form: &str) -> String {
    format!(
        "
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderMultusConfig
metadata: {{name: rail1, namespace: kube-system, annotations: {{plumb.network/form: {form}}}}}
spec: {{cniType: macvlan, macvlan: {{master: [rail1], ippools: {{ipv4: [rail1-pool]}}}}}}
"
    )
}

/// Renders what comes by standard input: whether it succeeded, and what it printed.
fn render(manifests: &str) -> (bool, String, String) {
    let mut plumbctl = Command::new(binaries::plumbctl())
        .args(["render", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("plumbctl runs");
    let mut input = plumbctl.stdin.take().expect("its standard input is a pipe");
    input
        .write_all(manifests.as_bytes())
        .expect("write manifests");
    drop(input);
    let output = plumbctl.wait_with_output().expect("plumbctl ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// The plugins of the rendered configuration, as the runtime sends them one after the other.
fn plugins(manifests: &str) -> Vec<Value> {
    let (success, printed, error) = render(manifests);
    assert!(success, "{error}");
    let (_, behind) = printed.split_once("config: '").expect("a configuration");
    let (config, _) = behind.split_once("'\n").expect("its end");
    let config: Value = serde_json::from_str(config).expect("JSON");
    let head = json!({"cniVersion": config["cniVersion"], "name": config["name"]});
    match config["plugins"].as_array() {
        Some(plugins) => plugins
            .iter()
            .map(|plugin| with(plugin.clone(), head.clone()))
            .collect(),
        None => vec![config],
    }
}

fn attach(node: &Node, pod: &Pod, plugins: &[Value]) {
    let mut result = Value::Null;
    for plugin in plugins {
        let plugin = match result.is_null() {
            true => plugin.clone(),
            false => with(plugin.clone(), json!({"prevResult": result})),
        };
        result = fabric::add(node, pod, &plugin, "net1");
    }
}

#[test]
fn a_network_in_both_forms_is_a_rail_that_answers() {
    for (form, count) in [("list", 2), ("single", 1)] {
        let (node, routers, pod) = node_with(1);
        policy::write_pools("rail1.yaml", POOL);
        let plugins = plugins(&format!("{POOL}---{}", network(form)));
        assert_eq!(plugins.len(), count, "{plugins:?}");
        attach(&node, &pod, &plugins);
        assert_eq!(
            rules(&pod, "-4"),
            [
                "32764: from 10.244.0.5 lookup 99",
                "32765: from 172.16.11.10 lookup 100"
            ],
            "{form}"
        );
        assert_eq!(
            table(&pod, "-4", "100"),
            [
                "default via 172.16.11.254 dev net1",
                "172.16.11.0/24 dev net1 src 172.16.11.10"
            ],
            "{form}"
        );
        assert_eq!(way(&pod, "8.8.8.8", ""), "eth0", "{form}");
        routers[0].answers(&pod, "172.16.11.10", "172.16.21.7");
        for plugin in plugins.iter().rev() {
            fabric::delete(&node, &pod, plugin, "net1");
        }
    }
}

#[test]
fn nothing_is_printed_of_manifests_that_are_wrong() {
    let wrong = network("list").replace("rail1-pool", "rial1-pool");
    let (success, printed, error) = render(&format!("{POOL}---{wrong}"));
    assert!(!success);
    assert_eq!(printed, "");
    assert_eq!(
        error,
        "plumbctl: - document 2 (SpiderMultusConfig \"rail1\"): ippools.ipv4 has \"rial1-pool\", and no IPv4 pool has this name: \
         did you mean \"rail1-pool\"?\n"
    );
}
