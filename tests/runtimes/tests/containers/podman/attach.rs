//! Containers come up with the addresses that they should have, and reach each other.

use cni_harness::Oracle;
use plumb_runtimes::{Host, Podman, inside, leases, network};
use serde_json::Value;

#[test]
fn two_containers_reach_each_other_and_leave_nothing() {
    let host = Host::new(&network::pool());
    let podman = Podman::new(&host);
    let clean = Oracle::new(host.node());
    attach_two(&podman, &["10.1.0.0/24"]);
    detach_two(&podman);
    clean.assert_unchanged();
}

#[test]
fn two_containers_reach_each_other_by_both_families() {
    let host = Host::new(&network::dual_stack());
    let podman = Podman::new(&host);
    let clean = Oracle::new(host.node());
    attach_two(&podman, &["10.1.0.0/24", "fd00:1::/64"]);
    detach_two(&podman);
    clean.assert_unchanged();
}

#[test]
fn plumbs_networks_are_listed_beside_podmans_own() {
    let host = Host::new(&network::pool());
    let podman = Podman::new(&host);
    let listed = podman.call(&["network", "ls", "--format", "{{.Name}} {{.Driver}}"]);
    let listed = listed.expect_silent_success();
    assert!(
        listed.lines().any(|line| line == "rail0 macvlan"),
        "{listed}"
    );
}

/// Runs containers `a` and `b`; inside, by podman and by plumb they have the same addresses,
/// one of each subnet, and each answers to the other.
#[track_caller]
fn attach_two(podman: &Podman, subnets: &[&str]) {
    let mut all = Vec::new();
    for name in ["a", "b"] {
        podman.run(name, &["rail0"]).expect_success();
        let seen = podman.addresses(name, "eth0");
        assert_eq!(seen.len(), subnets.len(), "{name} has {seen:?}");
        let described = podman.inspect(name);
        assert_eq!(seen, inspected(&described, "rail0"), "{described:#}");
        let bare: Vec<String> = seen
            .iter()
            .map(|one| inside::bare(one).to_owned())
            .collect();
        let id = described["Id"].as_str().expect("a container has an ID");
        assert_eq!(bare, leases::of(id, "eth0"));
        all.push(bare);
    }
    for (from, addresses) in [("b", &all[0]), ("a", &all[1])] {
        for address in addresses {
            podman.ping(from, address);
        }
    }
}

/// Twice each, as scripts do.
#[track_caller]
fn detach_two(podman: &Podman) {
    for name in ["a", "b", "a", "b"] {
        podman.remove(name);
    }
}

/// The addresses that `podman inspect` shows of one network, in CIDR form, sorted.
fn inspected(container: &Value, network: &str) -> Vec<String> {
    let network = &container["NetworkSettings"]["Networks"][network];
    let keys = [
        ("GlobalIPv6Address", "GlobalIPv6PrefixLen"),
        ("IPAddress", "IPPrefixLen"),
    ];
    let mut addresses: Vec<String> = keys
        .iter()
        .filter_map(|(address, length)| Some((network[address].as_str()?, &network[length])))
        .filter(|(address, _)| !address.is_empty())
        .map(|(address, length)| format!("{address}/{length}"))
        .collect();
    addresses.sort();
    addresses
}
