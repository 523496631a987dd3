//! Containers end in all the ways they do, and nothing is left.

use std::collections::BTreeSet;

use cni_harness::{Oracle, wait};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use plumb_runtimes::{Finished, Host, Podman, network};
use plumb_tests::state::{STATE_FOLDER, leases};

#[test]
fn a_container_whose_process_was_killed_leaves_nothing() {
    let host = Host::new(&network::pool());
    let podman = Podman::new(&host);
    let clean = Oracle::new(host.node());
    podman.run("a", &["rail0"]).expect_success();
    let described = podman.inspect("a");
    let process = described["State"]["Pid"]
        .as_i64()
        .and_then(|pid| i32::try_from(pid).ok());
    let process = Pid::from_raw(process.expect("a running container has a process"));
    kill(process, Signal::SIGKILL).expect("kill the container's process");
    wait::until("podman has noticed", || {
        podman.inspect("a")["State"]["Running"] == false
    });
    podman.remove("a");
    clean.assert_unchanged();
}

#[test]
fn a_container_that_was_stopped_is_attached_again_when_it_is_started() {
    let host = Host::new(&network::pool());
    let podman = Podman::new(&host);
    let clean = Oracle::new(host.node());
    podman.run("a", &["rail0"]).expect_success();
    let addresses = podman.addresses("a", "eth0");
    podman.succeed(&["stop", "--time", "0", "a"]);
    assert_eq!(leases(STATE_FOLDER), [serde_json::Value::Null; 0]);
    podman.succeed(&["start", "a"]);
    // A container of the same name gets the same address, as a pod does.
    assert_eq!(podman.addresses("a", "eth0"), addresses);
    podman.remove("a");
    clean.assert_unchanged();
}

#[test]
fn eight_containers_at_once_get_eight_addresses_and_leave_nothing() {
    let host = Host::new(&network::pool());
    let podman = Podman::new(&host);
    let clean = Oracle::new(host.node());
    let names: Vec<String> = (1..=8).map(|number| format!("c{number}")).collect();
    let starting: Vec<_> = names
        .iter()
        .map(|name| podman.start(name, &["rail0"]))
        .collect();
    for (name, child) in names.iter().zip(starting) {
        Finished::wait(format!("podman run {name}"), child).expect_success();
    }
    let addresses: BTreeSet<String> = names
        .iter()
        .flat_map(|name| podman.addresses(name, "eth0"))
        .collect();
    assert_eq!(addresses.len(), 8, "{addresses:?}");
    let mut remove = vec!["rm", "--force", "--time", "0"];
    remove.extend(names.iter().map(String::as_str));
    podman.succeed(&remove);
    clean.assert_unchanged();
}
