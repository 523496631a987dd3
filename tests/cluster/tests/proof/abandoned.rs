//! A pod that is gone without a DEL.

use nix::sys::signal::Signal;
use plumb_cluster_tests::{Node, install, objects, pods, until, with_chart};
use serde_json::Value;

use crate::manifests::{PATIENCE, SHARED, apply, delete_shared};

/// The records of a node's attachments, by their first lines.
fn records(node: &Node) -> Vec<Value> {
    let line = "find /run/plumb/attachments -type f -exec head -q -n 1 {} +";
    let lines = node.shell(line).expect_success();
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of a record is JSON"))
        .collect()
}

/// Ends a pod's sandbox as a runtime does that fails before it calls plugins: nobody is in the namespace, and nobody keeps it.
fn end_namespace(node: &Node, path: &str) {
    let name = path.rsplit('/').next().expect("a path has a last part");
    let line = format!("kill -KILL $(ip netns pids {name}) && umount {path}");
    node.shell(&line).expect_success();
}

#[test]
fn an_address_is_free_when_its_pod_was_deleted_by_force_and_its_namespace_has_ended() {
    let cluster = with_chart();
    let kubectl = cluster.kubectl();
    let node = cluster.node("node2");
    apply(&kubectl, "roce-shared");
    kubectl.apply(&objects::pod("abandoned", "node2", SHARED));
    pods::running(&cluster, "abandoned", 1, PATIENCE);
    // Of the interface, and of the coordinator behind it.
    let attached = records(node);
    assert_eq!(attached.len(), 2, "{attached:?}");
    assert_eq!(install::leases(node).len(), 1);

    // A kubelet that is stopped calls nobody.
    node.signal("kubelet", Signal::SIGSTOP);
    let force = ["delete", "pod", "abandoned", "--force", "--grace-period=0"];
    kubectl.run(&force).expect_success();
    pods::gone(&cluster, "abandoned", PATIENCE);
    let netns = attached[0]["header"]["netns"]["path"].as_str();
    end_namespace(node, netns.expect("a record has its namespace"));
    until("its address is free", PATIENCE, || {
        match install::leases(node) {
            leases if leases.is_empty() => Ok(()),
            leases => Err(Value::from(leases).to_string()),
        }
    });
    assert_eq!(
        records(node),
        attached,
        "all but the address is plumb's to undo"
    );

    // The DEL that comes at last succeeds.
    node.signal("kubelet", Signal::SIGCONT);
    until("the record is gone", PATIENCE, || match records(node) {
        records if records.is_empty() => Ok(()),
        records => Err(Value::from(records).to_string()),
    });
    delete_shared(&cluster);
}
