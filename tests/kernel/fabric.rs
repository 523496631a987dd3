//! A fabric for a pod's rails: each rail has a router of its own, a leaf for the pods of this node and another one behind
//! it, as a rail-optimised cluster has them. And the cluster's own network, by which the node and the pod know each other.

pub use cni_harness::traffic::{socket, talk};
use cni_harness::{Call, Node, Pod, ip};
use plumb_tests::configuration::{pool, with};
use serde_json::{Value, json};

/// The router of a rail: a namespace.
pub struct Router(Pod);

impl Router {
    /// Makes the parent interface `railN` of this node and the router at its other end: the gateways of the pods' leaf,
    /// `172.16.1N.254` and `fd00:1N::ff`, and of the leaf behind it, where `172.16.2N.7` and `fd00:2N::7` answer.
    pub fn new(node: &Node, rail: u32) -> Self {
        let pod = node.pod();
        let name = pod.name();
        ip::batch(
            None,
            &format!(
                "link add rail{rail} type veth peer name up{rail}\n\
                 link set rail{rail} addrgenmode none\n\
                 link set up{rail} netns {name}\n\
                 link set rail{rail} up\n"
            ),
        );
        ip::batch(
            Some(name),
            &format!(
                "link set up{rail} up\n\
                 address add 172.16.1{rail}.254/24 dev up{rail}\n\
                 address add fd00:1{rail}::ff/64 dev up{rail} nodad\n\
                 address add 172.16.2{rail}.7/24 dev lo\n\
                 address add fd00:2{rail}::7/64 dev lo nodad\n"
            ),
        );
        Self(pod)
    }

    /// Runs one command of ip(8) in it.
    pub fn ip(&self, command: &str) {
        self.0.ip(command);
    }

    /// What one command of ip(8) prints in it.
    pub fn json(&self, command: &str) -> Vec<Value> {
        ip::json(Some(self.0.name()), command)
    }

    /// Sends a datagram from an address of the pod to one behind the router and back: who the router saw as the sender.
    #[track_caller]
    pub fn answers(&self, pod: &Pod, from: &str, to: &str) {
        exchange(pod, from, &self.0, to);
    }
}

/// Sends a datagram from an address of one namespace to an address of another, and back.
#[track_caller]
fn exchange(from: &Pod, source: &str, to: &Pod, destination: &str) {
    talk(
        &from.inside(|| socket(source)),
        &to.inside(|| socket(destination)),
    );
}

/// A pod with `eth0` as the cluster's own network makes it: an address alone on its link and a next hop that every pod
/// has. The node answers at the other end.
pub fn pod(node: &Node) -> Pod {
    let pod = node.pod();
    let name = pod.name();
    let host = format!(
        "cali{}",
        name.trim_start_matches(|letter: char| !letter.is_ascii_digit())
            .replace('-', "")
    );
    let host = &host[..host.len().min(15)];
    ip::batch(
        None,
        &format!(
            "link add {host} type veth peer name eth0 netns {name}\n\
             link set {host} addrgenmode none\n\
             link set {host} up\n\
             address add 169.254.1.1/32 dev {host}\n\
             address add fd00:fe::1/128 dev {host} nodad\n\
             route add 10.244.0.5/32 dev {host}\n\
             route add fd00:244::5/128 dev {host}\n"
        ),
    );
    ip::batch(
        Some(name),
        "link set eth0 addrgenmode none\n\
         link set eth0 up\n\
         address add 10.244.0.5/32 dev eth0\n\
         address add fd00:244::5/128 dev eth0 nodad\n\
         route add 169.254.1.1 dev eth0\n\
         route add default via 169.254.1.1\n\
         route add fd00:fe::1 dev eth0\n\
         route add default via fd00:fe::1\n",
    );
    pod
}

/// A node with so many rails and their routers, and a pod that has no more than the cluster's own network.
pub fn node_with(rails: u32) -> (Node, Vec<Router>, Pod) {
    let node = plumb_tests::node();
    let routers = (1..=rails).map(|rail| Router::new(&node, rail)).collect();
    let pod = pod(&node);
    (node, routers, pod)
}

/// The network of a rail, with a pool of both families whose first addresses are `172.16.1N.10` and `fd00:1N::10`.
pub fn network(rail: u32, rails: Value) -> Value {
    let pools = json!([
        {"name": format!("rail{rail}-v4"), "subnet": format!("172.16.1{rail}.0/24"),
         "ips": [format!("172.16.1{rail}.10-172.16.1{rail}.50")], "gateway": format!("172.16.1{rail}.254")},
        {"name": format!("rail{rail}-v6"), "subnet": format!("fd00:1{rail}::/64"),
         "ips": [format!("fd00:1{rail}::10-fd00:1{rail}::50")], "gateway": format!("fd00:1{rail}::ff")},
    ]);
    with(
        pool(),
        json!({
            "name": format!("rail{rail}"),
            "master": format!("rail{rail}"),
            "rails": rails,
            "ipam": {"type": "pool", "pools": pools},
        }),
    )
}

#[track_caller]
pub fn add(node: &Node, pod: &Pod, network: &Value, interface: &str) -> Value {
    Call::add(node, pod, network)
        .interface(interface)
        .run()
        .expect_result()
}

#[track_caller]
pub fn check(node: &Node, pod: &Pod, network: &Value, result: &Value, interface: &str) {
    Call::check(node, pod, network, result)
        .interface(interface)
        .run()
        .expect_silence();
}

#[track_caller]
pub fn delete(node: &Node, pod: &Pod, network: &Value, interface: &str) {
    Call::delete(node, pod, network)
        .interface(interface)
        .run()
        .expect_silence();
}

/// The rules of a family, as `ip rule` numbers and names them: without those that every namespace has.
pub fn rules(pod: &Pod, family: &str) -> Vec<String> {
    let text = |rule: &Value| {
        let table = rule["table"].as_str().unwrap_or("-").to_owned();
        format!(
            "{}: from {} lookup {table}",
            rule["priority"],
            rule["src"].as_str().unwrap_or("-")
        )
    };
    let is_usual =
        |rule: &&Value| matches!(rule["table"].as_str(), Some("local" | "main" | "default"));
    ip::json(Some(pod.name()), &format!("{family} rule show"))
        .iter()
        .filter(|rule| !is_usual(rule))
        .map(text)
        .collect()
}

/// The routes of a table, such as `default via 172.16.11.254 dev net1`; IPv6's link-local ones left out.
pub fn table(pod: &Pod, family: &str, table: &str) -> Vec<String> {
    let text = |route: &Value| {
        let mut line = route["dst"].as_str().unwrap_or("-").to_owned();
        for (word, key) in [("via", "gateway"), ("dev", "dev"), ("src", "prefsrc")] {
            if let Some(value) = route[key].as_str() {
                line += &format!(" {word} {value}");
            }
        }
        match route["metric"].as_u64() {
            Some(metric) if family == "-4" => format!("{line} metric {metric}"),
            _ => line,
        }
    };
    // A table that nobody has used is an error to the kernel.
    let listed = ip::json(Some(pod.name()), &format!("{family} route show table all"));
    let is_of_table = |route: &&Value| route["table"].as_str().unwrap_or("main") == table;
    let is_link_local = |route: &&Value| {
        route["dst"]
            .as_str()
            .is_some_and(|to| to.starts_with("fe80") || to.starts_with("ff00"))
    };
    listed
        .iter()
        .filter(|route| is_of_table(route) && !is_link_local(route))
        .map(text)
        .collect()
}

/// The interface by which what has this source leaves for a destination.
#[track_caller]
pub fn way(pod: &Pod, to: &str, from: &str) -> String {
    let question = match from {
        "" => format!("route get {to}"),
        from => format!("route get {to} from {from}"),
    };
    let found = &ip::json(Some(pod.name()), &question)[0];
    found["dev"].as_str().unwrap_or("-").to_owned()
}
