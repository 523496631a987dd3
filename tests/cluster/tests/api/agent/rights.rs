//! What the token of a node may do: its own node's blocks, and no other's.

use plumb_cluster_tests::{Kubectl, until};
use serde_json::{Value, json};

use super::{ACCOUNT, NAMESPACE, PATIENCE, cluster};

fn block(address: &str, node: &str) -> Value {
    json!({
        "apiVersion": "ipam.plumb.network/v1alpha1",
        "kind": "IPBlock",
        "metadata": {"name": format!("default-{address}")},
        "spec": {"space": "default", "first": address, "size": 1, "node": node, "pool": "rights"},
    })
}

#[test]
fn a_node_writes_its_own_blocks_and_those_that_are_released() {
    let cluster = cluster();
    let administrator = cluster.kubectl();
    for node in ["rights-a", "rights-b"] {
        administrator
            .apply(&json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}}));
    }
    let own = |node| Kubectl::new(cluster.place(), cluster.account(NAMESPACE, ACCOUNT, node));
    let (a, b) = (own(Some("rights-a")), own(Some("rights-b")));
    let create = |kubectl: &Kubectl<'_>, object: &Value| {
        let file = cluster.folder().join("rights.json");
        std::fs::write(&file, object.to_string()).expect("write a manifest");
        kubectl.run(&["create", "--filename", file.to_str().expect("UTF-8")])
    };
    let replace = |kubectl: &Kubectl<'_>, object: &Value| {
        let file = cluster.folder().join("rights.json");
        std::fs::write(&file, object.to_string()).expect("write a manifest");
        kubectl.run(&["replace", "--filename", file.to_str().expect("UTF-8")])
    };
    let stored = || {
        administrator
            .get("ipblock", "default-10.9.0.1")
            .expect("the block")
    };

    // The API server takes a moment to compile a policy.
    until("the policy holds", PATIENCE, || {
        let outcome = create(&b, &block("10.9.0.9", "rights-a"));
        if !outcome.succeeded() {
            return Ok(());
        }
        administrator.delete("default", "ipblock", "default-10.9.0.9");
        Err("a node created another one's block".to_owned())
    });
    create(&b, &block("10.9.0.1", "rights-a")).expect_failure(&[
        "Forbidden",
        "rights-b cannot claim addresses for node rights-a",
    ]);
    create(&own(None), &block("10.9.0.1", "rights-a"))
        .expect_failure(&["the token of this agent names no node"]);
    create(&a, &block("10.9.0.1", "rights-a")).expect_success();

    let mut taken = stored();
    taken["spec"]["node"] = json!("rights-b");
    taken["spec"]["claims"] = json!(1);
    replace(&b, &taken).expect_failure(&["only a block that is released"]);
    let mut released = stored();
    released["spec"]["released"] = json!(true);
    released["spec"]["releasedAt"] = json!(1);
    replace(&b, &released).expect_failure(&["cannot claim addresses for node rights-a"]);
    let mut both = taken.clone();
    both["spec"]["released"] = json!(true);
    both["spec"]["releasedAt"] = json!(1);
    replace(&b, &both).expect_failure(&["only a block that is released"]);
    let deletion = ["delete", "ipblock", "default-10.9.0.1"];
    b.run(&deletion)
        .expect_failure(&["which node rights-a has not released"]);
    // Nor does a node give its block away.
    replace(&a, &taken).expect_failure(&["only a block that is released"]);

    replace(&a, &released).expect_success();
    let mut taken = stored();
    taken["spec"]["node"] = json!("rights-b");
    taken["spec"]["released"] = json!(false);
    taken["spec"]["claims"] = json!(1);
    replace(&b, &taken).expect_success();
    a.run(&deletion)
        .expect_failure(&["which node rights-b has not released"]);
    b.run(&deletion).expect_success();
}

#[test]
fn an_agent_has_no_rights_that_it_does_not_use() {
    let cluster = cluster();
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "rights-c"}});
    cluster.kubectl().apply(&node);
    let kubeconfig = cluster.account(NAMESPACE, ACCOUNT, Some("rights-c"));
    let agent = Kubectl::new(cluster.place(), kubeconfig);
    for (verb, resource) in [
        ("get", "secrets"),
        ("list", "configmaps"),
        ("update", "pods"),
        ("patch", "nodes"),
        ("create", "pods"),
        ("update", "spiderippools"),
        ("patch", "ipblocks"),
        ("deletecollection", "ipblocks"),
        ("update", "poolstates"),
        ("delete", "poolstates"),
    ] {
        let outcome = agent.run(&["auth", "can-i", verb, resource, "--all-namespaces"]);
        assert!(!outcome.succeeded(), "{verb} {resource}");
    }
}

#[test]
fn the_api_server_keeps_what_makes_an_address_unique() {
    let cluster = cluster();
    let kubectl = cluster.kubectl();
    let refused = |object: &Value, words: &[&str]| kubectl.try_apply(object).expect_failure(words);
    let mut other = block("10.9.1.1", "n");
    other["metadata"]["name"] = json!("default-10.9.1.2");
    refused(&other, &["the name of a block is its space"]);
    let mut long = block("10.9.1.1", "n");
    long["spec"]["first"] = json!("fd00:0::1");
    refused(&long, &["shortest form"]);
    let mut v6 = block("fd00::1", "n");
    refused(&v6, &["name"]);
    v6["metadata"]["name"] = json!("default-fd000000000000000000000000000001");
    kubectl.apply(&v6);
    kubectl.delete(
        "default",
        "ipblock",
        "default-fd000000000000000000000000000001",
    );
    let mut size = block("10.9.1.1", "n");
    size["spec"]["size"] = json!(3);
    refused(&size, &["spec.size"]);

    kubectl.apply(&block("10.9.1.1", "n"));
    refused(&block("10.9.1.1", "m"), &["only a block that is released"]);
    let mut wider = block("10.9.1.1", "n");
    wider["spec"]["size"] = json!(2);
    refused(&wider, &["which addresses a block has cannot change"]);
    kubectl.delete("default", "ipblock", "default-10.9.1.1");

    let state = |size: u32| {
        json!({
            "apiVersion": "ipam.plumb.network/v1alpha1",
            "kind": "PoolState",
            "metadata": {"name": "unique"},
            "spec": {"blockSize": size},
        })
    };
    kubectl.apply(&state(4));
    refused(&state(8), &["cannot change"]);
    kubectl.delete("default", "poolstate", "unique");
}
