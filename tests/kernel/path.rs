//! `plumbctl path`: which way a packet takes, and by which rule.

use serde_json::{Value, json};

use crate::fabric::{network, node_with};
use crate::show::{add_named, plumbctl};

#[track_caller]
fn path(arguments: &[&str]) -> Vec<String> {
    let arguments = [&["path", "a/one"], arguments].concat();
    let text = plumbctl(&arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    text.lines().map(str::to_owned).collect()
}

#[test]
fn each_source_has_its_rail_and_the_rule_that_decides() {
    let (node, _routers, pod) = node_with(2);
    for rail in [1, 2] {
        let interface = format!("net{rail}");
        add_named(&node, &pod, &network(rail, json!({})), &interface, "a/one");
    }
    assert_eq!(
        path(&["172.16.21.7"]),
        [
            "without a source: eth0, by 169.254.1.1, table main (rule 32766: from all), which gives it the source 10.244.0.5",
            "from 10.244.0.5: eth0, by 169.254.1.1, table 99 (rule 32764: from 10.244.0.5)",
            "from 172.16.11.10: net1, by 172.16.11.254, table 100 (rule 32765: from 172.16.11.10)",
            "from 172.16.12.10: net2, by 172.16.12.254, table 101 (rule 32765: from 172.16.12.10)",
        ]
    );
    assert_eq!(
        path(&["fd00:21::7", "--from", "fd00:12::10"]),
        ["from fd00:12::10: net2, by fd00:12::ff, table 101 (rule 32765: from fd00:12::10)"]
    );
    // A neighbour in the rail's own network.
    assert_eq!(
        path(&["172.16.11.77", "--from", "172.16.11.10"]),
        ["from 172.16.11.10: net1, on the link, table 100 (rule 32765: from 172.16.11.10)"]
    );
    // An address of the pod's own node, which has one in the rail's network as well.
    assert_eq!(
        path(&["172.16.11.200", "--from", "10.244.0.5"]),
        ["from 10.244.0.5: eth0, by 169.254.1.1, table 99 (rule 32764: from 10.244.0.5)"]
    );
    assert_eq!(
        path(&["172.16.12.10", "--from", "172.16.11.10"]),
        ["from 172.16.11.10: lo, an address of the pod itself, table local (rule 0: from all)"]
    );
    let text = plumbctl(&["path", "a/one", "172.16.21.7", "--json"]).expect("JSON");
    let ways: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(ways[0]["from"], Value::Null);
    assert_eq!(ways[0]["chosenSource"], "10.244.0.5");
    assert_eq!(ways[2]["from"], "172.16.11.10");
    assert_eq!(ways[2]["interface"], "net1");
    assert_eq!(ways[2]["gateway"], "172.16.11.254");
    assert_eq!(ways[2]["table"], 100);
    assert_eq!(ways[2]["rule"], "rule 32765: from 172.16.11.10");
    assert_eq!(ways[2]["refusal"], Value::Null);

    // A rule of somebody else's in front, for marked packets, decides nothing for others; one without a mark does.
    pod.ip("rule add fwmark 7 lookup 100 priority 50");
    let from_rail = || path(&["172.16.21.7", "--from", "172.16.12.10"]).remove(0);
    assert!(from_rail().contains("net2, by 172.16.12.254, table 101 (rule 32765"));
    pod.ip("rule add from 172.16.12.0/24 lookup 100 priority 60");
    assert_eq!(
        from_rail(),
        "from 172.16.12.10: net1, by 172.16.11.254, table 100 (rule 60: from 172.16.12.0/24); 172.16.12.10 is an address \
         of net2, not of net1"
    );
}

#[test]
fn an_unreachable_address_is_explained() {
    let (node, _routers, pod) = node_with(1);
    add_named(&node, &pod, &network(1, json!({})), "net1", "a/one");
    pod.ip("route delete default");
    let lines = path(&["172.16.21.7"]);
    assert!(
        lines[0].starts_with(
            "without a source: no way to 172.16.21.7, the kernel says \"Network is unreachable\"; "
        ),
        "{lines:#?}"
    );
    for words in ["from 10.244.0.5", "rdmaRoutes"] {
        assert!(lines[0].contains(words), "{words}: {lines:#?}");
    }
    assert!(lines[2].starts_with("from 172.16.11.10: net1, by 172.16.11.254"));

    pod.ip("route flush table 100");
    let line = path(&["172.16.21.7", "--from", "172.16.11.10"]).remove(0);
    for words in ["no way", "tables local, 100, main, default", "\"gateway\""] {
        assert!(line.contains(words), "{words}: {line}");
    }

    pod.ip("rule add from 172.16.11.10 prohibit priority 10");
    let line = path(&["172.16.21.7", "--from", "172.16.11.10"]).remove(0);
    assert!(
        line.contains("rule 10: from 172.16.11.10 prohibit refuses it"),
        "{line}"
    );

    let line = path(&["172.16.21.7", "--from", "192.0.2.1"]).remove(0);
    assert!(
        line.contains("the pod has no address 192.0.2.1; its own are 10.244.0.5, 172.16.11.10"),
        "{line}"
    );
    let text = plumbctl(&[
        "path",
        "a/one",
        "172.16.21.7",
        "--from",
        "192.0.2.1",
        "--json",
    ]);
    let ways: Value = serde_json::from_str(&text.expect("JSON")).expect("JSON");
    assert_eq!(ways[0]["interface"], Value::Null);
    assert_eq!(ways[0]["refusal"], "Network is unreachable");

    let error = plumbctl(&["path", "a/one", "172.16.21.7", "--from", "fd00::1"]);
    assert!(error.expect_err("two families").contains("families"));
}
