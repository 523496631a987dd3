use serde_json::{Value, json};

use super::*;

/// A network `team/NAME` with UID `uid-NAME`.
fn network(name: &str, specification: Value) -> Value {
    json!({"metadata": {"name": name, "namespace": "team", "uid": format!("uid-{name}"), "generation": 1,
                        "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": specification})
}

fn macvlan(pools: &[&str]) -> Value {
    json!({"cniType": "macvlan", "macvlan": {"master": ["eth1"], "ippools": {"ipv4": pools}}})
}

/// What the cluster has beside the networks.
#[derive(Default)]
struct Scene {
    attachments: Option<Vec<Value>>,
    pools: Vec<PoolSeen>,
    resources: Option<BTreeMap<String, bool>>,
    applied: BTreeMap<Target, Value>,
    failed: BTreeMap<Target, String>,
}

impl Scene {
    fn decide(&self, networks: &[Value]) -> Vec<Action> {
        decide(&Seen {
            networks,
            attachments: self.attachments.as_deref().ok_or("not served"),
            pools: &self.pools,
            cluster: None,
            resources: self.resources.as_ref(),
            applied: &self.applied,
            failed: &self.failed,
            now: "2026-01-02T00:00:00Z",
        })
    }
}

fn empty() -> Scene {
    Scene {
        attachments: Some(Vec::new()),
        ..Scene::default()
    }
}

fn applied(actions: &[Action]) -> Vec<&Value> {
    let mut objects = Vec::new();
    for action in actions {
        if let Action::Apply(_, object) = action {
            objects.push(object);
        }
    }
    objects
}

/// Reason and message of a condition of the only network whose status changes.
fn condition(actions: &[Action], kind: &str) -> (String, String) {
    let mut statuses = actions.iter().filter_map(|action| match action {
        Action::Status(_, patch, _) => Some(patch),
        _ => None,
    });
    let patch = statuses.next().expect("a status");
    assert!(statuses.next().is_none(), "{actions:?}");
    let conditions = patch["status"]["conditions"]
        .as_array()
        .expect("conditions");
    let found = conditions
        .iter()
        .find(|condition| condition["type"] == kind);
    let found = found.unwrap_or_else(|| panic!("{kind} in {conditions:?}"));
    let text = |key: &str| found[key].as_str().expect("text").to_owned();
    (text("reason"), text("message"))
}

fn ready(scene: &Scene, specification: Value) -> (String, String) {
    condition(&scene.decide(&[network("n", specification)]), "Ready")
}

#[test]
fn a_network_is_made_with_its_owner_and_not_again() {
    let mut scene = empty();
    let network = network("n", macvlan(&[]));
    let actions = scene.decide(std::slice::from_ref(&network));
    let made = applied(&actions)[0].clone();
    assert_eq!(made["metadata"]["namespace"], "team");
    assert_eq!(made["metadata"]["ownerReferences"][0]["uid"], "uid-n");
    assert_eq!(made["metadata"]["ownerReferences"][0]["controller"], true);
    assert_eq!(condition(&actions, "Ready").0, "Usable");
    // As it is now at the API server, which adds fields.
    let mut stored = made.clone();
    stored["metadata"]["uid"] = json!("nad");
    stored["metadata"]["annotations"] = json!({"others": "stay"});
    scene.attachments = Some(vec![stored.clone()]);
    scene
        .applied
        .insert(Target::of(Kind::Attachment, &made), made.clone());
    assert_eq!(
        applied(&scene.decide(std::slice::from_ref(&network))),
        Vec::<&Value>::new()
    );
    // Somebody has changed it.
    stored["spec"]["config"] = json!("{}");
    scene.attachments = Some(vec![stored]);
    assert_eq!(
        applied(&scene.decide(std::slice::from_ref(&network))),
        [&made]
    );
    // Somebody has deleted it.
    scene.attachments = Some(Vec::new());
    assert_eq!(applied(&scene.decide(&[network])), [&made]);
}

#[test]
fn what_is_known_already_is_not_written_again() {
    let scene = empty();
    let mut network = network("n", json!({"cniType": "macvlan"}));
    let actions = scene.decide(std::slice::from_ref(&network));
    let Some(Action::Status(_, patch, Some(told))) = actions.first() else {
        panic!("{actions:?}");
    };
    assert!(told.warning);
    assert_eq!(told.reason, "Invalid");
    network["status"] = patch["status"].clone();
    assert_eq!(scene.decide(&[network]), []);
}

#[test]
fn an_attachment_of_nobody_is_adopted_and_that_of_another_network_is_not() {
    let attachment = |owner: Value| json!({"metadata": {"name": "n", "namespace": "team", "resourceVersion": "7", "ownerReferences": [owner]}});
    let mut scene = empty();
    scene.attachments = Some(vec![attachment(
        json!({"kind": "Deployment", "name": "x", "uid": "d", "controller": true}),
    )]);
    let networks = [network("n", macvlan(&[])), network("other", macvlan(&[]))];
    assert_eq!(applied(&scene.decide(&networks[..1])).len(), 1);
    let of_other = json!({"kind": "SpiderMultusConfig", "name": "other", "uid": "uid-other", "controller": true});
    scene.attachments = Some(vec![attachment(of_other.clone())]);
    // The other one is at its end already, and there all the same.
    let mut ending = networks[1].clone();
    ending["metadata"]["deletionTimestamp"] = json!("2026-01-02T00:00:00Z");
    let actions = scene.decide(&[networks[0].clone(), ending]);
    assert_eq!(applied(&actions), Vec::<&Value>::new());
    let (reason, message) = condition(&actions, "Rendered");
    assert_eq!(reason, "Taken");
    assert!(
        message.starts_with(
            "NetworkAttachmentDefinition team/n is that of SpiderMultusConfig \"other\""
        ),
        "{message}"
    );
    // It is gone, and its object would go with it.
    let actions = scene.decide(&networks[..1]);
    let change = actions.iter().find_map(|action| match action {
        Action::Change(_, patch) => Some(patch),
        _ => None,
    });
    let metadata = &change.expect("a change")["metadata"];
    assert_eq!(metadata["resourceVersion"], "7");
    assert_eq!(metadata["ownerReferences"][0]["uid"], "uid-n");
}

#[test]
fn the_older_of_two_networks_keeps_the_name_that_both_want() {
    let mut young = network("a", macvlan(&[]));
    young["metadata"]["creationTimestamp"] = json!("2026-01-03T00:00:00Z");
    young["metadata"]["annotations"] = json!({"multus.spidernet.io/cr-name": "n"});
    let old = network("n", macvlan(&[]));
    let actions = empty().decide(&[young, old]);
    let made = applied(&actions);
    assert_eq!(made.len(), 1);
    assert_eq!(made[0]["metadata"]["ownerReferences"][0]["name"], "n");
}

#[test]
fn without_multus_the_network_says_so() {
    let actions = Scene::default().decide(&[network("n", macvlan(&[]))]);
    assert_eq!(
        condition(&actions, "Ready"),
        ("NoMultus".into(), "not served".into())
    );
    assert_eq!(actions.len(), 1);
}

#[test]
fn what_could_not_be_applied_is_said_and_tried_again() {
    let mut scene = empty();
    let network = network("n", macvlan(&[]));
    let target = Target {
        kind: Kind::Attachment,
        namespace: Some("team".into()),
        name: "n".into(),
    };
    scene.failed.insert(
        target,
        "apply network-attachment-definitions: full (507)".into(),
    );
    let actions = scene.decide(&[network]);
    assert_eq!(applied(&actions).len(), 1);
    assert_eq!(condition(&actions, "Ready").0, "NotApplied");
}

#[test]
fn what_keeps_pods_from_a_network_is_its_readiness() {
    let mut scene = empty();
    scene.pools = vec![
        PoolSeen {
            name: "gpu1-net11".into(),
            family: Family::Ipv4,
            unusable: None,
        },
        PoolSeen {
            name: "bad".into(),
            family: Family::Ipv4,
            unusable: Some("it is so".into()),
        },
    ];
    assert_eq!(ready(&scene, macvlan(&["gpu1-net11"])).0, "Usable");
    let (reason, message) = ready(&scene, macvlan(&["gpu1-net91"]));
    assert_eq!(reason, "UnknownPool");
    assert!(
        message.ends_with("did you mean \"gpu1-net11\"?"),
        "{message}"
    );
    assert_eq!(
        ready(&scene, macvlan(&["bad"])),
        (
            "UnusablePool".into(),
            "pool \"bad\" gives out no address: it is so".into()
        )
    );
    let sriov = |resource: &str, mtu: u32| json!({"cniType": "sriov", "sriov": {"resourceName": resource, "mtu": mtu}});
    assert_eq!(
        ready(&scene, sriov("spidernet.io/gpu1", 0)).0,
        "Usable",
        "nothing is known of nodes"
    );
    scene.resources = Some(BTreeMap::from([
        ("spidernet.io/gpu1".to_owned(), true),
        ("spidernet.io/gpu2".to_owned(), false),
        ("cpu".to_owned(), true),
    ]));
    assert_eq!(ready(&scene, sriov("spidernet.io/gpu1", 0)).0, "Usable");
    assert_eq!(
        ready(&scene, sriov("spidernet.io/gpu1", 9000)).0,
        "NeedsOtherPlugins"
    );
    let (reason, message) = ready(&scene, sriov("spidernet.io/gpu3", 0));
    assert_eq!(reason, "UnknownResource");
    assert!(
        message.contains("did you mean \"spidernet.io/gpu1\" or \"spidernet.io/gpu2\"?"),
        "{message}"
    );
    assert!(
        ready(&scene, sriov("spidernet.io/gpu2", 0))
            .1
            .starts_with("every node has 0 of the resource")
    );
}

#[test]
fn two_bonds_of_one_name_are_told_to_the_second() {
    let bonded = |name: &str, mode: u8| {
        let bond = json!({"name": "bond0", "mode": mode});
        network(
            name,
            json!({"cniType": "macvlan", "macvlan": {"master": ["eth1", "eth2"], "vlanID": 5, "bond": bond}}),
        )
    };
    let actions = empty().decide(&[bonded("a", 1), bonded("b", 4)]);
    let reasons: Vec<_> = actions
        .iter()
        .filter_map(|action| match action {
            Action::Status(_, patch, _) => patch.pointer("/status/conditions/1/reason").cloned(),
            _ => None,
        })
        .collect();
    assert_eq!(reasons, ["Usable", "BondDiffers"]);
}

#[test]
fn what_was_read_otherwise_is_noted() {
    let specification = json!({"cniType": "ib-sriov", "ibsriov": {"resourceName": "a/b", "pkey": 1000, "enableIbKubernetes": true}});
    let actions = empty().decide(&[network("n", specification)]);
    let (reason, message) = condition(&actions, "Notes");
    assert_eq!(reason, "ReadOtherwise");
    assert!(message.contains("partition 0x03e8"), "{message}");
}
