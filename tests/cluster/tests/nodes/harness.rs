//! What tests rely on.

use std::time::Duration;

use nix::sys::signal::Signal;
use plumb_cluster_tests::{cluster, two_nodes, until};

#[test]
fn nodes_have_files_and_links_of_their_own() {
    let nodes = two_nodes();
    let [first, second] = nodes.nodes() else {
        panic!("two nodes");
    };
    first.write("/etc/plumb/mark", "first");
    assert_eq!(first.read("/etc/plumb/mark").as_deref(), Some("first"));
    assert_eq!(second.read("/etc/plumb/mark"), None);
    assert!(!std::path::Path::new("/etc/plumb/mark").exists());
    first.remove("/etc/plumb/mark");

    // The links of one name are on one fabric, and on no other.
    first
        .run("ip address add 192.0.2.1/24 dev ens6f0np0")
        .expect_success();
    second
        .run("ip address add 192.0.2.2/24 dev ens6f0np0")
        .expect_success();
    first
        .run("ping -c 1 -W 2 -I ens6f0np0 192.0.2.2")
        .expect_success();
    second
        .run("ip -4 address flush dev ens6f0np0")
        .expect_success();
    second
        .run("ip address add 192.0.2.2/24 dev ens6f1np1")
        .expect_success();
    let lost = first.run("ping -c 1 -W 1 -I ens6f0np0 192.0.2.2");
    assert!(!lost.succeeded(), "{lost}");
    first
        .run("ip -4 address flush dev ens6f0np0")
        .expect_success();
    second
        .run("ip -4 address flush dev ens6f1np1")
        .expect_success();
}

#[test]
fn kubelet_comes_back_after_a_kill() {
    let nodes = two_nodes();
    let node = nodes.node("node2");
    node.signal("kubelet", Signal::SIGKILL);
    let patience = Duration::from_secs(120);
    let ready = || cluster::is_ready(&nodes.kubectl().get("node", "node2").expect("node2 exists"));
    until("node2 is lost", patience, || match ready() {
        false => Ok(()),
        true => Err("ready".to_owned()),
    });
    node.start_again("kubelet");
    until("node2 is back", patience, || match ready() {
        true => Ok(()),
        false => Err("not ready".to_owned()),
    });
}
