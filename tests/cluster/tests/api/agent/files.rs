//! What an agent writes for plumb, and what it tells users.

use plumb_cluster_tests::{Cluster, until};
use plumb_protocol::{Answer, PodName, Question};
use serde_json::{Value, json};

use super::{Agent, PATIENCE, cluster};

fn pool(name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "spiderpool.spidernet.io/v2beta1",
        "kind": "SpiderIPPool",
        "metadata": {"name": name},
        "spec": spec,
    })
}

/// A namespace in which pods can be made without the controllers.
fn namespace(cluster: &Cluster, name: &str, annotations: Value, labels: Value) {
    let kubectl = cluster.kubectl();
    kubectl.apply(&json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "annotations": annotations, "labels": labels},
    }));
    kubectl.apply(&json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": name},
    }));
}

fn pod(namespace: &str, name: &str, node: &str, annotations: Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
        "spec": {
            "nodeName": node,
            "automountServiceAccountToken": false,
            "containers": [{"name": "main", "image": "none"}],
        },
    })
}

#[track_caller]
fn wait_for(agent: &Agent<'_>, file: &str, look: impl Fn(&Value) -> bool) -> Value {
    until(
        &format!("{file} is as expected"),
        PATIENCE,
        || match agent.read(file) {
            Some(found) if look(&found) => Ok(found),
            other => Err(format!("{other:?}\n{}", agent.log())),
        },
    )
}

/// The messages of the events on an object.
fn events(cluster: &Cluster, namespace: &str, name: &str) -> Vec<String> {
    let selector = format!("involvedObject.name={name}");
    let arguments = ["--namespace", namespace, "--field-selector", &selector];
    let events = cluster.kubectl().list("events", &arguments);
    let message = |event: &Value| event["message"].as_str().unwrap_or_default().to_owned();
    events.iter().map(message).collect()
}

#[track_caller]
fn wait_for_event(cluster: &Cluster, namespace: &str, name: &str, words: &str) {
    until(&format!("{name} has an event"), PATIENCE, || {
        let messages = events(cluster, namespace, name);
        match messages.iter().any(|message| message.contains(words)) {
            true => Ok(()),
            false => Err(format!("{messages:?}")),
        }
    });
}

#[test]
fn pools_are_on_the_node_as_it_may_use_them_and_a_wrong_one_is_told_once() {
    let cluster = cluster();
    let kubectl = cluster.kubectl();
    let agent = Agent::start(&cluster, "files-a");
    let twin = Agent::start(&cluster, "files-b");
    let ips = |number: u8| json!([format!("172.17.{number}.1-172.17.{number}.9")]);
    let here = json!({
        "subnet": "172.17.1.0/24",
        "ips": ips(1),
        "nodeAffinity": {"matchLabels": {"rack": "files-a"}},
    });
    kubectl.apply(&pool("files-here", here));
    let file = wait_for(&agent, "pools/files-here.json", |_| true);
    assert_eq!(
        file["metadata"]["annotations"],
        json!({"plumb.network/shared": "true"})
    );
    assert_eq!(file["spec"]["ips"], ips(1));
    let file = wait_for(&twin, "pools/files-here.json", |_| true);
    let reason = &file["metadata"]["annotations"]["plumb.network/unusable"];
    assert!(
        reason
            .as_str()
            .is_some_and(|reason| reason.contains("nodeAffinity")),
        "{file}"
    );

    // The API server cannot see that this overlaps; plumb leaves it out, and only it.
    let twice = json!({"subnet": "172.17.1.0/24", "ips": ["172.17.1.9-172.17.1.12"]});
    kubectl.apply(&pool("files-twice", twice));
    wait_for_event(
        &cluster,
        "default",
        "files-twice",
        "172.17.1.9 is in two pools",
    );
    assert_eq!(events(&cluster, "default", "files-twice").len(), 1);
    assert!(
        agent
            .metric("plumb_pool_addresses{pool=\"files-here\"}")
            .is_some()
    );

    kubectl.delete("default", "spiderippool", "files-twice");
    kubectl.delete("default", "spiderippool", "files-here");
    until("the files are gone", PATIENCE, || {
        match agent
            .read("pools/files-here.json")
            .or(agent.read("pools/files-twice.json"))
        {
            None => Ok(()),
            Some(found) => Err(found.to_string()),
        }
    });
}

#[test]
fn what_pods_chose_is_on_their_node_until_they_are_gone() {
    let cluster = cluster();
    let kubectl = cluster.kubectl();
    let agent = Agent::start(&cluster, "pods-a");
    let defaults = json!({"ipam.spidernet.io/default-ipv4-ippool": "[\"of-team\"]"});
    namespace(&cluster, "pods-team", defaults, json!({"team": "a"}));
    let affine = json!({
        "subnet": "172.17.2.0/24",
        "ips": ["172.17.2.1"],
        "podAffinity": {"matchLabels": {"app": "training"}},
    });
    kubectl.apply(&pool("pods-affine", affine));

    kubectl.apply(&pod("pods-team", "plain", "pods-a", json!({})));
    let refuses = |choice: &Value| choice["refused-pools"].get("pods-affine").is_some();
    let choice = wait_for(&agent, "pods/pods-team_plain.json", refuses);
    assert_eq!(choice["pools"]["*"]["ipv4"], json!(["of-team"]));
    let uid = kubectl
        .get_in("pods-team", "pod", "plain")
        .expect("the pod")["metadata"]["uid"]
        .clone();
    assert_eq!(choice["uid"], uid);
    let file = wait_for(&agent, "pools/pods-affine.json", |_| true);
    assert_eq!(
        file["metadata"]["annotations"]["plumb.network/pod-affinity"],
        "true"
    );

    // What is asked for is what is in the file.
    let question = |uid: &str| {
        Question::Pod(PodName {
            namespace: "pods-team".to_owned(),
            name: "plain".to_owned(),
            uid: uid.to_owned(),
        })
    };
    match agent.ask(&question(uid.as_str().expect("a UID"))) {
        Answer::Pod(answer) => assert_eq!(serde_json::to_value(answer).expect("JSON"), choice),
        other => panic!("{other:?}"),
    }
    match agent.ask(&question("another")) {
        Answer::Refused(refusal) => assert!(refusal.message.contains("made again"), "{refusal:?}"),
        other => panic!("{other:?}"),
    }

    let wrong = json!({"ipam.spidernet.io/ippool": "{'ipv4': ['a']}"});
    kubectl.apply(&pod("pods-team", "wrong", "pods-a", wrong));
    let refusal = |choice: &Value| choice["refusal"].is_string();
    wait_for(&agent, "pods/pods-team_wrong.json", refusal);
    wait_for_event(&cluster, "pods-team", "wrong", "is not JSON");
    let subnet = json!({"ipam.spidernet.io/subnet": "{\"ipv4\": [\"s\"]}"});
    kubectl.apply(&pod("pods-team", "subnet", "pods-a", subnet));
    wait_for_event(&cluster, "pods-team", "subnet", "create a SpiderIPPool");

    // Pods of other nodes are not this agent's to know.
    kubectl.apply(&pod("pods-team", "elsewhere", "pods-other", json!({})));
    let elsewhere = Question::Pod(PodName {
        namespace: "pods-team".to_owned(),
        name: "elsewhere".to_owned(),
        uid: String::new(),
    });
    match agent.ask(&elsewhere) {
        Answer::Refused(refusal) => assert!(refusal.message.contains("on node pods-other")),
        other => panic!("{other:?}"),
    }
    assert!(!agent.path("pods/pods-team_elsewhere.json").exists());

    for name in ["plain", "wrong", "subnet", "elsewhere"] {
        let deletion = [
            "delete",
            "pod",
            name,
            "--namespace",
            "pods-team",
            "--force",
            "--grace-period=0",
        ];
        kubectl.run(&deletion).expect_success();
    }
    until("the files are gone", PATIENCE, || {
        match agent.read("pods/pods-team_plain.json") {
            None => Ok(()),
            Some(found) => Err(found.to_string()),
        }
    });
    kubectl.delete("default", "spiderippool", "pods-affine");
}
