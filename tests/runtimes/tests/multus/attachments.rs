//! Several networks for a pod: traffic, and the network status.

use cni_harness::{Oracle, Pod, ip, traffic};
use plumb_tests::configuration::{dual_stack, with, without_ipam};
use serde_json::{Value, json};

use super::cluster::{Cluster, addresses, mac, rail};

#[track_caller]
fn reach(from: &Pod, to: &Pod, interface: &str) {
    for address in addresses(to, interface) {
        traffic::exchange(from, to, address);
    }
}

#[test]
fn two_pods_reach_each_other_over_all_networks() {
    let cluster = Cluster::new();
    cluster.network("rail0", &rail(0));
    cluster.network("rail1", &dual_stack());
    let pods = [(); 2].map(|()| cluster.pod(&json!("rail0,rail1")));
    let oracle = Oracle::new(&cluster.node);
    for pod in &pods {
        cluster.add(pod);
    }
    let [one, two] = &pods;
    assert_eq!(one.addresses("net1"), ["10.100.0.10/24"]);
    assert_eq!(two.addresses("net1"), ["10.100.0.11/24"]);
    assert_eq!(one.addresses("net2"), ["10.1.0.10/24", "fd00:1::10/64"]);
    assert_eq!(two.addresses("net2"), ["10.1.0.11/24", "fd00:1::11/64"]);
    for interface in ["eth0", "net1", "net2"] {
        reach(one, two, interface);
        reach(two, one, interface);
    }
    for pod in &pods {
        cluster.delete(pod);
    }
    oracle.assert_unchanged();
}

/// What a user sees by `kubectl describe pod`.
#[test]
fn the_network_status_tells_what_each_interface_has() {
    let cluster = Cluster::new();
    cluster.network("rail0", &with(rail(0), json!({"mtu": 1400})));
    cluster.network("rail1", &dual_stack());
    cluster.network("bare", &without_ipam());
    let pod = cluster.pod(&json!("rail0,rail1@rdma0,bare"));
    cluster.add(&pod);
    let expected = json!([
        {
            "name": "cluster", "interface": "eth0", "default": true, "dns": {}, "mtu": 1500,
            "mac": mac(&pod, "eth0"), "ips": ["10.0.0.2"], "gateway": ["10.0.0.1"],
        },
        {
            "name": "default/rail0", "interface": "net1", "dns": {}, "mtu": 1400,
            "mac": mac(&pod, "net1"), "ips": ["10.100.0.10"], "gateway": ["10.100.0.1"],
        },
        {
            "name": "default/rail1", "interface": "rdma0", "dns": {}, "mtu": 1500,
            "mac": mac(&pod, "rdma0"), "ips": ["10.1.0.10", "fd00:1::10"],
            "gateway": ["10.1.0.1", "fd00:1::1"],
        },
        {
            "name": "default/bare", "interface": "net3", "dns": {}, "mtu": 1500,
            "mac": mac(&pod, "net3"),
        },
    ]);
    assert_eq!(json!(cluster.status(&pod)), expected);
}

/// A machine for training has eight rails, each on a network card of its own.
#[test]
fn eight_attachments_have_the_names_that_the_pod_asks_for() {
    let cluster = Cluster::new();
    let mut cards = String::new();
    let mut selection = Vec::new();
    for number in 0..7 {
        cards += &format!(
            "link add card{number} type veth peer name switch{number}\n\
             link set card{number} up\nlink set switch{number} up\n"
        );
        let name = format!("rail{number}");
        let master = json!({"master": format!("card{number}")});
        cluster.network(&name, &with(rail(number), master));
        selection.push(json!({"name": name, "interface": format!("rdma{number}")}));
    }
    // The eighth: the first network once more.
    selection.push(json!({"name": "rail0", "interface": "again"}));
    ip::batch(None, &cards);
    let pods = [(); 2].map(|()| cluster.pod(&Value::from(selection.clone())));
    let oracle = Oracle::new(&cluster.node);
    for pod in &pods {
        cluster.add(pod);
    }
    let [one, two] = &pods;
    for number in 0..7 {
        let interface = format!("rdma{number}");
        let network = format!("10.10{number}.0.");
        assert!(
            one.addresses(&interface)[0].starts_with(&network),
            "{interface} is in another network: {:?}",
            one.addresses(&interface)
        );
        reach(one, two, &interface);
    }
    assert_eq!(one.addresses("rdma0"), ["10.100.0.10/24"]);
    assert_eq!(one.addresses("again"), ["10.100.0.11/24"]);
    reach(one, two, "again");
    let names = |pod: &Pod| -> Vec<Value> {
        let status = cluster.status(pod);
        status
            .iter()
            .map(|entry| entry["interface"].clone())
            .collect()
    };
    let expected = [
        "eth0", "rdma0", "rdma1", "rdma2", "rdma3", "rdma4", "rdma5", "rdma6", "again",
    ];
    assert_eq!(names(one), expected);
    for pod in &pods {
        cluster.delete(pod);
    }
    oracle.assert_unchanged();
}

/// As on most clusters: the first interface is by a bridge, the rails are plumb's.
#[test]
fn the_cluster_network_may_be_another_maker_s() {
    let bridge = json!({
        "type": "bridge", "bridge": "cni0", "isDefaultGateway": true,
        "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.0.0/24"}]]},
    });
    let cluster = Cluster::with_network(
        &json!({"cniVersion": "1.0.0", "name": "cluster", "plugins": [bridge]}),
    );
    let clean_rail = json!({"ipam": {
        "type": "pool", "clean_gateway": true, "pools": [{"name": "rail0", "subnet": "10.100.0.0/24"}],
    }});
    cluster.network("rail0", &with(rail(0), clean_rail));
    let first = cluster.pod(&json!("rail0"));
    cluster.add(&first);
    let second = cluster.pod(&json!("rail0"));
    let oracle = Oracle::new(&cluster.node);
    let result = cluster.add(&second);
    assert_eq!(result["ips"][0]["address"], "10.244.0.3/24");
    let defaults: Vec<Value> = second.routes("-4");
    let default = defaults.iter().filter(|route| route["dst"] == "default");
    let through: Vec<&Value> = default.map(|route| &route["dev"]).collect();
    assert_eq!(through, ["eth0"]);
    for interface in ["eth0", "net1"] {
        reach(&first, &second, interface);
    }
    let status = cluster.status(&second);
    assert_eq!(status[0]["interface"], "eth0");
    assert_eq!(status[0]["default"], true);
    assert_eq!(status[1]["name"], "default/rail0");
    assert_eq!(status[1]["mac"], mac(&second, "net1"));
    assert_eq!(status[1].get("gateway"), None, "{}", status[1]);
    cluster.delete(&second);
    // The kernel's timers stand among the settings of a bridge.
    let left = oracle.settled_difference();
    let left: Vec<&str> = left
        .lines()
        .filter(|line| !line.contains("node: link cni0"))
        .collect();
    assert!(left.is_empty(), "{left:#?}");
}
