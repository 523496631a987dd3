//! Containers end, and nothing is left.

use std::collections::BTreeSet;

use cni_harness::Oracle;
use plumb_runtimes::{Containerd, Ctr, Host, network};

#[test]
fn a_container_that_was_killed_leaves_nothing_and_may_come_again() {
    let host = Host::new(&network::pool());
    let containerd = Containerd::new(&host);
    let ctr = Ctr::new(&containerd);
    let clean = Oracle::new(host.node());
    // The container ID is made of the name: plumb sees the same attachment again.
    for _ in 0..2 {
        let container = ctr.run("a");
        assert_eq!(ctr.addresses("a", "eth0").len(), 1);
        ctr.kill("a");
        container.finish().expect_killed();
        clean.assert_unchanged();
    }
}

#[test]
fn eight_containers_at_once_get_eight_addresses_and_leave_nothing() {
    let host = Host::new(&network::pool());
    let containerd = Containerd::new(&host);
    let ctr = Ctr::new(&containerd);
    let clean = Oracle::new(host.node());
    let names: Vec<String> = (1..=8).map(|number| format!("c{number}")).collect();
    let running: Vec<_> = names.iter().map(|name| ctr.start(name)).collect();
    let mut addresses = BTreeSet::new();
    for name in &names {
        ctr.wait_until_running(name);
        addresses.extend(ctr.addresses(name, "eth0"));
    }
    assert_eq!(addresses.len(), 8, "{addresses:?}");
    for name in &names {
        ctr.kill(name);
    }
    for container in running {
        container.finish().expect_killed();
    }
    clean.assert_unchanged();
}
