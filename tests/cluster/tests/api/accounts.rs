//! The tokens that the agent and the controller have as pods.

use plumb_cluster_tests::{Kubectl, api};
use serde_json::json;

#[test]
fn the_token_of_an_account_on_a_node_names_the_node() {
    let cluster = api();
    let kubectl = cluster.kubectl();
    kubectl.apply(&json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "accounts"}}));
    kubectl.apply(&json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "agent", "namespace": "default"},
    }));
    let kubeconfig = cluster.account("default", "agent", Some("accounts"));
    let agent = Kubectl::new(cluster.place(), kubeconfig);
    let whoami = agent
        .run(&["auth", "whoami", "--output", "json"])
        .expect_success();
    let whoami: serde_json::Value = serde_json::from_str(&whoami).expect("JSON");
    let user = &whoami["status"]["userInfo"];
    assert_eq!(user["username"], "system:serviceaccount:default:agent");
    let node = &user["extra"]["authentication.kubernetes.io/node-name"];
    assert_eq!(node, &json!(["accounts"]));
    // It has no rights but those that it is given.
    agent.run(&["get", "nodes"]).expect_failure(&["Forbidden"]);
}
