//! The harness itself, tried on the reference plugins: a test that cannot fail proves
//! nothing.

use plumb_tests::configuration::{delegated, host_local, with};
use plumb_tests::{Call, Node, Oracle, binaries, result, traffic};
use serde_json::{Value, json};

fn reference(plugin: &str) -> String {
    format!("{}/{plugin}", binaries::REFERENCE_PLUGINS)
}

/// What Debian's plugins understand: 1.0.0.
fn configuration() -> Value {
    with(delegated(host_local()), json!({"cniVersion": "1.0.0"}))
}

#[test]
fn the_reference_macvlan_passes_an_ordinary_add_and_del() {
    let node = Node::new();
    let (one, two) = (node.pod(), node.pod());
    let oracle = Oracle::new(&node);
    let call = |verb: &str, pod| {
        Call::new(&node, verb, &configuration())
            .pod(pod)
            .program(reference("macvlan"))
    };
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
    let node = Node::new();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let broken = with(
        configuration(),
        json!({"ipam": {"type": "host-local", "ranges": [[{"subnet": "10.2.0.0/33"}]]}}),
    );
    let outcome = Call::add(&node, &pod, &broken)
        .program(reference("macvlan"))
        .run();
    assert!(!outcome.succeeded(), "{outcome}");
    let leaks = oracle.difference();
    assert!(
        leaks.contains("left behind: pod pod1: link eth0 kind=macvlan"),
        "{leaks}"
    );
}

#[test]
fn the_oracle_sees_files_mounts_processes_routes_rules_and_neighbours() {
    let node = Node::new();
    let oracle = Oracle::new(&node);
    std::fs::create_dir_all("/run/plumb/attachments").expect("make a folder");
    std::fs::write("/run/plumb/attachments/record", "x").expect("write a file");
    plumb_tests::ip::batch(
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
        .env(plumb_tests::node::MARKER, node.id())
        .spawn()
        .expect("run sleep");
    drop(sleeper);
    let difference = oracle.difference();
    child.kill().expect("kill our own child");
    child.wait().expect("wait for our own child");
    for part in [
        "/run/plumb/attachments/record",
        "rule show",
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
    let node = Node::new();
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
