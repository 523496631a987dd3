//! The type `coordinator` on a pod's first interface, whatever that is: node and pod reach each other beside the fabric.

use cni_harness::traffic::{socket, talk};
use cni_harness::{Pod, ip, result};
use serde_json::{Value, json};

use crate::program::run;
use crate::{Bed, Chain};

/// An address of the node, on an interface that has nothing to do with the adapter.
const NODE: &str = "192.168.50.1";

/// Where nobody is, beside the pod on the fabric.
const NEIGHBOUR: &str = "10.7.0.99";

/// A client that is neither the node nor of the cluster, and the node's address beside it.
const CLIENT: &str = "203.0.113.7";
const BESIDE_CLIENT: &str = "203.0.113.1";

/// Which program the kernel has load modules.
const LOADER: &str = "/proc/sys/kernel/modprobe";

/// What the machine's kernel can do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Nftables {
    /// Mark connections.
    There,
    /// It has no such module.
    Missing,
}

/// Attaches a pod with this plugin and a coordinator behind it, and detaches it.
#[track_caller]
pub fn assert_has_a_way_to_its_node(bed: &Bed, first: &Value, nftables: Nftables) {
    let outside = bed.pod();
    let client = outside.name();
    for line in [
        "ip link add mgmt0 type bridge",
        "ip link set mgmt0 up",
        &format!("ip address add {NODE}/24 dev mgmt0"),
        &format!("ip link add out0 type veth peer name up0 netns {client}"),
        &format!("ip address add {BESIDE_CLIENT}/24 dev out0"),
        "ip link set out0 up",
        &format!("ip -n {client} address add {CLIENT}/24 dev up0"),
        &format!("ip -n {client} link set up0 up"),
        &format!("ip -n {client} route add default via {BESIDE_CLIENT}"),
    ] {
        run(line);
    }
    std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").expect("forward");
    let loader = std::fs::read_to_string(LOADER).expect("read which program loads modules");
    if nftables == Nftables::Missing {
        std::fs::write(LOADER, "/bin/false").expect("load no more modules");
    }
    let before = bed.picture_without_pods();
    let pod = bed.pod();
    let coordinator = json!({
        "type": "coordinator", "mode": "underlay", "tunePodRoutes": true, "serviceCIDR": ["10.233.0.0/18"],
    });
    let chain = Chain::new(bed, &[first.clone(), coordinator]);
    let outcomes = chain.add_outcomes(&pod);
    let added = outcomes[1].expect_result();
    // All but the answers to clients outside of the cluster works without it.
    let says = &outcomes[1].stderr;
    let is_missing = says.contains("the kernel has no nftables");
    assert_eq!(is_missing, nftables == Nftables::Missing, "{says}");
    let own = result::address(&added).to_string();
    let host_end = format!("veth{}", &pod.container()[pod.container().len() - 11..]);
    assert_eq!(way(Some(&pod), NODE), "veth0");
    assert_eq!(way(Some(&pod), "10.233.0.10"), "veth0");
    assert_eq!(way(Some(&pod), NEIGHBOUR), "eth0");
    assert_eq!(way(None, &own), host_end);
    talk(&socket(NODE), &pod.inside(|| socket(&own)));
    talk(&pod.inside(|| socket(&own)), &socket(NODE));
    if nftables == Nftables::There {
        // Where the kernel would send it without the mark, and without which it would not look for one.
        run(&format!(
            "ip -n {} route add default via {NEIGHBOUR} dev eth0",
            pod.name()
        ));
        talk(
            &outside.inside(|| socket(CLIENT)),
            &pod.inside(|| socket(&own)),
        );
    }
    for outcome in chain.check(&pod, &added) {
        outcome.expect_silence();
    }
    for _ in 0..2 {
        chain.delete(&pod, &added);
        assert!(pod.link("veth0").is_none() && pod.link("eth0").is_none());
        for place in [None, Some(pod.name())] {
            assert_eq!(rules(place), ["local", "main", "default"], "{place:?}");
        }
        before.assert_unchanged();
    }
    std::fs::write(LOADER, loader).expect("load modules again");
    run("ip link delete mgmt0");
    run("ip link delete out0");
}

/// The tables that the rules of a place look up.
#[track_caller]
fn rules(place: Option<&str>) -> Vec<String> {
    let rules = ip::json(place, "rule show").into_iter();
    rules
        .map(|rule| rule["table"].as_str().unwrap_or("-").to_owned())
        .collect()
}

/// The interface by which packets leave for an address.
#[track_caller]
fn way(pod: Option<&Pod>, to: &str) -> String {
    let found = ip::json(pod.map(Pod::name), &format!("route get {to}"));
    found[0]["dev"].as_str().unwrap_or("-").to_owned()
}
