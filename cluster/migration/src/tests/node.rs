//! What a node makes of a fact, and when it lets go.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use plumb_leases::imported::{Ended, Imported};
use plumb_leases::{Lease, Owner};

use super::pod;
use crate::cni_cache::Cached;
use crate::node::{Decision, Missing, PATIENCE, Pods, Uids, decide};
use crate::{Fact, PodSeen};

fn fact() -> Fact {
    Fact {
        address: "172.16.11.10".parse().unwrap(),
        pod: Some(pod("web-0")),
        uid: "u1".to_owned(),
        interface: Some("net1".to_owned()),
        network: None,
        container: None,
        keep: false,
    }
}

fn pods(uid: &str) -> Pods {
    let seen = PodSeen {
        uid: uid.to_owned(),
        node: Some("node-a".to_owned()),
        is_finished: false,
        controller: None,
        interfaces: Vec::new(),
    };
    BTreeMap::from([(pod("web-0"), seen)])
}

fn cached(container: &str, uid: &str, address: &str) -> Cached {
    Cached {
        network: "gpu1-macvlan".to_owned(),
        container: container.to_owned(),
        interface: "net1".to_owned(),
        pod: Some(pod("web-0")),
        uid: uid.to_owned(),
        netns: Some(PathBuf::from("/nowhere/cni-1")),
        addresses: vec![address.parse().unwrap()],
    }
}

fn lease(address: &str, container: &str, name: &str) -> Lease {
    Lease {
        space: String::new(),
        address: address.parse().unwrap(),
        pool: "gpu1".to_owned(),
        owner: Owner {
            network: "gpu1-macvlan".to_owned(),
            container_id: container.to_owned(),
            interface_name: "net1".to_owned(),
        },
        pod: Some(pod(name)),
        since: 0,
    }
}

#[track_caller]
fn taken(fact: &Fact, cached: &[Cached]) -> Imported {
    match decide(fact, "gpu1", &pods("u1"), cached, &[]) {
        Decision::Take(imported) => *imported,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_runtimes_files_say_what_the_del_will_come_with() {
    let files = [
        cached("of-another-address", "u1", "172.16.11.11"),
        cached("of-an-earlier-pod", "u0", "172.16.11.10"),
        cached("c1", "u1", "172.16.11.10"),
    ];
    let imported = taken(&fact(), &files);
    assert_eq!(
        imported.lease.owner,
        lease("172.16.11.10", "c1", "web-0").owner
    );
    assert_eq!(imported.netns, Some(PathBuf::from("/nowhere/cni-1")));
    // A container that whereabouts has written down decides.
    let of_whereabouts = Fact {
        container: Some("c2".to_owned()),
        ..fact()
    };
    let imported = taken(&of_whereabouts, &files);
    assert_eq!(imported.lease.owner.container_id, "c2");
    assert_eq!(imported.lease.owner.network, "?");
}

#[test]
fn without_them_the_del_is_recognised_by_pod_and_interface() {
    let imported = taken(&fact(), &[]);
    let owner = Owner {
        network: "whatever".to_owned(),
        container_id: "c9".to_owned(),
        interface_name: "net1".to_owned(),
    };
    let del = |uid| Ended {
        owner: &owner,
        pod: imported.lease.pod.as_ref(),
        uid,
        addresses: &[],
    };
    assert!(imported.is_of(&del("u1")));
    assert!(!imported.is_of(&del("u2")));
}

#[test]
fn two_interfaces_that_are_not_known_do_not_end_together() {
    let unknown = |address: &str| Fact {
        address: address.parse().unwrap(),
        interface: None,
        ..fact()
    };
    let owner = |address| taken(&unknown(address), &[]).lease.owner;
    assert_ne!(owner("172.16.11.10"), owner("172.16.11.11"));
    let both = |address: &str| {
        let address = address.parse().unwrap();
        taken(&Fact { address, ..fact() }, &[]).lease.owner
    };
    assert_eq!(
        both("172.16.11.10"),
        both("fd00::10"),
        "two addresses of one interface"
    );
}

#[test]
fn a_pod_that_ended_or_was_attached_again_meanwhile_is_not_taken_up() {
    let left = |pods: &Pods, known: &[Lease]| match decide(&fact(), "gpu1", pods, &[], known) {
        Decision::Leave(sentence) => sentence,
        other => panic!("{other:?}"),
    };
    assert!(left(&Pods::new(), &[]).contains("has ended"));
    assert!(left(&pods("u2"), &[]).contains("has ended"), "made again");
    let again = lease("172.16.11.44", "c2", "web-0");
    assert!(left(&pods("u1"), &[again]).contains("has 172.16.11.44 now"));
    let other = lease("172.16.11.10", "c2", "other");
    let sentence = left(&pods("u1"), &[other]);
    assert!(
        sentence.contains("team-a/other has it on this node"),
        "{sentence}"
    );
}

#[test]
fn what_is_taken_up_already_stays() {
    let files = [cached("c1", "u1", "172.16.11.10")];
    for known in ["c1", "?u1"] {
        let known = [lease("172.16.11.10", known, "web-0")];
        assert_eq!(
            decide(&fact(), "gpu1", &pods("u1"), &files, &known),
            Decision::Known
        );
    }
}

#[test]
fn an_address_is_let_go_of_when_pod_and_namespace_are_gone_for_long() {
    let folder = tempfile::tempdir().unwrap();
    let mut imported = taken(&fact(), &[cached("c1", "u1", "172.16.11.10")]);
    let address = imported.lease.address;
    let mut missing = Missing::default();
    let (begin, second) = (Instant::now(), Duration::from_secs(1));
    let uids = |uid: &str| Uids::from([(pod("web-0"), uid.to_owned())]);
    let mut look = |imported: &Imported, pods: &Uids, after: Duration| {
        missing.look(std::slice::from_ref(imported), pods, begin + after)
    };
    assert!(look(&imported, &uids("u1"), Duration::ZERO).is_empty());
    assert!(
        look(&imported, &Uids::new(), second).is_empty(),
        "just gone"
    );
    assert!(look(&imported, &Uids::new(), PATIENCE).is_empty());
    assert_eq!(look(&imported, &Uids::new(), PATIENCE + second), [address]);
    assert!(
        look(&imported, &uids("u1"), PATIENCE + second).is_empty(),
        "it was only a gap"
    );
    assert!(
        look(&imported, &Uids::new(), PATIENCE * 2).is_empty(),
        "counted anew"
    );
    // A pod of the same name is another one.
    assert_eq!(look(&imported, &uids("u2"), PATIENCE * 4), [address]);
    // Its deletion was forced, and it runs.
    imported.netns = Some(folder.path().to_owned());
    assert!(look(&imported, &Uids::new(), PATIENCE * 9).is_empty());
    assert!(look(&imported, &Uids::new(), PATIENCE * 12).is_empty());
}
