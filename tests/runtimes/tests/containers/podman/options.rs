//! What podman's users ask of a network beyond an address.

use cni_harness::Oracle;
use plumb_runtimes::{Host, Podman, inside, network};
use plumb_tests::configuration::with;
use serde_json::json;

#[test]
fn a_container_gets_the_address_the_mac_and_the_name_that_it_asks_for() {
    let host = Host::new(&network::pool());
    let podman = Podman::new(&host);
    let clean = Oracle::new(host.node());
    let network = "rail0:ip=10.1.0.40,mac=02:11:22:33:44:55,interface_name=rdma0";
    podman.run("a", &[network]).expect_success();
    assert_eq!(podman.addresses("a", "rdma0"), ["10.1.0.40/24"]);
    let links = podman.inside("a", &["ip", "-o", "link", "show"]);
    assert_eq!(
        inside::mac(&links, "rdma0").as_deref(),
        Some("02:11:22:33:44:55")
    );
    podman.remove("a");
    clean.assert_unchanged();
}

#[test]
fn a_running_container_is_connected_and_disconnected() {
    let host = Host::new(&network::pool());
    network::add(&second());
    let podman = Podman::new(&host);
    let clean = Oracle::new(host.node());
    podman.run("a", &["rail0"]).expect_success();
    let before = Oracle::new(host.node());
    for _ in 0..2 {
        podman.succeed(&["network", "connect", "rail1", "a"]);
        assert_eq!(podman.addresses("a", "eth1"), ["10.2.0.10/24"]);
        podman.succeed(&["network", "disconnect", "rail1", "a"]);
        before.assert_unchanged();
    }
    podman.remove("a");
    clean.assert_unchanged();
}

#[test]
fn a_container_may_have_two_networks() {
    let host = Host::new(&network::pool());
    network::add(&second());
    let podman = Podman::new(&host);
    let clean = Oracle::new(host.node());
    podman.run("a", &["rail0", "rail1"]).expect_success();
    podman.run("b", &["rail0", "rail1"]).expect_success();
    for interface in ["eth0", "eth1"] {
        for address in podman.addresses("a", interface) {
            podman.ping("b", inside::bare(&address));
        }
    }
    let mut all = podman.addresses("a", "eth0");
    all.extend(podman.addresses("a", "eth1"));
    all.sort();
    assert_eq!(all, ["10.1.0.10/24", "10.2.0.10/24"]);
    podman.remove("a");
    podman.remove("b");
    clean.assert_unchanged();
}

/// A network on the other network card.
fn second() -> serde_json::Value {
    let pool = json!({"subnet": "10.2.0.0/24", "ips": ["10.2.0.10-10.2.0.20"]});
    let ipam = json!({"type": "pool", "pools": [pool]});
    with(
        network::pool(),
        json!({"name": "rail1", "master": "nic1", "ipam": ipam}),
    )
}
