//! The harness itself, tried on the reference plugins: a test that cannot fail proves
//! nothing.

use cni_harness::{Call, Node, Oracle, Plugin, result, traffic};
use serde_json::{Value, json};

fn node() -> Node {
    Node::new(Plugin::packaged("macvlan"))
}

/// What Debian's plugins understand: 1.0.0.
fn configuration() -> Value {
    json!({
        "cniVersion": "1.0.0",
        "name": "rail0",
        "type": "macvlan",
        "master": "nic0",
        "mode": "bridge",
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": "10.2.0.0/24"}], [{"subnet": "fd00:2::/64"}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    })
}

#[test]
fn the_reference_macvlan_passes_an_ordinary_add_and_del() {
    let node = node();
    let (one, two) = (node.pod(), node.pod());
    let oracle = Oracle::new(&node);
    let call = |verb: &str, pod| Call::new(&node, verb, &configuration()).pod(pod);
    let first = call("ADD", &one).run().expect_result();
    let second = call("ADD", &two).run().expect_result();
    result::assert_layout(&first, "1.0.0", &one);
    assert_eq!(one.addresses("eth0"), result::addresses(&first));
    let address = result::addresses(&second)[0]
        .split('/')
        .next()
        .and_then(|address| address.parse().ok());
    traffic::exchange(&one, &two, address.expect("an address"));
    let leaks = oracle.difference();
    assert!(leaks.contains("link eth0"), "{leaks}");
    assert!(
        leaks.contains("/var/lib/cni/networks/rail0/10.2.0.2"),
        "{leaks}"
    );
    call("DEL", &one).run().expect_silence();
    call("DEL", &two).run().expect_silence();
    oracle.assert_unchanged();
}

/// The reference plugin leaves its interface in the pod when its IPAM plugin fails;
/// the oracle has to see that.
#[test]
fn the_oracle_sees_what_the_reference_macvlan_leaves_behind() {
    let node = node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let mut broken = configuration();
    broken["ipam"]["ranges"] = json!([[{"subnet": "10.2.0.0/33"}]]);
    let outcome = Call::add(&node, &pod, &broken).run();
    assert!(!outcome.succeeded(), "{outcome}");
    let leaks = oracle.difference();
    assert!(
        leaks.contains("left behind: pod pod1: link eth0 kind=macvlan"),
        "{leaks}"
    );
}

#[test]
fn the_oracle_sees_files_mounts_processes_routes_rules_and_neighbours() {
    let node = node();
    let oracle = Oracle::new(&node);
    std::fs::create_dir_all("/run/plugin/attachments").expect("make a folder");
    std::fs::write("/run/plugin/attachments/record", "x").expect("write a file");
    cni_harness::ip::batch(
        None,
        "rule add from 10.0.0.1 table 100\n\
         route add 10.50.0.0/16 dev nic0\n\
         neighbour add 10.50.0.1 lladdr 02:00:00:00:00:01 dev nic0 nud permanent\n\
         link set nic0 alias x\n",
    );
    let sleeper = Call::new(&node, "ADD", &json!({}))
        .program("/bin/cat")
        .stdin("");
    let mut child = std::process::Command::new("sleep")
        .arg("60")
        .env(cni_harness::node::MARKER, node.id())
        .spawn()
        .expect("run sleep");
    drop(sleeper);
    let difference = oracle.difference();
    child.kill().expect("kill our own child");
    child.wait().expect("wait for our own child");
    for part in [
        "/run/plugin/attachments/record",
        "4 rule",
        "10.50.0.0/16",
        "lladdr",
        "alias=x",
        "sleep 60",
    ] {
        assert!(difference.contains(part), "{part} is not in\n{difference}");
    }
}

#[test]
fn a_missing_pod_or_an_output_that_is_not_json_is_noticed() {
    let node = node();
    let outcome = Call::new(&node, "ADD", &json!({}))
        .program("/bin/cat")
        .stdin("no JSON")
        .run();
    assert!(std::panic::catch_unwind(|| outcome.expect_result()).is_err());
    let outcome = Call::new(&node, "ADD", &json!({}))
        .program("/bin/cat")
        .stdin("{}{}")
        .run();
    assert!(std::panic::catch_unwind(|| outcome.expect_result()).is_err());
    let outcome = Call::new(&node, "ADD", &json!({}))
        .program("/bin/false")
        .run();
    assert!(std::panic::catch_unwind(|| outcome.expect_failure()).is_err());
}

/// Files that the plugin is known to keep do not count, and what only it can list does.
#[test]
fn the_oracle_goes_by_what_it_knows_of_the_plugin() {
    let mut plugin = Plugin::packaged("macvlan");
    plugin.stays = vec![
        "/run/plugin/store*".into(),
        "/run/plugin/lock-of-all".into(),
    ];
    plugin.kept = Some(std::sync::Arc::new(|| {
        let text = std::fs::read_to_string("/run/plugin/store.db").unwrap_or_default();
        text.lines().map(|line| format!("lease {line}")).collect()
    }));
    let node = Node::new(plugin);
    let oracle = Oracle::new(&node);
    std::fs::create_dir_all("/run/plugin").expect("make a folder");
    std::fs::write("/run/plugin/store.db", "").expect("write a file");
    std::fs::write("/run/plugin/lock-of-all", "1").expect("write a file");
    assert_eq!(oracle.difference(), "");
    std::fs::write("/run/plugin/store.db", "10.1.0.10\n").expect("write a file");
    std::fs::write("/run/plugin/lock-of-all-but-one", "1").expect("write a file");
    let difference = oracle.difference();
    assert!(
        difference.contains("left behind: lease 10.1.0.10\n"),
        "{difference}"
    );
    assert!(
        difference.contains("file /run/plugin/lock-of-all-but-one"),
        "{difference}"
    );
    assert_eq!(difference.lines().count(), 2, "{difference}");
}
