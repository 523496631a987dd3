//! DEL: it cleans up whatever is left, and succeeds.

use std::fs;
use std::process::Command;

use cni_harness::node::MARKER;
use cni_harness::{Call, Delegate, Node, Oracle, Pod};
use plumb_tests::configuration::{delegated, pool, with};
use plumb_tests::policy;
use plumb_tests::state::{STATE_FOLDER, leases, records};
use serde_json::json;

#[test]
fn del_believes_no_previous_result() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let other = node.pod();
    let oracle = Oracle::new(&node);
    let foreign = node.add(&other, &pool());
    let attached = Oracle::new(&node);
    for previous in [foreign, json!({"ips": 5}), json!({"interfaces": [{}]})] {
        node.add(&pod, &pool());
        node.delete(&pod, &with(pool(), json!({"prevResult": previous})));
        attached.assert_unchanged();
    }
    node.delete(&other, &pool());
    oracle.assert_unchanged();
}

/// How the pod's namespace looks when DEL comes.
#[derive(Debug, Clone, Copy)]
enum Namespace {
    Present,
    Gone,
    Empty,
    Unset,
    /// The runtime's mount is gone, the mount point is not.
    NotMounted,
    DeadProcess,
    /// The next pod has the same path, and an `eth0` of its own.
    Reused,
}

/// How plumb's record looks when DEL comes.
#[derive(Debug, Clone, Copy)]
enum Record {
    Missing,
    Truncated,
    Garbage,
}

const NAMESPACES: [Namespace; 7] = [
    Namespace::Present,
    Namespace::Gone,
    Namespace::Empty,
    Namespace::Unset,
    Namespace::NotMounted,
    Namespace::DeadProcess,
    Namespace::Reused,
];

#[test]
fn del_gives_the_address_back_without_a_readable_record_whatever_the_namespace() {
    for record in [Record::Missing, Record::Truncated, Record::Garbage] {
        for namespace in NAMESPACES {
            // A thread can have one node only.
            let case = std::thread::spawn(move || delete_with(namespace, record));
            assert!(
                case.join().is_ok(),
                "with the namespace {namespace:?} and the record {record:?}"
            );
        }
    }
}

fn delete_with(namespace: Namespace, record: Record) {
    let node = plumb_tests::node();
    let pod = node.pod();
    let neighbour = node.pod();
    node.add(&neighbour, &pool());
    node.add(&pod, &pool());
    damage(&neighbour, record);
    let (call, stranger) = prepare(&node, &pod, namespace);
    let outcome = call.run();
    outcome.expect_silence();
    assert_eq!(
        leases(STATE_FOLDER).len(),
        1,
        "only the neighbour's lease may be left\n{outcome}"
    );
    if let Some(stranger) = stranger {
        let now = Oracle::new(&node);
        assert!(
            stranger
                .difference()
                .lines()
                .all(|line| !line.contains("link eth0")),
            "the next pod lost its eth0"
        );
        drop(now);
    }
    // The address can be had again.
    let last = node.pod();
    let only = with(
        pool(),
        json!({"ipam": {"type": "pool", "pools": [
        {"name": "p", "subnet": "10.1.0.0/24", "ips": ["10.1.0.10-10.1.0.11"], "gateway": "10.1.0.1"}]}}),
    );
    node.add(&last, &only);
}

/// Damages the record of every attachment but the neighbour's.
fn damage(neighbour: &Pod, record: Record) {
    let records: Vec<_> = records()
        .into_iter()
        .filter(|path| !fs::read(path).is_ok_and(|bytes| contains(&bytes, neighbour.container())))
        .filter(|path| !path.to_string_lossy().contains(neighbour.container()))
        .collect();
    assert!(
        !records.is_empty(),
        "there is no record of the attachment below {STATE_FOLDER}"
    );
    for path in records {
        let bytes = fs::read(&path).expect("read the record");
        match record {
            Record::Missing => fs::remove_file(&path).expect("remove the record"),
            Record::Truncated => {
                fs::write(&path, &bytes[..bytes.len() / 2]).expect("truncate the record")
            }
            Record::Garbage => fs::write(&path, [0xff, 0, b'{']).expect("overwrite the record"),
        }
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// Brings the namespace into its state; what the next pod there must keep.
fn prepare<'node>(
    node: &'node Node,
    pod: &Pod,
    namespace: Namespace,
) -> (Call, Option<Oracle<'node>>) {
    let call = Call::delete(node, pod, &pool());
    match namespace {
        Namespace::Present => (call, None),
        Namespace::Gone => {
            pod.remove();
            (call, None)
        }
        Namespace::Empty => (call.variable("CNI_NETNS", ""), None),
        Namespace::Unset => (call.without("CNI_NETNS"), None),
        Namespace::NotMounted => {
            pod.unmount();
            (call, None)
        }
        Namespace::DeadProcess => {
            pod.remove();
            let mut child = Command::new("true")
                .env(MARKER, node.id())
                .spawn()
                .expect("run true");
            child.wait().expect("wait for our own child");
            (
                call.variable("CNI_NETNS", &format!("/proc/{}/ns/net", child.id())),
                None,
            )
        }
        Namespace::Reused => {
            pod.remove();
            pod.mount_again();
            pod.ip("link add eth0 type veth peer name eth0p");
            pod.ip("address add 10.1.0.10/24 dev eth0");
            (call, Some(Oracle::new(node)))
        }
    }
}

/// ctr passes `/proc/PID/ns/net`, and process IDs are used again.
#[test]
fn del_does_not_touch_an_interface_that_only_has_the_same_name() {
    let node = plumb_tests::node();
    let pod = node.pod();
    node.add(&pod, &pool());
    pod.ip("link delete eth0");
    pod.ip("link add eth0 type veth peer name eth0p");
    let before = pod.link("eth0").expect("eth0 exists");
    node.delete(&pod, &pool());
    assert_eq!(
        pod.link("eth0").expect("eth0 still exists")["ifindex"],
        before["ifindex"]
    );
    assert!(
        leases(STATE_FOLDER).is_empty(),
        "the address was not given back"
    );
}

#[test]
fn an_interface_that_the_pod_renamed_or_deleted_stops_no_del() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for change in [
        "link set eth0 down",
        "link set eth0 name other",
        "link delete eth0",
        "address flush dev eth0",
    ] {
        node.add(&pod, &pool());
        if change.contains("name") {
            pod.ip("link set eth0 down");
        }
        pod.ip(change);
        node.delete(&pod, &pool());
        oracle.assert_unchanged();
    }
}

/// An operator may have changed or broken the configuration in between.
#[test]
fn del_depends_on_nothing_that_add_read() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let changes = [
        json!({"master": "nic9"}),
        json!({"mode": "wrong"}),
        json!({"mtu": -1}),
        json!({"type": "plumb", "flavour": "macvlan-shared"}),
        json!({"type": "plumb", "flavour": "no-such-flavour"}),
        json!({"type": "ipvlan"}),
        json!({"ipam": {"type": "pool", "pools": [{"name": "p", "subnet": "nonsense"}]}}),
        json!({"ipam": {"type": "pool", "pools": []}}),
        json!({"ipam": {}}),
        json!({"ipam": {"type": "spiderpool", "default_ipv4_ippool": ["x"], "poolFolder": "/no/such/folder"}}),
        json!({"runtimeConfig": {"mac": "nonsense", "ips": ["nonsense"]}}),
    ];
    for change in changes {
        node.add(&pod, &pool());
        node.delete(&pod, &with(pool(), change));
        oracle.assert_unchanged();
    }
}

/// containerd treats a DEL error that says "not found" as a success, and with an empty
/// `CNI_NETNS` one that says "no such file or directory": it never asks again. Whose words
/// they are does not matter, nor whether there is a record.
#[test]
fn the_words_of_an_ipam_plugin_never_make_a_failed_del_a_success() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    let delegate = Delegate::new(&node, "recorder");
    let configuration = delegated(json!({"type": "recorder"}));
    let del = || Call::delete(&node, &pod, &configuration).path(&delegate.path());
    let refuse = r#"echo '{"cniVersion": "1.1.0", "code": 33, "msg": "lease Not Found, retry", "details": "open /run/lease: no such file or directory; not found"}'; exit 1"#;
    let assert_refused = || {
        let outcome = del().variable("CNI_NETNS", "").run();
        let error = outcome.expect_failure();
        let said = format!("{} {}", error.message, error.details).to_lowercase();
        for word in ["recorder", "retry", "/run/lease"] {
            assert!(said.contains(word), "{outcome}");
        }
        for words in ["not found", "no such file or directory"] {
            assert!(!said.contains(words), "{outcome}");
        }
    };

    delegate.answers("DEL", refuse);
    assert_refused();
    Call::add(&node, &pod, &configuration)
        .path(&delegate.path())
        .run()
        .expect_result();
    assert_refused();
    delegate.answers("DEL", "");
    del().run().expect_silence();
    oracle.assert_unchanged();
}

/// containerd treats a DEL error that says "not found" as a success.
#[test]
fn a_del_that_fails_never_says_not_found() {
    let node = plumb_tests::node();
    let pod = node.pod();
    fs::create_dir_all("/run/blocked").expect("make a folder");
    fs::write("/run/blocked/state", "a file where a folder should be").expect("write a file");
    for folder in ["/run/blocked/state", "/proc/plumb"] {
        policy::write(&format!("[folders]\nstate = {folder:?}\n"));
        let outcome = Call::delete(&node, &pod, &pool()).run();
        if outcome.succeeded() {
            outcome.expect_silence();
            continue;
        }
        let error = outcome.expect_failure();
        let said = format!("{} {}", error.message, error.details).to_lowercase();
        assert!(!said.contains("not found"), "{outcome}");
    }
}
