use serde_json::{Value, json};

use super::*;
use crate::look::tests::block;

fn pool(name: &str, specification: Value) -> Value {
    let mut object = json!({
        "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool",
        "metadata": {"name": name, "uid": name, "resourceVersion": "5", "finalizers": [FINALIZER]},
        "spec": {"subnet": "10.0.0.0/24", "ips": ["10.0.0.10-10.0.0.19"]},
    });
    for (key, value) in specification.as_object().expect("an object") {
        object["spec"][key] = value.clone();
    }
    object
}

fn decided(
    pools: &[Value],
    held: Result<&Held, &str>,
    states: &BTreeMap<String, Value>,
) -> (Vec<Action>, Vec<PoolSeen>) {
    decide(&Seen {
        pools,
        reserved: &[
            json!({"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderReservedIP",
                           "metadata": {"name": "r"}, "spec": {"ips": ["10.0.0.19"]}}),
        ],
        held,
        states,
        now: "2026-01-02T00:00:00Z",
    })
}

/// The change of the status of one pool that is alone.
fn status_of(pool: Value, held: Result<&Held, &str>) -> Value {
    let (actions, _) = decided(&[pool], held, &BTreeMap::new());
    let status = actions.into_iter().find_map(|action| match action {
        Action::Status(_, patch, _) => Some(patch["status"].clone()),
        _ => None,
    });
    status.expect("a status")
}

fn condition<'a>(status: &'a Value, kind: &str) -> (&'a str, &'a str) {
    let conditions = status["conditions"].as_array().expect("conditions");
    let found = conditions
        .iter()
        .find(|condition| condition["type"] == kind);
    let found = found.unwrap_or_else(|| panic!("{kind} in {conditions:?}"));
    (
        found["reason"].as_str().expect("text"),
        found["message"].as_str().expect("text"),
    )
}

fn held() -> Held {
    Held::new(
        vec![
            block("default", "10.0.0.10", 1, "n1"),
            block("default", "10.0.0.11", 1, "n1"),
            block("default", "10.0.0.12", 1, "n2"),
            block("default", "10.0.0.200", 1, "n2"),
        ],
        Vec::new(),
    )
}

#[test]
fn counts_are_of_addresses_that_can_be_given_out_and_of_those_that_nodes_hold() {
    let status = status_of(
        pool("a", json!({"podAffinity": {"matchLabels": {"app": "x"}}})),
        Ok(&held()),
    );
    assert_eq!(status["ipVersion"], 4);
    assert_eq!(status["totalIPCount"], 9, "one of ten is reserved");
    assert_eq!(status["allocatedIPCount"], 3);
    assert_eq!(condition(&status, "Ready").0, "Usable");
    assert_eq!(
        condition(&status, "HeldOutside").1,
        "addresses that are in ips no more are held: 10.0.0.200 by node n2; pods keep theirs until they end, and nobody else \
         gets them"
    );
}

#[test]
fn counts_that_are_not_known_are_not_written() {
    let status = status_of(pool("a", json!({})), Err("no answer"));
    assert_eq!(status.get("allocatedIPCount"), None);
    assert_eq!(status["totalIPCount"], 9);
}

#[test]
fn what_is_wrong_with_a_pool_is_said_of_the_object_alone() {
    let wrong = status_of(pool("a", json!({"subnet": "10.0.0.1/24"})), Ok(&held()));
    assert_eq!(
        condition(&wrong, "Ready"),
        (
            "Unusable",
            "SpiderIPPool \"a\": `spec.subnet`: 10.0.0.1/24 has host bits set; did you mean 10.0.0.0/24?"
        )
    );
    assert_eq!(wrong["allocatedIPCount"], 4, "all that was claimed for it");
    let disabled = status_of(pool("a", json!({"disable": true})), Ok(&held()));
    assert_eq!(condition(&disabled, "Ready").0, "Disabled");
    // By the names of files, as nodes have them: '-' is before '.'.
    let (_, seen) = decided(
        &[pool("a", json!({})), pool("a-b", json!({}))],
        Ok(&held()),
        &BTreeMap::new(),
    );
    assert_eq!(seen[1].unusable, None);
    let reason = seen[0].unusable.clone().expect("two have one address");
    assert!(
        reason.contains("is in two pools: SpiderIPPool \"a-b\" and SpiderIPPool \"a\""),
        "{reason}"
    );
}

/// The finalizers that a pool is to have; none where they stay as they are.
fn finalizers_of(pool: Value, held: Result<&Held, &str>) -> Option<Value> {
    let (actions, _) = decided(&[pool], held, &BTreeMap::new());
    actions.into_iter().find_map(|action| match action {
        Action::Change(_, patch) => {
            assert_eq!(patch["metadata"]["resourceVersion"], "5");
            Some(patch["metadata"]["finalizers"].clone())
        }
        _ => None,
    })
}

#[test]
fn a_pool_goes_when_nobody_holds_an_address_of_it() {
    let mut new = pool("a", json!({}));
    assert_eq!(finalizers_of(new.clone(), Ok(&held())), None);
    new["metadata"]["finalizers"] = json!(["others"]);
    assert_eq!(
        finalizers_of(new, Ok(&held())),
        Some(json!(["others", FINALIZER]))
    );
    let mut ending = pool("a", json!({}));
    ending["metadata"]["deletionTimestamp"] = json!("2026-01-02T00:00:00Z");
    ending["metadata"]["finalizers"] = json!(["others", FINALIZER, "spiderpool.spidernet.io"]);
    assert_eq!(finalizers_of(ending.clone(), Ok(&held())), None);
    let (reason, message) = {
        let status = status_of(ending.clone(), Ok(&held()));
        let (reason, message) = condition(&status, "Ready");
        (reason.to_owned(), message.to_owned())
    };
    assert_eq!(reason, "Deleting");
    assert!(message.contains("node n1 2, node n2 1"), "{message}");
    assert_eq!(
        finalizers_of(ending.clone(), Err("no answer")),
        None,
        "nobody knows who holds what"
    );
    assert_eq!(
        finalizers_of(ending, Ok(&Held::default())),
        Some(json!(["others"]))
    );
}

#[test]
fn the_state_that_nodes_share_has_the_counts_and_goes_with_the_pool() {
    let state = json!({"metadata": {"name": "a", "uid": "s"}, "spec": {"blockSize": 1},
                       "status": {"total": 9, "held": 9, "nodes": {"n1": 2, "gone": 7}, "pressure": 5}});
    let states = BTreeMap::from([("a".to_owned(), state.clone()), ("b".to_owned(), state)]);
    let (actions, _) = decided(&[pool("a", json!({}))], Ok(&held()), &states);
    let Some(Action::Status(_, patch, None)) = actions.iter().find(
        |action| matches!(action, Action::Status(target, ..) if target.kind == Kind::PoolState),
    ) else {
        panic!("{actions:?}");
    };
    assert_eq!(
        patch["status"],
        json!({"total": 9, "held": 3, "nodes": {"n1": 2, "n2": 1, "gone": null}})
    );
    let deleted = actions
        .iter()
        .filter(|action| matches!(action, Action::Delete(..)));
    assert_eq!(deleted.count(), 1);
}
