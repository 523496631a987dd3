//! Pools of the node's folder: what one of them cannot do is no matter of the networks that use another one.

use std::process::Command;

use cni_harness::{Call, Node, ip, result};
use plumb_tests::binaries;
use plumb_tests::configuration::{pool, with};
use plumb_tests::policy::{self, write_pools};
use serde_json::{Value, json};

/// A network that names pools of the folder.
fn selecting(names: &[&str]) -> Value {
    with(
        pool(),
        json!({"ipam": {"type": "spiderpool", "default_ipv4_ippool": names}}),
    )
}

fn manifest(name: &str, specification: &str) -> String {
    format!(
        "apiVersion: spiderpool.spidernet.io/v2beta1\nkind: SpiderIPPool\nmetadata: {{name: {name}}}\nspec: {{{specification}}}\n"
    )
}

const GOOD: &str = "subnet: 10.5.0.0/16, ips: [10.5.0.10-10.5.0.20], gateway: 10.5.0.1";

fn address(node: &Node, configuration: &Value) -> String {
    let added = Call::add(node, &node.pod(), configuration)
        .run()
        .expect_result();
    result::address(&added).to_string()
}

/// What a network is told that selects this pool alone.
fn refusal(node: &Node, configuration: &Value, part: &str) -> String {
    let error = Call::add(node, &node.pod(), configuration)
        .run()
        .expect_error(50, part);
    Call::status(node, configuration)
        .run()
        .expect_error(50, part);
    error.message
}

#[test]
fn a_pool_that_cannot_be_honoured_stops_those_alone_that_select_it() {
    let node = plumb_tests::node();
    let good = GOOD.replace("10.5.0.20", "10.5.0.90");
    write_pools("50-good.yaml", &manifest("v4-81", &good));
    for (file, text, part) in [
        (
            "10.yaml",
            manifest("odd", "subnet: 10.6.0.0/16, ips: [10.6.0.10], vlan: 100"),
            "`spec.vlan`: is 100",
        ),
        (
            "10.yaml",
            manifest(
                "odd",
                "subnet: 10.6.0.0/16, ips: [10.6.0.10], podAffinity: {matchLabels: {app: a}}",
            ),
            "`spec.podAffinity`: not supported",
        ),
        (
            "10.yaml",
            manifest("odd", "subnet: 172.16.11.0/16, ips: [172.16.11.10]"),
            "did you mean 172.16.0.0/16 or 172.16.11.0/24?",
        ),
        (
            "10.yaml",
            manifest(
                "odd",
                "subnet: 10.6.0.0/16, ips: [10.6.0.10], excludeIP: []",
            ),
            "did you mean \"excludeIPs\"?",
        ),
        // A later file has addresses that are somebody's already.
        (
            "60.yaml",
            manifest("odd", "subnet: 10.5.0.0/16, ips: [10.5.0.15]"),
            "10.5.0.15 is in two pools",
        ),
        // As with Spiderpool such a pool has no address; the other hosts of the subnet are nobody's to give out.
        (
            "10.yaml",
            manifest("odd", "subnet: 10.6.0.0/16"),
            "gives out no address",
        ),
        (
            "10.yaml",
            manifest("odd", "subnet: 10.6.0.0/16, ips: []"),
            "gives out no address",
        ),
        (
            "10.yaml",
            "kind: SpiderIPPool\nmetadata: {name: odd\n".to_owned(),
            "10.yaml document 1: not readable as YAML",
        ),
    ] {
        write_pools(file, &text);
        assert!(
            address(&node, &selecting(&["v4-81"])).starts_with("10.5.0."),
            "{text}"
        );
        Call::status(&node, &selecting(&["v4-81"]))
            .run()
            .expect_silence();
        let message = refusal(&node, &selecting(&["odd"]), part);
        assert!(
            message.contains("odd: ") && message.contains(file),
            "{message}"
        );
        // Of several the others serve, and the trace says what was left out.
        let outcome = Call::add(&node, &node.pod(), &selecting(&["odd", "v4-81"])).run();
        outcome.expect_result();
        assert!(outcome.stderr.contains("pool left out: odd: "), "{outcome}");
        write_pools(file, "");
    }
}

#[test]
fn an_unreadable_reservation_gives_nobody_an_address() {
    let node = plumb_tests::node();
    write_pools("50-good.yaml", &manifest("v4-81", GOOD));
    write_pools(
        "60.yaml",
        "kind: SpiderReservedIP\nmetadata: {name: printers}\nspec: {ips: [10.5.0.300]}\n",
    );
    let message = refusal(&node, &selecting(&["v4-81"]), "10.5.0.300");
    assert!(
        message.contains("which addresses it reserves is not known"),
        "{message}"
    );
    // A network with pools of its own has nothing to do with it.
    node.add(&node.pod(), &pool());
}

/// As the guides for macvlan and SR-IOV have it.
#[test]
fn a_pool_serves_the_network_that_multus_name_names() {
    let node = plumb_tests::node();
    let named = format!("{GOOD}, multusName: [kube-system/macvlan-conf], default: true");
    write_pools("ippool-test.yaml", &manifest("ippool-test", &named));
    let own = with(selecting(&["ippool-test"]), json!({"name": "macvlan-conf"}));
    assert_eq!(address(&node, &own), "10.5.0.10");
    let by_default = with(own.clone(), json!({"ipam": {"type": "spiderpool"}}));
    assert_eq!(address(&node, &by_default), "10.5.0.11");
    for other in [
        selecting(&["ippool-test"]),
        with(by_default, json!({"name": "rail0"})),
    ] {
        let message = refusal(&node, &other, "kube-system/macvlan-conf");
        assert!(message.contains("\"rail0\""), "{message}");
    }
}

#[test]
fn match_master_subnet_leaves_the_pools_of_the_masters_subnets() {
    let node = plumb_tests::node();
    ip::batch(None, "address add 10.7.0.9/24 dev nic0\n");
    for (number, name) in [(6, "rail1-node1"), (7, "rail1-node2"), (8, "rail1-node3")] {
        let specification =
            format!("subnet: 10.{number}.0.0/16, ips: [10.{number}.0.10-10.{number}.0.20]");
        write_pools(&format!("{name}.yaml"), &manifest(name, &specification));
    }
    let mut configuration = selecting(&["rail1*"]);
    assert_eq!(
        address(&node, &configuration),
        "10.6.0.10",
        "without it the first one serves"
    );
    configuration["ipam"]["match_master_subnet"] = json!(true);
    assert_eq!(address(&node, &configuration), "10.7.0.10");
    let elsewhere = with(configuration.clone(), json!({"master": "nic1"}));
    let error = Call::add(&node, &node.pod(), &elsewhere)
        .run()
        .expect_error(50, "match_master_subnet");
    assert!(error.message.contains("nic1"), "{}", error.message);
    configuration["ipam"]["match_master_subnet"] = json!("yes");
    Call::add(&node, &node.pod(), &configuration)
        .run()
        .expect_error(7, "match_master_subnet");
}

#[test]
fn a_name_that_is_one_slip_away_is_asked_after() {
    let node = plumb_tests::node();
    write_pools("a.yaml", &manifest("gpu1-net11", GOOD));
    refusal(
        &node,
        &selecting(&["gpu1-net91"]),
        "did you mean \"gpu1-net11\"?",
    );
    let question = |change: Value, code: u64, part: &str| {
        let configuration = with(pool(), change);
        Call::add(&node, &node.pod(), &configuration)
            .run()
            .expect_error(code, part);
    };
    question(json!({"master": "nci0"}), 50, "did you mean \"nic0\"?");
    question(
        json!({"type": "plumb", "flavour": "macvlan-shard"}),
        7,
        "did you mean \"macvlan-shared\"?",
    );
    question(json!({"type": "macvlam"}), 7, "did you mean \"macvlan\"?");
    question(
        json!({"ipam": {"type": "pool", "poolz": []}}),
        7,
        "did you mean \"pools\"?",
    );
    policy::write("[networks]\nparent = [\"nic*\"]\n");
    question(json!({}), 112, "did you mean \"parents\"?");
}

#[test]
fn plumbctl_shows_the_state_of_each_pool() {
    let node = plumb_tests::node();
    policy::write("node = \"gpu-17\"\n");
    write_pools("a.yaml", &manifest("v4-81", GOOD));
    let elsewhere = "subnet: 10.6.0.0/16, ips: [10.6.0.10], nodeName: [gpu-18]";
    write_pools("b.yaml", &manifest("elsewhere", elsewhere));
    write_pools(
        "c.yaml",
        &manifest("odd", "subnet: 10.7.0.0/16, ips: [10.7.0.10], vlan: 100"),
    );
    write_pools("d.yaml", "kind: [");
    node.add(&node.pod(), &selecting(&["v4-81"]));
    node.add(&node.pod(), &selecting(&["v4-81"]));
    let run = |arguments: &[&str]| {
        let output = Command::new(binaries::plumbctl())
            .args(arguments)
            .output()
            .expect("run plumbctl");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let text = run(&["pools"]);
    let line = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.unwrap_or_else(|| panic!("no {name} in {text}"))
            .to_owned()
    };
    for (name, parts) in [
        (
            "v4-81",
            ["/etc/plumb/pools/a.yaml", "2 taken, 9 free", "10.5.0.0/16"],
        ),
        ("elsewhere", ["b.yaml", "NOT USABLE", "\"gpu-17\""]),
        ("odd", ["c.yaml", "NOT USABLE", "vlan"]),
        ("- ", ["d.yaml", "NOT USABLE", "not readable as YAML"]),
    ] {
        for part in parts {
            assert!(line(name).contains(part), "{text}");
        }
    }
    let rows: Value = serde_json::from_str(&run(&["pools", "--json"])).expect("JSON");
    let of = |name: &str| {
        let mut rows = rows.as_array().expect("a list").iter();
        rows.find(|row| row["name"] == name).expect("a row").clone()
    };
    assert_eq!(of("v4-81")["taken"], 2);
    assert_eq!(of("v4-81")["free"], 9);
    assert_eq!(of("v4-81")["usable"], true);
    assert_eq!(of("odd")["usable"], false);
    assert_eq!(rows.as_array().expect("a list").len(), 4);
}
