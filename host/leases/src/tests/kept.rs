//! Pods that come back under their name get their address back.

use std::net::IpAddr;

use super::{Folder, addresses, ip, owner, pod, pool};
use crate::keys::Kind;
use crate::{Candidate, Leases, Owner, Store, entries, memory};

fn claim(store: &Store, container: &str, name: &str, claims: &[Vec<Candidate>]) -> Vec<IpAddr> {
    let claimed = store
        .claim("", &owner(container), Some(&pod(name)), claims, true)
        .expect("claim");
    store.check().expect("a sound store");
    addresses(&claimed)
}

fn release(store: &Store, container: &str) {
    assert!(
        !store
            .release(&owner(container))
            .expect("release")
            .is_empty()
    );
    store.check().expect("a sound store");
}

fn blue() -> Vec<Vec<Candidate>> {
    vec![vec![pool("blue", &[("10.0.0.1", "10.0.0.4")])]]
}

#[test]
fn a_pod_gets_its_address_back() {
    let folder = Folder::new();
    let store = folder.store();
    assert_eq!(claim(&store, "a", "worker-0", &blue()), [ip("10.0.0.1")]);
    assert_eq!(claim(&store, "b", "worker-1", &blue()), [ip("10.0.0.2")]);
    release(&store, "a");
    release(&store, "b");
    assert_eq!(claim(&store, "c", "worker-2", &blue()), [ip("10.0.0.3")]);
    assert_eq!(claim(&store, "d", "worker-1", &blue()), [ip("10.0.0.2")]);
    assert_eq!(claim(&store, "e", "worker-0", &blue()), [ip("10.0.0.1")]);
}

#[test]
fn a_kept_address_goes_to_others_only_when_nothing_else_is_free() {
    let folder = Folder::new();
    let store = folder.store();
    for (container, name) in [("a", "worker-0"), ("b", "worker-1")] {
        claim(&store, container, name, &blue());
        release(&store, container);
    }
    // .1 and .2 rest; two others are free, however often they come round.
    for round in 0..3 {
        for (container, expected) in [("x", "10.0.0.3"), ("y", "10.0.0.4")] {
            let claimed = store
                .claim("", &owner(container), None, &blue(), false)
                .expect("claim");
            assert_eq!(addresses(&claimed), [ip(expected)], "round {round}");
        }
        if round < 2 {
            store.release(&owner("x")).expect("release");
            store.release(&owner("y")).expect("release");
        }
    }
    let other = store
        .claim("", &owner("z"), None, &blue(), false)
        .expect("a kept one, now that the rest is gone");
    assert_eq!(addresses(&other), [ip("10.0.0.1")]);
    store.check().expect("a sound store");
    store.release(&owner("z")).expect("release");
    // worker-0's memory went with it: .1 is free for all, .2 is still worker-1's.
    let next = store
        .claim("", &owner("n"), None, &blue(), false)
        .expect("claim");
    assert_eq!(addresses(&next), [ip("10.0.0.1")]);
    assert_eq!(claim(&store, "w", "worker-1", &blue()), [ip("10.0.0.2")]);
}

#[test]
fn a_second_candidate_comes_before_a_kept_address() {
    let folder = Folder::new();
    let store = folder.store();
    let one = |address: &str| pool(address, &[(address, address)]);
    claim(&store, "a", "worker-0", &[vec![one("10.0.0.1")]]);
    release(&store, "a");
    let claims = [vec![one("10.0.0.1"), one("10.0.0.2")]];
    let claimed = store
        .claim("", &owner("x"), None, &claims, false)
        .expect("claim");
    assert_eq!(
        (claimed[0].address, claimed[0].candidate),
        (ip("10.0.0.2"), 1)
    );
}

#[test]
fn two_interfaces_of_one_pod_have_an_address_each() {
    let folder = Folder::new();
    let store = folder.store();
    let second = |container: &str| Owner {
        interface_name: "net2".to_owned(),
        ..owner(container)
    };
    let both = |container: &str| {
        let mut all = claim(&store, container, "worker-0", &blue());
        let two = store
            .claim(
                "",
                &second(container),
                Some(&pod("worker-0")),
                &blue(),
                true,
            )
            .expect("claim");
        all.extend(addresses(&two));
        all
    };
    let before = both("a");
    assert_eq!(before, [ip("10.0.0.1"), ip("10.0.0.2")]);
    store.release(&second("a")).expect("release");
    release(&store, "a");
    assert_eq!(both("b"), before);
}

#[test]
fn both_families_come_back_and_one_may_be_added() {
    let folder = Folder::new();
    let store = folder.store();
    let four = blue().remove(0);
    let six = vec![pool("six", &[("fd00::1", "fd00::9")])];
    claim(&store, "other", "other", &[four.clone(), four.clone()]);
    assert_eq!(
        claim(&store, "a", "worker-0", std::slice::from_ref(&four)),
        [ip("10.0.0.3")]
    );
    release(&store, "a");
    // IPv6 is put in front of IPv4: the IPv4 address stays.
    let both = [six, four];
    assert_eq!(
        claim(&store, "b", "worker-0", &both),
        [ip("fd00::1"), ip("10.0.0.3")]
    );
    release(&store, "b");
    assert_eq!(
        claim(&store, "c", "worker-0", &both),
        [ip("fd00::1"), ip("10.0.0.3")]
    );
}

#[test]
fn an_address_that_left_the_pool_is_forgotten() {
    let folder = Folder::new();
    let store = folder.store();
    assert_eq!(claim(&store, "a", "worker-0", &blue()), [ip("10.0.0.1")]);
    release(&store, "a");
    let green = [vec![pool("green", &[("10.0.9.1", "10.0.9.2")])]];
    assert_eq!(claim(&store, "b", "worker-0", &green), [ip("10.0.9.1")]);
    release(&store, "b");
    assert_eq!(
        claim(&store, "c", "worker-0", &green),
        [ip("10.0.9.1")],
        "the new one is remembered instead"
    );
    // .1 is reserved for nobody: with .2 to .4 taken, a peek finds it in the first pass, as nobody's.
    assert_eq!(
        claim(&store, "d", "worker-0-back", &blue()),
        [ip("10.0.0.2")]
    );
    let space = store
        .claim(
            "elsewhere",
            &owner("e"),
            Some(&pod("worker-9")),
            &blue(),
            true,
        )
        .expect("claim");
    assert_eq!(addresses(&space), [ip("10.0.0.1")]);
    store.release(&owner("e")).expect("release");
    // Its space is another one now, so the memory does not serve.
    assert_eq!(claim(&store, "f", "worker-9", &blue()), [ip("10.0.0.3")]);
}

#[test]
fn a_pod_whose_old_sandbox_still_holds_the_address_gets_another_and_keeps_that() {
    let folder = Folder::new();
    let store = folder.store();
    assert_eq!(claim(&store, "old", "worker-0", &blue()), [ip("10.0.0.1")]);
    assert_eq!(claim(&store, "new", "worker-0", &blue()), [ip("10.0.0.2")]);
    release(&store, "old");
    release(&store, "new");
    assert_eq!(claim(&store, "next", "worker-0", &blue()), [ip("10.0.0.2")]);
}

#[test]
fn without_keep_nothing_is_remembered_and_nothing_recalled() {
    let folder = Folder::new();
    let store = folder.store();
    let worker = pod("worker-0");
    let claim = |container: &str, keep: bool| {
        let claimed = store
            .claim("", &owner(container), Some(&worker), &blue(), keep)
            .expect("claim");
        store.release(&owner(container)).expect("release");
        store.check().expect("a sound store");
        claimed[0].address
    };
    assert_eq!(claim("a", false), ip("10.0.0.1"));
    assert_eq!(claim("b", true), ip("10.0.0.2"));
    assert_eq!(claim("c", false), ip("10.0.0.3"));
    assert_eq!(claim("d", true), ip("10.0.0.2"));
    assert_eq!(claim("e", false), ip("10.0.0.4"));
    assert_eq!(claim("f", false), ip("10.0.0.1"));
}

#[test]
fn what_rested_longest_is_forgotten_first() {
    let folder = Folder::new();
    let store = folder.store();
    for container in ["a", "b", "c"] {
        claim(&store, container, container, &blue());
    }
    for container in ["b", "a", "c"] {
        release(&store, container);
    }
    store
        .write("test", |db| memory::forget_oldest(db, 1))
        .expect("forget");
    store.check().expect("a sound store");
    let mut resting = 0;
    store
        .read("test", |db| {
            entries::all(db, Kind::Rest, |_, _| {
                resting += 1;
                Ok(())
            })
        })
        .expect("count");
    assert_eq!(resting, 1);
    assert_eq!(
        claim(&store, "c2", "c", &blue()),
        [ip("10.0.0.3")],
        "the one that is left"
    );
}
