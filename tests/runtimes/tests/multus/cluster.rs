//! A node with a Kubernetes API, Multus and a cluster network: what most tests start from.

use std::net::IpAddr;

use cni_harness::{Call, Node, Oracle, Pod};
use plumb_runtimes::kubernetes::{Kubernetes, NETWORKS, RESOURCE_NAME};
use plumb_runtimes::multus::tools::Tools;
use plumb_runtimes::multus::{CACHE, Multus, uid};
use plumb_tests::configuration;
use plumb_tests::configuration::with;
use serde_json::{Value, json};

/// A cluster of one node.
pub struct Cluster {
    pub multus: Multus,
    pub kubernetes: Kubernetes,
    pub node: Node,
}

impl Cluster {
    /// With a macvlan network of plumb's for the pods' first interfaces.
    #[track_caller]
    pub fn new() -> Self {
        Self::with_network(&cluster_network())
    }

    /// With another network for the pods' first interfaces, a configuration list.
    #[track_caller]
    pub fn with_network(network: &Value) -> Self {
        let tools = &Tools::find();
        let node = plumb_tests::node();
        let kubernetes = Kubernetes::new();
        let multus = Multus::new(tools, &node.scratch().join("multus"), &kubernetes, network);
        Self {
            multus,
            kubernetes,
            node,
        }
    }

    /// Adds a network; the name of its configuration is the same.
    pub fn network(&self, name: &str, configuration: &Value) {
        let configuration = with(configuration.clone(), json!({"name": name}));
        self.kubernetes.network(name, &configuration, &json!({}));
    }

    /// Adds a network whose devices are a resource of the node.
    pub fn network_of_resource(&self, name: &str, configuration: &Value, resource: &str) {
        let configuration = with(configuration.clone(), json!({"name": name}));
        self.kubernetes
            .network(name, &configuration, &json!({RESOURCE_NAME: resource}));
    }

    /// A pod that asks for these networks: network selection elements, or their names.
    pub fn pod(&self, networks: &Value) -> Pod {
        let pod = self.node.pod();
        let networks = match networks {
            Value::String(names) => names.clone(),
            elements => elements.to_string(),
        };
        self.kubernetes
            .pod(pod.name(), &uid(&pod), &json!({NETWORKS: networks}));
        pod
    }

    /// A call of Multus.
    pub fn call(&self, verb: &str, pod: &Pod) -> Call {
        self.multus.call(&self.node, verb, pod)
    }

    /// ADD, which must succeed; the result of the cluster's network.
    #[track_caller]
    pub fn add(&self, pod: &Pod) -> Value {
        self.call("ADD", pod).run().expect_result()
    }

    /// DEL, which must succeed.
    #[track_caller]
    pub fn delete(&self, pod: &Pod) {
        self.call("DEL", pod).run().expect_silence();
    }

    /// ADD, which must fail with one readable line; what it says.
    #[track_caller]
    pub fn refused(&self, pod: &Pod) -> String {
        let outcome = self.call("ADD", pod).run();
        assert_eq!(outcome.code, Some(1), "expected a refusal\n{outcome}");
        let error: Value = serde_json::from_slice(&outcome.stdout)
            .unwrap_or_else(|error| panic!("stdout is not one JSON document: {error}\n{outcome}"));
        let message = error["msg"].as_str().unwrap_or_default().to_owned();
        assert!(
            !message.is_empty() && !message.contains('\n') && !message.contains("panic"),
            "expected one readable line\n{outcome}"
        );
        message
    }

    /// After a refused ADD nothing is left but Multus' own note of what to delete: its
    /// runtime calls DEL next.
    #[track_caller]
    pub fn assert_only_multus_remembers(&self, before: &Oracle<'_>) {
        let left = before.settled_difference();
        let note = format!("file {CACHE}/");
        assert!(left.lines().all(|line| line.contains(&note)), "{left}");
    }

    /// The network status of a pod, interface by interface.
    #[track_caller]
    pub fn status(&self, pod: &Pod) -> Vec<Value> {
        self.kubernetes.interfaces(pod.name())
    }
}

/// macvlan on `nic0` with `10.0.0.2` and following, gateway `10.0.0.1`.
pub fn cluster_network() -> Value {
    let plugin = with(
        configuration::pool(),
        json!({"ipam": {"type": "pool", "pools": [
            {"name": "cluster", "subnet": "10.0.0.0/16", "gateway": "10.0.0.1"},
        ]}}),
    );
    json!({"cniVersion": "1.1.0", "name": "cluster", "plugins": [plugin]})
}

/// Network `number` of the examples: macvlan on `nic0`, with `10.N.0.10` to `10.N.0.50`,
/// where N is 100 and the number.
pub fn rail(number: u8) -> Value {
    let third = 100 + u32::from(number);
    let pool = json!({
        "name": format!("rail{number}"),
        "subnet": format!("10.{third}.0.0/24"),
        "ips": [format!("10.{third}.0.10-10.{third}.0.50")],
        "gateway": format!("10.{third}.0.1"),
    });
    with(
        configuration::pool(),
        json!({"ipam": {"type": "pool", "pools": [pool]}}),
    )
}

/// The addresses of an interface without their prefixes.
#[track_caller]
pub fn addresses(pod: &Pod, interface: &str) -> Vec<IpAddr> {
    let addresses = pod.addresses(interface);
    assert!(!addresses.is_empty(), "{interface} has no address");
    addresses
        .iter()
        .map(|address| {
            let bare = address.split('/').next().unwrap_or_default();
            bare.parse()
                .unwrap_or_else(|_| panic!("{address} is not an address"))
        })
        .collect()
}

/// The MAC of an interface.
#[track_caller]
pub fn mac(pod: &Pod, interface: &str) -> Value {
    pod.link(interface)
        .unwrap_or_else(|| panic!("{} has no {interface}", pod.name()))["address"]
        .clone()
}
