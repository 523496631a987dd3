//! Each contradiction is told in a sentence, and those that could let two pods have one address keep a pool from being
//! imported.

use serde_json::json;

use super::{SPIDERPOOL, WHEREABOUTS, objects, pod, yaml};
use crate::{Objects, Plan};

/// The list with one object changed.
fn changed(list: &str, kind: &str, name: &str, change: impl Fn(&mut serde_json::Value)) -> Objects {
    let mut list = yaml(list);
    let items = list["items"].as_array_mut().unwrap();
    let is_meant =
        |one: &&mut serde_json::Value| one["kind"] == kind && one["metadata"]["name"] == name;
    change(items.iter_mut().find(is_meant).expect("the fixture has it"));
    let mut objects = Objects::default();
    objects.add(list);
    objects
}

#[track_caller]
fn assert_told(plan: &Plan, parts: &[&str]) {
    let has_all = |sentence: &&String| parts.iter().all(|part| sentence.contains(part));
    assert!(
        plan.told.iter().any(|one| has_all(&one)),
        "{parts:?} in {plan}"
    );
}

#[track_caller]
fn assert_stops(plan: &Plan, pool: &str, parts: &[&str]) {
    let has_all = |sentence: &&String| parts.iter().all(|part| sentence.contains(part));
    assert!(!plan.is_clear());
    assert!(
        plan.pools[pool].stops.iter().any(|one| has_all(&one)),
        "{parts:?} in {plan}"
    );
    assert!(plan.to_string().contains("is NOT imported"), "{plan}");
}

/// How many addresses of a pool become leases.
fn count(plan: &Plan, pool: &str) -> usize {
    plan.pools[pool]
        .blocks
        .values()
        .map(|block| block.facts.len())
        .sum()
}

#[test]
fn a_pod_that_does_not_exist_has_no_address() {
    let mut objects = objects(SPIDERPOOL);
    objects.pods.remove(&pod("web-0"));
    let plan = Plan::of(&objects, &[]);
    assert_told(
        &plan,
        &["172.16.11.10", "team-a/web-0", "does not exist", "is free"],
    );
    assert!(plan.is_clear());
    assert_eq!(count(&plan, "gpu1-net11"), 1);
}

#[test]
fn a_pod_that_was_made_again_has_the_address_only_if_it_reports_it() {
    let made_again = |name: &str| {
        changed(SPIDERPOOL, "Pod", name, |pod| {
            pod["metadata"]["uid"] = json!("new")
        })
    };
    let plan = Plan::of(&made_again("train-x7k2p"), &[]);
    assert_told(
        &plan,
        &["172.16.11.11", "earlier pod", "train-x7k2p", "now new"],
    );
    assert_eq!(count(&plan, "gpu1-net11"), 1);
    let plan = Plan::of(&made_again("web-0"), &[]);
    assert_eq!(count(&plan, "gpu1-net11"), 2, "{plan}");
    let block = &plan.pools["gpu1-net11"].blocks["default-172.16.11.10"];
    assert_eq!(block.facts[0].uid, "new");
}

#[test]
fn a_pod_that_has_ended_or_runs_nowhere_has_no_address() {
    let plan = Plan::of(
        &changed(SPIDERPOOL, "Pod", "web-0", |pod| {
            pod["status"]["phase"] = json!("Failed")
        }),
        &[],
    );
    assert_told(&plan, &["172.16.11.10", "has ended"]);
    let nowhere = changed(SPIDERPOOL, "Pod", "web-0", |pod| pod["spec"] = json!({}));
    let plan = Plan::of(&nowhere, &[]);
    assert_told(&plan, &["172.16.11.10", "runs on no node yet"]);
    assert_eq!(count(&plan, "gpu1-net11"), 1);
}

#[test]
fn two_pods_on_one_address_keep_the_pool_from_being_imported() {
    let both = changed(SPIDERPOOL, "SpiderEndpoint", "train-x7k2p", |endpoint| {
        endpoint["status"]["current"]["ips"][0]["ipv4"] = json!("172.16.11.10/24");
    });
    let plan = Plan::of(&both, &[]);
    assert_stops(
        &plan,
        "gpu1-net11",
        &[
            "172.16.11.10",
            "web-0",
            "node-a",
            "train-x7k2p",
            "node-b",
            "delete",
        ],
    );
    assert_told(
        &plan,
        &[
            "SpiderEndpoint team-a/train-x7k2p",
            "no pool has a record of",
        ],
    );
    assert!(
        !plan.pools["gpu1-net11"]
            .blocks
            .contains_key("default-172.16.11.10")
    );
}

#[test]
fn the_node_where_a_pod_runs_counts_whatever_is_recorded() {
    let of_node = |node: serde_json::Value| {
        changed(SPIDERPOOL, "SpiderEndpoint", "web-0", move |endpoint| {
            endpoint["status"]["current"]["node"] = node.clone();
        })
    };
    let plan = Plan::of(&of_node(json!("node-b")), &[]);
    assert_told(
        &plan,
        &["172.16.11.10", "recorded for node node-b", "runs on node-a"],
    );
    assert_eq!(
        plan.pools["gpu1-net11"].blocks["default-172.16.11.10"]
            .block
            .node,
        "node-a"
    );
    let mut alone = of_node(json!(""));
    // Without a record in the pool the endpoint is all there is.
    alone.pools.get_mut("gpu1-net11").unwrap().allocated = String::new();
    let plan = Plan::of(&alone, &[]);
    assert_told(&plan, &["no node is recorded", "172.16.11.10", "node-a"]);
    assert_eq!(count(&plan, "gpu1-net11"), 2, "{plan}");
}

#[test]
fn a_node_that_does_not_exist_is_told() {
    let mut objects = objects(SPIDERPOOL);
    objects.nodes.as_mut().unwrap().remove("node-b");
    let plan = Plan::of(&objects, &[]);
    assert_told(&plan, &["172.16.11.11", "node-b", "does not exist"]);
    assert_eq!(count(&plan, "gpu1-net11"), 2);
}

#[test]
fn an_address_outside_of_its_pool_or_of_every_pool_is_told() {
    let smaller = changed(SPIDERPOOL, "SpiderIPPool", "gpu1-net11", |pool| {
        pool["spec"]["ips"] = json!(["172.16.11.11-172.16.11.20"]);
    });
    let plan = Plan::of(&smaller, &[]);
    assert_told(
        &plan,
        &["172.16.11.10", "not among the addresses of pool gpu1-net11"],
    );
    assert_eq!(count(&plan, "gpu1-net11"), 2, "the pool may get it back");
    let mut none = objects(WHEREABOUTS);
    none.pools.remove("rail1");
    let plan = Plan::of(&none, &[]);
    assert_told(&plan, &["192.168.2.225", "in no pool"]);
    assert!(!plan.pools.contains_key("rail1"), "{plan}");
}

#[test]
fn a_status_that_cannot_be_read_keeps_the_pool_from_being_imported() {
    for (text, part) in [
        ("{", "no JSON object"),
        (r#"{"172.16.11":{"pod":"a/b"}}"#, "no address"),
        (r#"{"172.16.11.5":{"pod":"b"}}"#, "no pod"),
    ] {
        let unreadable = changed(SPIDERPOOL, "SpiderIPPool", "gpu1-net11", |pool| {
            pool["status"]["allocatedIPs"] = json!(text);
        });
        assert_stops(
            &Plan::of(&unreadable, &[]),
            "gpu1-net11",
            &["SpiderIPPool gpu1-net11", part],
        );
    }
}

#[test]
fn a_block_of_another_node_keeps_the_pool_from_being_imported_and_one_in_use_is_left_as_it_is() {
    let mut objects = objects(SPIDERPOOL);
    let plan = Plan::of(&objects, &[]);
    let planned = plan.pools["gpu1-net11"].blocks["default-172.16.11.10"]
        .block
        .clone();
    let mut other = planned.clone();
    other.node = "node-b".to_owned();
    objects
        .blocks
        .insert("default-172.16.11.10".to_owned(), (other, false));
    let plan = Plan::of(&objects, &[]);
    assert_stops(
        &plan,
        "gpu1-net11",
        &["172.16.11.10", "web-0", "belongs to node node-b"],
    );
    objects
        .blocks
        .insert("default-172.16.11.10".to_owned(), (planned, false));
    let plan = Plan::of(&objects, &[]);
    assert!(plan.is_clear(), "{plan}");
    assert_told(
        &plan,
        &["default-172.16.11.10", "in use by node node-a already"],
    );
}

#[test]
fn what_nothing_tells_the_interface_of_is_told() {
    let mut objects = objects(SPIDERPOOL);
    objects.others.clear();
    let plan = Plan::of(&objects, &[]);
    assert_told(
        &plan,
        &["172.16.11.11", "which interface of pod team-a/train-x7k2p"],
    );
    let web = &plan.pools["gpu1-net11"].blocks["default-172.16.11.10"].facts[0];
    assert_eq!(web.interface.as_deref(), Some("net1"), "Multus reports it");
}

#[test]
fn a_record_of_whereabouts_that_cannot_be_read_is_told() {
    for (name, change, part) in [
        ("192.168.2.224-27", json!({"range": "x"}), "no network"),
        (
            "192.168.2.224-27",
            json!({"range": "192.168.2.224/27", "allocations": {"99": {"podref": "a/b"}}}),
            "\"99\"",
        ),
        (
            "192.168.2.224-27",
            json!({"range": "192.168.2.224/27", "allocations": {"1": {"podref": ""}}}),
            "podref",
        ),
    ] {
        let spec = change.clone();
        let objects = changed(WHEREABOUTS, "IPPool", name, move |pool| {
            pool["spec"] = spec.clone()
        });
        assert_told(
            &Plan::of(&objects, &[]),
            &["whereabouts' IPPool 192.168.2.224-27", part],
        );
    }
}
