//! Root in the pod does what it likes in its namespace; nothing of it hurts the node or the next pod.

use std::fs::{self, File};
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use cni_harness::{Call, Node, Oracle, Pod, ip, wait};
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::gettid;
use plumb_tests::configuration::{pool, with, without_ipam};
use plumb_tests::state::{STATE_FOLDER, leases, records};
use serde_json::{Value, json};

/// Runs `action` in a namespace that only a descriptor leads to.
fn inside<T: Send>(namespace: &File, action: impl FnOnce() -> T + Send) -> T {
    let entered = || {
        setns(namespace.as_fd(), CloneFlags::CLONE_NEWNET).expect("enter the namespace");
        action()
    };
    let run = std::thread::scope(|scope| scope.spawn(entered).join());
    run.expect("the thread does not panic")
}

fn ip_in(namespace: &File, command: &str) {
    let line: Vec<&str> = command.split(' ').collect();
    let run = inside(namespace, || {
        std::process::Command::new("ip").args(&line).output()
    });
    let run = run.expect("run ip");
    assert!(run.status.success(), "ip {command}: {run:?}");
}

/// A new namespace, kept by a descriptor of the test.
fn nested() -> File {
    let made = std::thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET).expect("make a namespace");
        File::open("/proc/thread-self/ns/net").expect("open it")
    });
    made.join().expect("the thread does not panic")
}

/// Moves a link of the pod into a namespace beside it.
fn move_to(pod: &Pod, link: &str, namespace: &File) {
    use std::os::fd::AsRawFd;
    let path = format!("/proc/{}/fd/{}", std::process::id(), namespace.as_raw_fd());
    pod.ip(&format!("link set {link} netns {path}"));
}

/// The MACs that are on the wire, whatever namespace they are in: macvlan enters them into its parent's list.
fn is_on_the_wire(mac: &str) -> bool {
    let run = std::process::Command::new("bridge")
        .args(["fdb", "show", "dev", "nic0"])
        .output()
        .expect("run bridge");
    String::from_utf8_lossy(&run.stdout).contains(mac)
}

fn mac_of(pod: &Pod) -> String {
    let link = pod.link("eth0").expect("eth0 exists");
    link["address"].as_str().expect("it has one").to_owned()
}

/// One address and no more.
fn one_address() -> Value {
    with(
        pool(),
        json!({"ipam": {"type": "pool", "pools": [
            {"name": "p", "subnet": "10.1.0.0/24", "ips": ["10.1.0.10"], "gateway": "10.1.0.1"}]}}),
    )
}

/// The kernel gives the inode of a namespace that has ended to the next one.
#[test]
fn the_next_namespace_at_the_path_and_with_the_inode_is_not_the_pods() {
    let node = plumb_tests::node();
    let pod = node.pod();
    node.add(&pod, &one_address());
    let before = pod.identity();
    // Other tests make namespaces, too; the record is given the number that the kernel gave to another one.
    pod.remove();
    pod.mount_again();
    let now = pod.identity();
    if now != before {
        for path in records() {
            let text = fs::read_to_string(&path).expect("read the record");
            let text = text.replace(&before.1.to_string(), &now.1.to_string());
            fs::write(&path, text).expect("write the record");
        }
    }
    pod.ip("link add eth0 type veth peer name eth0p");
    pod.ip("address add 10.9.0.1/24 dev eth0");
    // The first pod is dead, so its address can be had without a DEL.
    let other = node.pod();
    node.add(&other, &one_address());
    assert_eq!(pod.addresses("eth0"), ["10.9.0.1/24"]);
    node.delete(&other, &one_address());
    node.delete(&pod, &pool());
    assert_eq!(pod.addresses("eth0"), ["10.9.0.1/24"]);
}

/// By another plugin, or by the pod itself.
#[test]
fn another_link_with_the_recorded_index_is_left_alone() {
    let node = plumb_tests::node();
    for other in [
        "type bridge",
        "type veth peer name eth0p",
        // Of our kind, on a link of the pod.
        "link low type macvlan mode bridge",
    ] {
        let pod = node.pod();
        node.add(&pod, &pool());
        let index = &pod.link("eth0").expect("eth0 exists")["ifindex"];
        pod.ip("link add low type veth peer name lowp");
        pod.ip("link delete eth0");
        let (below, kind) = match other.split_once(" type") {
            Some((below, kind)) => (below, format!("type{kind}")),
            None => ("", other.to_owned()),
        };
        pod.ip(&format!("link add {below} name eth0 index {index} {kind}"));
        node.delete(&pod, &pool());
        let left = pod.link("eth0").expect("another one's link was deleted");
        assert_eq!(&left["ifindex"], index);
        assert!(leases(STATE_FOLDER).is_empty());
    }
}

#[test]
fn what_the_pod_renamed_and_gave_another_address_is_deleted() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let before = Oracle::new(&node);
    node.add(&pod, &pool());
    for line in [
        "link set eth0 down",
        "link set eth0 name other alias nothing",
        "link set other address 02:00:00:00:00:77",
        "link set other up",
    ] {
        pod.ip(line);
    }
    node.delete(&pod, &pool());
    before.assert_unchanged();
}

/// A namespace that the runtime says is gone, and that a process, a descriptor or a mount keeps.
#[test]
fn an_interface_in_a_namespace_that_somebody_keeps_is_deleted_with_its_address() {
    let node = plumb_tests::node();
    for netns in ["", "/run/netns/gone"] {
        let pod = node.pod();
        node.add(&pod, &one_address());
        let mac = mac_of(&pod);
        let keeper = File::open(pod.path()).expect("open the namespace");
        pod.remove();
        assert!(is_on_the_wire(&mac));
        Call::delete(&node, &pod, &one_address())
            .variable("CNI_NETNS", netns)
            .run()
            .expect_silence();
        assert!(
            !is_on_the_wire(&mac),
            "its address is free, and it is there"
        );
        assert!(leases(STATE_FOLDER).is_empty());
        assert!(records().is_empty());
        drop(keeper);
    }
}

/// A socket keeps a namespace as well, and no path leads to it.
#[test]
fn an_address_is_not_given_out_while_its_interface_cannot_be_reached() {
    let node = plumb_tests::node();
    let (pod, next) = (node.pod(), node.pod());
    node.add(&pod, &one_address());
    let mac = mac_of(&pod);
    let socket = pod.inside(|| UdpSocket::bind("0.0.0.0:0").expect("open a socket"));
    pod.remove();
    let begin = Instant::now();
    node.delete(&pod, &one_address());
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert!(is_on_the_wire(&mac));
    // Again, as runtimes do; and with a GC that knows of no pod.
    node.delete(&pod, &one_address());
    gc(&node);
    assert_eq!(leases(STATE_FOLDER).len(), 1, "it is on the wire");
    let refusal = Call::add(&node, &next, &one_address()).run();
    let error = refusal.expect_failure();
    assert_eq!(error.code, 101, "{refusal}");
    assert!(error.details.contains(pod.container()), "{refusal}");
    assert!(error.details.contains("somebody keeps"), "{refusal}");
    let same_mac = with(without_ipam(), json!({"master": "nic1", "mac": mac}));
    Call::add(&node, &next, &same_mac)
        .run()
        .expect_error(111, pod.container());
    // The same container again, as podman starts one.
    pod.mount_again();
    let again = Call::add(&node, &pod, &one_address()).run();
    assert_eq!(again.expect_failure().code, 11, "{again}");

    drop(socket);
    wait::until("it is off the wire", || !is_on_the_wire(&mac));
    node.add(&next, &one_address());
    node.delete(&next, &one_address());
    node.delete(&pod, &one_address());
    assert!(leases(STATE_FOLDER).is_empty());
    assert!(records().is_empty());
}

/// In a namespace beside the pod's own that only a socket keeps.
#[test]
fn an_address_is_not_given_out_while_its_interface_is_hidden() {
    let node = plumb_tests::node();
    let (pod, next) = (node.pod(), node.pod());
    node.add(&pod, &one_address());
    let mac = mac_of(&pod);
    // No descriptor leads to it: processes that other tests start have a copy of each for a moment.
    let socket = std::thread::scope(|scope| {
        let keep = || {
            unshare(CloneFlags::CLONE_NEWNET).expect("make a namespace");
            let thread = format!("/proc/{}/task/{}", std::process::id(), gettid());
            pod.ip(&format!("link set eth0 netns {thread}/ns/net"));
            ip::batch(None, "link set eth0 up\n");
            UdpSocket::bind("0.0.0.0:0").expect("open a socket")
        };
        scope.spawn(keep).join().expect("the thread does not panic")
    });
    node.delete(&pod, &one_address());
    assert!(is_on_the_wire(&mac));
    assert_eq!(leases(STATE_FOLDER).len(), 1, "it is on the wire");
    let refusal = Call::add(&node, &next, &one_address()).run();
    assert_eq!(refusal.expect_failure().code, 101, "{refusal}");
    drop(socket);
    wait::until("it is off the wire", || !is_on_the_wire(&mac));
    node.add(&next, &one_address());
}

/// A late DEL of a pod that is gone, when the next one has its hardware address.
#[test]
fn an_interface_of_another_pod_with_the_same_hardware_address_stays() {
    let node = plumb_tests::node();
    let (pod, next) = (node.pod(), node.pod());
    let configuration = with(
        pool(),
        json!({"runtimeConfig": {"mac": "02:00:00:00:00:55"}}),
    );
    node.add(&pod, &configuration);
    pod.remove();
    wait::until("it is off the wire", || {
        !is_on_the_wire("02:00:00:00:00:55")
    });
    node.add(&next, &configuration);
    node.delete(&pod, &configuration);
    assert!(next.link("eth0").is_some(), "the next pod's was deleted");
    assert_eq!(leases(STATE_FOLDER).len(), 1);
}

/// And then a GC alone frees it.
#[test]
fn a_gc_frees_what_could_not_be_reached_once_it_is_gone() {
    let node = plumb_tests::node();
    let pod = node.pod();
    node.add(&pod, &one_address());
    let mac = mac_of(&pod);
    let socket = pod.inside(|| UdpSocket::bind("0.0.0.0:0").expect("open a socket"));
    pod.remove();
    node.delete(&pod, &one_address());
    assert_eq!(leases(STATE_FOLDER).len(), 1);
    drop(socket);
    wait::until("it is off the wire", || !is_on_the_wire(&mac));
    gc(&node);
    assert!(leases(STATE_FOLDER).is_empty());
    assert!(records().is_empty());
}

/// The pod moves its interface where nobody looks for it, and keeps its address on the wire.
#[test]
fn an_interface_that_the_pod_moved_into_a_namespace_of_its_own_is_deleted() {
    let node = plumb_tests::node();
    for is_gone in [false, true] {
        let pod = node.pod();
        node.add(&pod, &one_address());
        let mac = mac_of(&pod);
        let beside = nested();
        move_to(&pod, "eth0", &beside);
        ip_in(&beside, "link set eth0 up");
        ip_in(&beside, "address add 10.1.0.10/24 dev eth0");
        assert!(is_on_the_wire(&mac));
        if is_gone {
            pod.remove();
        }
        node.delete(&pod, &one_address());
        assert!(!is_on_the_wire(&mac), "pod gone: {is_gone}");
        assert!(leases(STATE_FOLDER).is_empty());
    }
}

/// The namespace beside it is kept by nothing but a mount.
#[test]
fn an_interface_that_the_pod_moved_into_a_mounted_namespace_is_deleted() {
    let node = plumb_tests::node();
    let (pod, beside) = (node.pod(), node.pod());
    node.add(&pod, &one_address());
    let mac = mac_of(&pod);
    pod.ip(&format!("link set eth0 netns {}", beside.name()));
    beside.ip("link set eth0 up");
    node.delete(&pod, &one_address());
    assert!(!is_on_the_wire(&mac));
    assert!(leases(STATE_FOLDER).is_empty());
}

/// A GC that knows of no pod.
fn gc(node: &Node) {
    Call::gc(node, &one_address(), &[]).run().expect_silence();
}

/// A release before this one recorded less.
#[test]
fn what_an_earlier_release_attached_is_deleted() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let before = Oracle::new(&node);
    node.add(&pod, &pool());
    for path in records() {
        let text = fs::read_to_string(&path).expect("read the record");
        let mut lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line of JSON"))
            .collect();
        let netns = lines[0]["header"]["netns"].as_object_mut().expect("it");
        assert!(netns.remove("number").is_some());
        let identity = netns["identity"].as_object_mut().expect("it has one");
        assert!(identity.remove("cookie").is_some());
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(&path, text).expect("write the record");
    }
    node.delete(&pod, &pool());
    before.assert_unchanged();
    assert!(ip::link(Some(pod.name()), "eth0").is_none());
}
