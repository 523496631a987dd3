//! What a tenant who writes the network configuration can make root do, and what the node's policy says to that.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cni_harness::{Call, Oracle, ip, result};
use plumb_tests::configuration::{pool, with, without_ipam};
use plumb_tests::policy;
use plumb_tests::state::{STATE_FOLDER, leases};
use serde_json::{Value, json};

/// Where the tenant would like root to write.
const TARGET: &str = "/run/target";

/// Each is a way to choose a path that root writes to, reads or runs.
fn paths() -> Vec<Value> {
    let below = |name: &str| format!("{TARGET}/{name}");
    let info = |path: String| json!({"runtimeConfig": {"CNIDeviceInfoFile": path}});
    vec![
        json!({"stateFolder": below("state")}),
        json!({"STATEFOLDER": below("state")}),
        json!({"stateFolder": format!("/run/plumb/../target/state")}),
        json!({"componentFolder": below("components")}),
        json!({"ipam": {"type": "spiderpool", "poolFolder": below("pools")}}),
        json!({"ipam": {"type": "pool", "PoolFolder": below("pools")}}),
        info(below("cron.d")),
        info("/run/k8s.cni.cncf.io/devinfo/../../target/cron.d".into()),
        info("/var/run/k8s.cni.cncf.io/devinfo/../../target/cron.d".into()),
    ]
}

#[test]
fn a_network_chooses_no_path() {
    let node = plumb_tests::node();
    let pod = node.pod();
    fs::create_dir_all(TARGET).expect("make the target");
    let oracle = Oracle::new(&node);
    for change in paths() {
        let configuration = with(pool(), change.clone());
        let outcome = Call::add(&node, &pod, &configuration).run();
        let error = outcome.expect_failure();
        assert_eq!(error.code, 7, "{change}\n{outcome}");
        let status = Call::status(&node, &configuration).run().expect_failure();
        assert!(matches!(status.code, 7 | 50), "{change}");
        node.delete(&pod, &configuration);
    }
    let log = with(
        pool(),
        json!({"logFile": format!("{TARGET}/cron.d"), "logLevel": "debug"}),
    );
    node.add(&pod, &log);
    node.delete(&pod, &log);
    fs::remove_dir_all("/var/log/plumb").expect("it was logged there");
    assert_eq!(fs::read_dir(TARGET).expect("list").count(), 0);
    oracle.assert_unchanged();
}

/// A record says what root has to undo, so one that a tenant wrote would be an order to root.
#[test]
fn a_del_follows_no_record_that_the_network_brings() {
    let node = plumb_tests::node();
    let pod = node.pod();
    policy::write("[folders]\nchosen-by-networks = true\n");
    let own = with(pool(), json!({"stateFolder": format!("{TARGET}/state")}));
    node.add(&pod, &own);
    policy::write("");
    let outcome = Call::delete(&node, &pod, &own).run();
    outcome.expect_silence();
    assert!(pod.link("eth0").is_some(), "the record was followed");
    assert!(outcome.stderr.contains("stateFolder"), "{outcome}");
    policy::write("[folders]\nchosen-by-networks = true\n");
    node.delete(&pod, &own);
    assert!(pod.link("eth0").is_none());
}

#[test]
fn tenants_use_what_the_policy_names_and_nothing_else() {
    let node = plumb_tests::node();
    let pod = node.pod();
    ip::batch(
        None,
        "address add 192.0.2.1/24 dev nic0\n\
         route add default via 192.0.2.254 dev nic0\n\
         link property add dev nic1 altname rail1\n",
    );
    policy::write(
        "profile = \"shared\"\n\
         [networks]\n\
         parents = [\"ni*\"]\n\
         flavours = [\"macvlan-shared\"]\n\
         ipam = [\"pool\", \"static\"]\n\
         address-space = [\"10.1.0.0/16\"]\n",
    );
    let oracle = Oracle::new(&node);
    let on = |master: Value| with(pool(), json!({"master": master}));
    let refused: [(Value, &str); 7] = [
        (on(json!("nic0")), "networks.parents"),
        (on(json!(null)), "networks.parents"),
        (
            with(on(json!("nic0")), json!({"type": "ipvlan", "mode": "l2"})),
            "networks.parents",
        ),
        (
            with(
                on(json!("nic1")),
                json!({"type": "sriov", "deviceID": "0000:00:00.0"}),
            ),
            "networks.flavours",
        ),
        (
            with(on(json!("nic1")), json!({"ipam": {"type": "host-local"}})),
            "networks.ipam",
        ),
        (
            with(
                on(json!("nic1")),
                json!({"ipam": {"type": "pool", "pools": [{"name": "a", "subnet": "10.2.0.0/24"}]}}),
            ),
            "networks.address-space",
        ),
        (
            with(
                on(json!("nic1")),
                json!({"ipam": {"type": "pool", "pools": [{"name": "a", "subnet": "10.0.0.0/8"}]}}),
            ),
            "networks.address-space",
        ),
    ];
    for (configuration, rule) in refused {
        Call::add(&node, &pod, &configuration)
            .run()
            .expect_error(108, rule);
        node.delete(&pod, &configuration);
    }
    for name in ["nic1", "rail1"] {
        node.add(&pod, &on(json!(name)));
        node.delete(&pod, &on(json!(name)));
    }
    oracle.assert_unchanged();
    policy::write("profile = \"shared\"\n");
    Call::add(
        &node,
        &pod,
        &with(without_ipam(), json!({"master": "nic1"})),
    )
    .run()
    .expect_error(108, "allows nothing");
    // Named letter for letter, the interface of the default route is the administrator's word.
    policy::write("[networks]\nparents = [\"nic0\"]\n");
    node.add(&pod, &on(json!(null)));
    node.delete(&pod, &on(json!(null)));
}

#[test]
fn a_policy_with_a_mistake_stops_every_add_and_no_del() {
    let node = plumb_tests::node();
    let pod = node.pod();
    node.add(&pod, &pool());
    let other = node.pod();
    for text in [
        "profile = \"shard\"\n",
        "[networks]\nparent = []\n",
        "[log]\nlevel = 3\n",
    ] {
        policy::write(text);
        Call::add(&node, &other, &pool())
            .run()
            .expect_error(112, policy::FILE);
        Call::status(&node, &pool()).run().expect_failure();
    }
    node.delete(&pod, &pool());
    assert!(pod.link("eth0").is_none() && leases(STATE_FOLDER).is_empty());
}

/// Who can write to a folder above it can put another one in its place.
#[test]
fn a_folder_that_is_not_roots_alone_is_not_used() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let node = plumb_tests::node();
    let pod = node.pod();
    let refuse = |words: &str| {
        Call::add(&node, &pod, &pool())
            .run()
            .expect_error(107, words);
    };
    fs::create_dir_all("/run/open/plumb").expect("make a folder");
    fs::set_permissions("/run/open", fs::Permissions::from_mode(0o777)).expect("open it");
    policy::write("[folders]\nstate = \"/run/open/plumb\"\n");
    refuse("/run/open belongs to");
    symlink("/run/open/plumb", "/run/link").expect("make a link");
    policy::write("[folders]\nstate = \"/run/link/state\"\n");
    refuse("/run/link is a link");
    assert!(!Path::new("/run/open/plumb/state").exists());
    policy::write("");
    node.add(&pod, &pool());
    node.delete(&pod, &pool());
}

/// A pod's address is its own on the wire, whatever the networks are called and wherever their pools are stated.
#[test]
fn networks_on_one_wire_never_give_an_address_twice() {
    let node = plumb_tests::node();
    let pool_of = |subnet: &str, first: &str| json!({"type": "pool", "pools": [{"name": "p", "subnet": subnet, "ips": [first]}]});
    let range = "10.1.0.10-10.1.0.12";
    policy::write_pools(
        "rail.yaml",
        "kind: SpiderIPPool\nmetadata: {name: rail}\nspec: {subnet: 10.1.0.0/24, ips: [10.1.0.10-10.1.0.12]}\n",
    );
    let networks = [
        with(
            pool(),
            json!({"name": "red", "ipam": pool_of("10.1.0.0/24", range)}),
        ),
        with(
            pool(),
            json!({"name": "blue", "ipam": pool_of("10.1.0.0/16", range)}),
        ),
        with(
            pool(),
            json!({"name": "green", "ipam": {"type": "spiderpool", "default_ipv4_ippool": ["rail"]}}),
        ),
    ];
    let pods: Vec<_> = networks.iter().map(|_| node.pod()).collect();
    let mut given = BTreeSet::new();
    for (pod, network) in pods.iter().zip(&networks) {
        let address = result::addresses(&node.add(pod, network)).remove(0);
        let address = address.split('/').next().unwrap_or_default().to_owned();
        assert!(given.insert(address.clone()), "{address} was given twice");
    }
    // A network that is called like another one takes nothing of it.
    let next = node.pod();
    for network in &networks {
        Call::add(&node, &next, network).run().expect_error(101, "");
    }
    for (pod, network) in pods.iter().zip(&networks) {
        node.delete(pod, network);
    }
}

#[test]
fn wires_that_the_administrator_declares_separate_have_addresses_of_their_own() {
    let node = plumb_tests::node();
    policy::write(
        "[[wires]]\nname = \"left\"\nparents = [\"nic0\"]\n[[wires]]\nname = \"right\"\nparents = [\"*1\"]\n",
    );
    let on = |name: &str, master: &str| with(pool(), json!({"name": name, "master": master}));
    let (first, second, third) = (node.pod(), node.pod(), node.pod());
    let address = |result: &Value| result::addresses(result).remove(0);
    let left = address(&node.add(&first, &on("a", "nic0")));
    assert_eq!(address(&node.add(&second, &on("b", "nic1"))), left);
    assert_ne!(address(&node.add(&third, &on("b", "nic0"))), left);
    assert_eq!(leases(STATE_FOLDER).len(), 3);
    Call::status(&node, &on("a", "nic0")).run().expect_silence();
    for (pod, network) in [
        (&first, on("a", "nic0")),
        (&second, on("b", "nic1")),
        (&third, on("b", "nic0")),
    ] {
        node.delete(pod, &network);
    }
    assert!(leases(STATE_FOLDER).is_empty());
}

/// Kubernetes may know a node by another name than its host's, and pools name it by that.
#[test]
fn the_policy_says_which_node_this_is() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let pools = json!([{"name": "p", "subnet": "10.1.0.0/24", "nodeName": ["gpu-17"]}]);
    let own = with(pool(), json!({"ipam": {"type": "pool", "pools": pools}}));
    Call::add(&node, &pod, &own).run().expect_failure();
    policy::write("node = \"gpu-17\"\n");
    node.add(&pod, &own);
    node.delete(&pod, &own);
}

/// A wire's links may be named by their driver, as parents and functions may.
#[test]
fn a_wire_may_be_named_by_the_driver_of_its_links() {
    let node = plumb_tests::node();
    policy::write("[[wires]]\nname = \"cable\"\nparents = [\"driver:veth\"]\n");
    let pod = node.pod();
    node.add(&pod, &pool());
    assert_eq!(leases(STATE_FOLDER)[0]["space"], "wire/cable");
    node.delete(&pod, &pool());
}
