//! What the other tests rely on: the picture sees every change that a plugin could leave, the adapter
//! behaves as hardware does, and packets travel. Nothing of plumb takes part.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cni_harness::wait;
use plumb_testbed::program::{inside, run};
use plumb_testbed::traffic::assert_reaches;
use plumb_testbed::{Bed, Setup, bed, pod, rdma};
use plumb_tests::state::STATE_FOLDER;

/// A change by hand, what the picture must say of it, and the way back.
struct Change {
    does: &'static str,
    says: &'static str,
    undo: &'static str,
}

/// `{PF}`, `{VF}` and `{RDMA}` stand for the names of the physical netdev, of the first virtual
/// function's netdev and of its RDMA device.
fn assert_seen(bed: &Bed, changes: &[Change]) {
    let before = bed.picture();
    let names = [
        ("{PF}", bed.physical().netdev()),
        ("{VF}", bed.function(0).netdev()),
        ("{RDMA}", bed.function(0).rdma_device()),
    ];
    let command = |text: &str| {
        names.iter().fold(text.to_owned(), |text, (word, name)| {
            text.replace(word, name.as_deref().unwrap_or("?"))
        })
    };
    for change in changes {
        run(&command(change.does));
        let difference = before.difference();
        assert!(
            difference.contains(&command(change.says)),
            "{} shows {difference:?}",
            change.does
        );
        run(&command(change.undo));
        before.assert_unchanged();
    }
}

#[test]
fn the_picture_sees_changes_of_an_infiniband_function() {
    let bed = bed(Setup::INFINIBAND);
    let changes = [
        (
            "ip link set {VF} mtu 2000",
            "mtu=2000",
            "ip link set {VF} mtu 4092",
        ),
        ("ip link set {VF} up", "up=true", "ip link set {VF} down"),
        (
            "ip link set {VF} name other",
            "link other",
            "ip link set other name {VF}",
        ),
        (
            "ip link set {PF} vf 0 state disable",
            "\"link_state\":\"disable\"",
            "ip link set {PF} vf 0 state auto",
        ),
        (
            "ip link set {PF} vf 0 node_guid 02:00:00:00:00:00:00:01",
            "02:00:00:00:00:00:00:01",
            "ip link set {PF} vf 0 node_guid 00:02:c9:03:00:03:00:10",
        ),
        (
            "ip link add link {PF} name child type ipoib pkey 0x8001",
            "link child",
            "ip link delete child",
        ),
        (
            "rdma dev set {RDMA} name other",
            "RDMA device other",
            "rdma dev set other name {RDMA}",
        ),
        (
            "ip netns add other",
            "network namespace other",
            "ip netns delete other",
        ),
    ];
    let changes = changes.map(|(does, says, undo)| Change { does, says, undo });
    assert_seen(&bed, &changes);
    fs::create_dir_all(STATE_FOLDER).expect("make the state folder");
    fs::write(format!("{STATE_FOLDER}/x"), "x").expect("write a file");
    assert!(bed.before().difference().contains("file /run/plumb/x"));
    fs::remove_file(format!("{STATE_FOLDER}/x")).expect("remove the file");
    bed.function(1).unbind();
    assert!(bed.before().difference().contains("driver None"));
    bed.function(1).bind_again("ibvsim");
}

#[test]
fn the_picture_sees_changes_of_an_ethernet_function() {
    let bed = bed(Setup::ETHERNET);
    let changes = [
        (
            "ip link set {PF} vf 0 vlan 5",
            "\"vlan\":5",
            "ip link set {PF} vf 0 vlan 0",
        ),
        (
            "ip link set {PF} vf 0 spoofchk off",
            "\"spoofchk\":false",
            "ip link set {PF} vf 0 spoofchk on",
        ),
        (
            "ip link set {PF} vf 0 trust on",
            "\"trust\":true",
            "ip link set {PF} vf 0 trust off",
        ),
        (
            "ip link set {PF} vf 0 mac 02:00:00:00:00:01",
            "02:00:00:00:00:01",
            "ip link set {PF} vf 0 mac 00:00:00:00:00:00",
        ),
        (
            "ip link set {PF} vf 0 max_tx_rate 100",
            "\"max_tx\":100",
            "ip link set {PF} vf 0 max_tx_rate 0",
        ),
        (
            "ip address add 10.9.0.1/24 dev {PF}",
            "10.9.0.1",
            "ip address delete 10.9.0.1/24 dev {PF}",
        ),
    ];
    let changes = changes.map(|(does, says, undo)| Change { does, says, undo });
    assert_seen(&bed, &changes);
}

/// The kernel re-creates the netdev when its RDMA device moves, on the way there and back.
#[test]
fn an_infiniband_function_moved_by_hand_carries_packets_and_comes_back() {
    let bed = bed(Setup::INFINIBAND);
    let pods = [bed.pod(), bed.pod()];
    for (number, pod) in pods.iter().enumerate() {
        let function = bed.function(number);
        let device = function.rdma_device().expect("it has an RDMA device");
        let before = function.link()["ifindex"].clone();
        run(&format!("rdma dev set {device} netns {}", pod.name()));
        assert_eq!(rdma::names(Some(pod.name())), [device]);
        wait::until("the netdev is back", || function.netdev().is_some());
        assert_ne!(
            function.link()["ifindex"],
            before,
            "the netdev is another one"
        );
        let netdev = function.netdev().expect("it has a netdev");
        run(&format!("ip link set {netdev} netns {}", pod.name()));
        for command in [
            format!("link set {netdev} name eth0"),
            format!("address add 10.9.0.{}/24 dev eth0", number + 1),
            "link set eth0 up".to_owned(),
        ] {
            pod.ip(&command);
        }
        assert!(pod::is_up(&pod::eth0(pod)));
    }
    assert_reaches(&pods[0], "10.9.0.2");
    // They come back by themselves with the namespaces, but under names that the kernel gives
    // again.
    for pod in &pods {
        pod.remove();
    }
    wait::until("the functions are back", || {
        (0..2).all(|number| bed.function(number).netdev().is_some())
    });
    restore_names(&bed);
}

/// ib1 and ib2 are what the first two functions had: the physical one made ib0.
fn restore_names(bed: &Bed) {
    for number in 0..2 {
        let name = bed.function(number).netdev().expect("it has a netdev");
        run(&format!("ip link set {name} name back{number}"));
    }
    for number in 0..2 {
        run(&format!("ip link set back{number} name ib{}", number + 1));
    }
}

#[test]
fn a_namespace_is_entered() {
    let bed = bed(Setup::INFINIBAND);
    let pod = bed.pod();
    let links = run(&inside(pod.name(), "ip -br link"));
    assert_eq!(links.lines().count(), 1, "{links}");
}

/// A test that leaves something is red, and the one after it is not.
#[test]
fn a_test_that_leaves_something_fails() {
    let leaves = || {
        let bed = bed(Setup::INFINIBAND);
        let name = bed.physical().netdev().expect("it has a netdev");
        run(&format!("ip link add link {name} name left type ipoib"));
    };
    let outcome = catch_unwind(AssertUnwindSafe(leaves));
    assert!(outcome.is_err(), "the child that was left is not seen");
    bed(Setup::INFINIBAND).before().assert_unchanged();
}
