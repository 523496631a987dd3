//! What a network selection element asks for: addresses, MAC, default route, arguments; and
//! a chain of plugins.

use cni_harness::{Oracle, Pod};
use plumb_runtimes::multus::CACHE;
use plumb_tests::configuration::{dual_stack, with};
use serde_json::{Value, json};

use super::cluster::{Cluster, cluster_network, mac, rail};

const MAC: &str = "02:00:00:aa:bb:cc";

fn default_routes(pod: &Pod, family: &str) -> Vec<(Value, Value)> {
    pod.routes(family)
        .into_iter()
        .filter(|route| route["dst"] == "default")
        .map(|route| (route["gateway"].clone(), route["dev"].clone()))
        .collect()
}

/// Multus passes both by `runtimeConfig` where the network has the capabilities, and by
/// `CNI_ARGS` in any case.
#[test]
fn addresses_and_mac_of_the_pod_are_on_its_interface() {
    for capabilities in [json!({"ips": true, "mac": true}), json!({})] {
        std::thread::spawn(move || ask_for_addresses_and_mac(&capabilities))
            .join()
            .unwrap_or_else(|_| panic!("see above"));
    }
}

fn ask_for_addresses_and_mac(capabilities: &Value) {
    let cluster = Cluster::new();
    cluster.network(
        "rail0",
        &with(dual_stack(), json!({"capabilities": capabilities})),
    );
    let element = json!({"name": "rail0", "mac": MAC, "ips": ["10.1.0.33/24", "fd00:1::33/64"]});
    let pod = cluster.pod(&json!([element]));
    let other = cluster.pod(&json!([element]));
    let oracle = Oracle::new(&cluster.node);
    cluster.add(&pod);
    assert_eq!(pod.addresses("net1"), ["10.1.0.33/24", "fd00:1::33/64"]);
    assert_eq!(mac(&pod, "net1"), MAC);
    assert_ne!(mac(&pod, "eth0"), MAC, "the pod's wish is for one network");
    assert_eq!(
        cluster.status(&pod)[1]["ips"],
        json!(["10.1.0.33", "fd00:1::33"])
    );

    let message = cluster.refused(&other);
    assert!(
        message.contains("address 10.1.0.33 is held by pod default/pod1"),
        "{message}"
    );
    cluster.delete(&other);
    cluster.delete(&pod);
    oracle.assert_unchanged();
}

/// Multus sets the route that the pod asks for where no network has brought another: it
/// means to remove those, but 4.3.0 looks for them in a form that its library has given up.
/// It takes the default routes out of the results that it keeps, too, and CRI-O calls CHECK
/// after every ADD.
#[test]
fn the_default_route_is_of_the_network_that_the_pod_chooses() {
    let without_gateway = |mut network: Value| {
        network["ipam"]["clean_gateway"] = json!(true);
        network
    };
    let mut network = cluster_network();
    network["plugins"][0] = without_gateway(network["plugins"][0].clone());
    let cluster = Cluster::with_network(&network);
    cluster.network("rail0", &without_gateway(rail(0)));
    cluster.network("rail1", &without_gateway(dual_stack()));
    let selection = json!([
        {"name": "rail0"},
        {"name": "rail1", "default-route": ["10.1.0.254", "fd00:1::254"]},
    ]);
    let pod = cluster.pod(&selection);
    let oracle = Oracle::new(&cluster.node);
    cluster.add(&pod);
    for (family, gateway) in [("-4", "10.1.0.254"), ("-6", "fd00:1::254")] {
        let expected = [(json!(gateway), json!("net2"))];
        assert_eq!(default_routes(&pod, family), expected);
    }
    cluster.call("CHECK", &pod).run().expect_silence();
    cluster.delete(&pod);
    oracle.assert_unchanged();
}

/// The same where the cluster's network has a default route: Multus strikes it from the
/// result that CHECK compares the pod with.
#[test]
fn check_bears_a_result_that_multus_has_changed() {
    let cluster = Cluster::new();
    cluster.network("rail0", &rail(0));
    let selection = json!([{"name": "rail0", "default-route": ["10.100.0.254"]}]);
    let pod = cluster.pod(&selection);
    let oracle = Oracle::new(&cluster.node);
    cluster.add(&pod);
    let kept = format!("{CACHE}/results/cluster-{}-eth0", pod.container());
    let kept = std::fs::read_to_string(kept).expect("read Multus' cache");
    assert!(!kept.contains("0.0.0.0/0"), "{kept}");
    cluster.call("CHECK", &pod).run().expect_silence();
    pod.ip("address del 10.0.0.2/16 dev eth0");
    assert!(!cluster.call("CHECK", &pod).run().succeeded());
    cluster.delete(&pod);
    oracle.assert_unchanged();
}

/// NPWG, "cni-args": they arrive as `args.cni`.
#[test]
fn arguments_of_the_selection_act() {
    let cluster = Cluster::new();
    cluster.network("rail0", &rail(0));
    let arguments = json!({"ips": ["10.100.0.44"], "mac": MAC, "tier": "gold"});
    let pod = cluster.pod(&json!([{"name": "rail0", "cni-args": arguments}]));
    let oracle = Oracle::new(&cluster.node);
    cluster.add(&pod);
    assert_eq!(pod.addresses("net1"), ["10.100.0.44/24"]);
    assert_eq!(mac(&pod, "net1"), MAC);
    cluster.delete(&pod);
    oracle.assert_unchanged();
}

/// The settings that a pod with several RoCE interfaces in one network needs.
#[test]
fn a_network_may_be_a_chain() {
    let cluster = Cluster::new();
    let tuning = json!({
        "type": "tuning",
        "mtu": 1300,
        "sysctl": {"net.ipv4.conf.IFNAME.arp_announce": "2", "net.ipv4.conf.IFNAME.arp_ignore": "1"},
    });
    let chain = json!({"cniVersion": "1.0.0", "plugins": [rail(0), tuning]});
    cluster.network("rail0", &chain);
    let pod = cluster.pod(&json!("rail0@rdma0"));
    let oracle = Oracle::new(&cluster.node);
    cluster.add(&pod);
    assert_eq!(pod.addresses("rdma0"), ["10.100.0.10/24"]);
    assert_eq!(pod.link("rdma0").expect("it exists")["mtu"], 1300);
    for (setting, value) in [("arp_announce", "2"), ("arp_ignore", "1")] {
        let path = format!("/proc/sys/net/ipv4/conf/rdma0/{setting}");
        let found = pod.inside(|| std::fs::read_to_string(&path));
        assert_eq!(found.expect("read the setting").trim(), value, "{setting}");
    }
    assert_eq!(cluster.status(&pod)[1]["mac"], mac(&pod, "rdma0"));
    cluster.delete(&pod);
    oracle.assert_unchanged();
}
