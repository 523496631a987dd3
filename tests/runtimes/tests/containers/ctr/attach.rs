//! Containers come up with the addresses that they should have, and reach each other.

use cni_harness::Oracle;
use plumb_runtimes::ctr::container_id;
use plumb_runtimes::{Containerd, Ctr, Host, inside, leases, network};

#[test]
fn two_containers_reach_each_other_and_leave_nothing() {
    two_containers(&network::pool(), &["10.1.0.10/24"]);
}

#[test]
fn two_containers_reach_each_other_by_both_families() {
    two_containers(&network::dual_stack(), &["10.1.0.10/24", "fd00:1::10/64"]);
}

/// Runs containers `a` and `b`; inside and by plumb they have the same addresses, `a` those
/// expected, and each answers to the other.
#[track_caller]
fn two_containers(network: &serde_json::Value, expected: &[&str]) {
    let host = Host::new(network);
    let containerd = Containerd::new(&host);
    let ctr = Ctr::new(&containerd);
    let clean = Oracle::new(host.node());
    let mut all = Vec::new();
    let mut running = Vec::new();
    for name in ["a", "b"] {
        running.push(ctr.run(name));
        let seen = ctr.addresses(name, "eth0");
        assert_eq!(seen.len(), expected.len(), "{name} has {seen:?}");
        let bare: Vec<String> = seen
            .iter()
            .map(|one| inside::bare(one).to_owned())
            .collect();
        assert_eq!(bare, leases::of(&container_id(name), "eth0"));
        all.push(bare);
    }
    assert_eq!(ctr.addresses("a", "eth0"), expected);
    for (from, addresses) in [("b", &all[0]), ("a", &all[1])] {
        for address in addresses {
            ctr.ping(from, address);
        }
    }
    for (name, container) in ["a", "b"].iter().zip(running) {
        ctr.kill(name);
        container.finish().expect_killed();
    }
    clean.assert_unchanged();
}
