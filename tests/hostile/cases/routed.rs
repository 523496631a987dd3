//! What 0.2 of the contract can say and 0.1 could not: routes and rules that refer to addresses
//! to come, and the facts that routing needs. The component is `routed`, kept as it was built.

use std::fs;

use cni_harness::{Call, Oracle, ip};
use plumb_hostile::Scene;
use plumb_tests::configuration::{dual_stack, pool, with};
use serde_json::{Value, json};

use crate::kept::kept;

const OPERATIONS: [&str; 4] = [
    "create-macvlan",
    "assign-addresses",
    "add-route",
    "add-rule",
];

fn install(scene: &Scene) {
    scene.store.install("routed", &kept("0.2", "routed"));
    scene.store.grant("routed", &OPERATIONS);
}

/// Both families, from `10.1.0.10` and `fd00:1::10` on, with gateways.
fn configuration(own: Value) -> Value {
    let flavour = json!({
        "name": "rail", "type": "plumb", "flavour": "routed", "table": 100,
    });
    with(with(dual_stack(), flavour), own)
}

/// `ip rule show` of both families without the kernel's own, as `FROM TABLE`.
fn rules(scene: &Scene) -> Vec<String> {
    let families = ["-4 rule show", "-6 rule show"];
    let listed = families.map(|command| ip::json(Some(scene.pod.name()), command));
    let listed = listed.iter().flatten();
    let own = listed.filter(|rule| rule["src"] != "all");
    own.map(|rule| {
        format!(
            "{} {} {}",
            rule["priority"],
            rule["src"].as_str().unwrap_or_default(),
            rule["table"].as_str().unwrap_or_default()
        )
    })
    .collect()
}

/// A routing table as `TO GATEWAY SOURCE`.
fn table(scene: &Scene, number: u32) -> Vec<String> {
    let shown = ["-4", "-6"].map(|family| {
        let command = format!("{family} route show table {number}");
        ip::json(Some(scene.pod.name()), &command)
    });
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let routes = shown.iter().flatten();
    routes
        .map(|route| {
            let [to, gateway, source] = ["dst", "gateway", "prefsrc"].map(|key| text(&route[key]));
            format!("{to} {gateway} {source}")
        })
        .collect()
}

#[test]
fn routes_and_rules_get_the_addresses_that_the_pod_gets() {
    let scene = Scene::new();
    install(&scene);
    let configuration = configuration(json!({"priority": 1000}));
    let before = Oracle::new(&scene.node);
    let result = scene.add(&configuration).run().expect_result();

    assert_eq!(
        scene.pod.addresses("eth0"),
        ["10.1.0.10/24", "fd00:1::10/64"]
    );
    assert_eq!(rules(&scene), ["1000 10.1.0.10 100", "1000 fd00:1::10 100"]);
    let mut routes = table(&scene, 100);
    routes.sort();
    assert_eq!(
        routes,
        [
            "10.1.0.0/24 - 10.1.0.10",
            "default 10.1.0.1 10.1.0.10",
            "default fd00:1::1 fd00:1::10",
            "fd00:1::/64 - fd00:1::10"
        ]
    );
    let check = || Call::check(&scene.node, &scene.pod, &configuration, &result);
    check().run().expect_silence();

    ip::batch(Some(scene.pod.name()), "rule del from 10.1.0.10 table 100");
    check().run().expect_error(110, "lost its rule");
    scene.node.delete(&scene.pod, &configuration);
    assert_eq!(rules(&scene), [""; 0]);
    assert_eq!(table(&scene, 100), [""; 0]);
    before.assert_unchanged();
}

/// A second attachment of the pod with the same table keeps its own rules and routes.
#[test]
fn an_attachment_takes_only_its_own_rules_with_it() {
    let scene = Scene::new();
    install(&scene);
    let first = configuration(json!({}));
    let second = configuration(json!({"name": "rail2", "table": 101}));
    scene.add(&first).run().expect_result();
    scene.add(&second).interface("net2").run().expect_result();
    assert_eq!(rules(&scene).len(), 4);
    scene.node.delete(&scene.pod, &first);
    let left = rules(&scene);
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.iter().all(|rule| rule.ends_with(" 101")), "{left:?}");
    Call::delete(&scene.node, &scene.pod, &second)
        .interface("net2")
        .run()
        .expect_silence();
    assert_eq!(rules(&scene), [""; 0]);
}

#[test]
fn a_flavour_sees_addresses_routes_and_other_names_of_links() {
    let scene = Scene::new();
    install(&scene);
    scene.node.add(&scene.pod, &pool());
    ip::batch(
        None,
        "link property add dev nic0 altname card0\naddress add 192.0.2.1/24 dev nic0",
    );
    let log = "/var/log/plumb/routed.log";
    let own = json!({"name": "rail2", "logLevel": "info", "logFile": "routed.log"});
    let configuration = configuration(own);
    scene
        .add(&configuration)
        .interface("net2")
        .run()
        .expect_result();

    let log = fs::read_to_string(log).expect("the log");
    let line = |name: &str| {
        let begin = format!("component routed: {name} (");
        let mut lines = log.lines().filter_map(|line| line.split_once(&begin));
        let (_, rest) = lines.next().unwrap_or_else(|| panic!("{name} in {log}"));
        rest.to_owned()
    };
    let parent = line("nic0");
    assert!(
        parent.starts_with("card0) numa none speed 10000 "),
        "{parent}"
    );
    assert!(parent.contains(" 192.0.2.1/24"), "{parent}");
    assert!(
        parent.contains("192.0.2.0/24 via none src 192.0.2.1 table 254"),
        "{parent}"
    );
    let other = line("eth0");
    assert!(other.contains(" 10.1.0.10/24"), "{other}");
    assert!(
        other.contains("0.0.0.0/0 via 10.1.0.1 src none table 254"),
        "{other}"
    );
    assert!(!log.contains("component routed: lo ("), "{log}");
}

/// The component was built when `master` was a name and pools were stated: it reads no other form.
#[test]
fn a_component_of_a_vendor_is_given_a_name_and_pools() {
    let scene = Scene::new();
    install(&scene);
    ip::batch(
        None,
        "address add 172.16.11.1/24 dev nic1\naddress add fd00:11::1/64 dev nic1 nodad\n",
    );
    let wanted = json!({"family": "both", "range": [16, 31], "gateway": "last"});
    let before = Oracle::new(&scene.node);
    // An address that was just given back rests.
    for (master, expected) in [
        (
            json!(["ens1f0np0", "nic1"]),
            ["172.16.11.16/24", "fd00:11::10/64"],
        ),
        (json!("*1"), ["172.16.11.17/24", "fd00:11::11/64"]),
    ] {
        let configuration = configuration(json!({
            "master": master, "ipam": {"type": "pool", "fromMaster": wanted.clone()},
        }));
        scene.add(&configuration).run().expect_result();
        assert_eq!(scene.pod.addresses("eth0"), expected, "{master}");
        Call::delete(&scene.node, &scene.pod, &configuration)
            .run()
            .expect_silence();
    }
    before.assert_unchanged();
}
