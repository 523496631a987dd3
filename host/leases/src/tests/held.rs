//! Pools that are shared: only what this node holds of them is given out.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::keys::Kind;
use crate::runs::{self, Set};
use crate::{
    Candidate, ClaimError, Claimed, Kept, Leases, Owner, Pod, Request, SET_ASIDE, Store, Usage,
};

use super::{Folder, Numbers, addresses, change, claim_one, ip, owner, pod, pool, remove_all};

fn shared(name: &str, ranges: &[(&str, &str)]) -> Candidate {
    Candidate {
        shared: true,
        ..pool(name, ranges)
    }
}

fn blue() -> Candidate {
    shared("blue", &[("10.0.0.1", "10.0.0.200")])
}

fn range(first: &str, last: &str) -> (IpAddr, IpAddr) {
    (ip(first), ip(last))
}

fn hold(store: &Store, ranges: &[(&str, &str)]) {
    let ranges: Vec<_> = ranges
        .iter()
        .map(|(first, last)| range(first, last))
        .collect();
    store.hold("", &ranges, &[]).expect("hold");
    store.check().expect("a sound store");
}

/// What one attempt of a pod's gets, without and with those asked who share the pool.
fn attempt(
    store: &Store,
    container: &str,
    pod: Option<&Pod>,
    candidates: &[Candidate],
    asked: bool,
) -> Result<Claimed, ClaimError> {
    let owner = owner(container);
    let request = Request {
        space: "",
        owner: &owner,
        pod,
        claims: &[candidates.to_vec()],
        keep: pod.is_some(),
        asked,
    };
    let claimed = store.fulfil(&request);
    store.check().expect("a sound store");
    claimed.map(|mut claimed| claimed.remove(0))
}

fn address(
    store: &Store,
    container: &str,
    pod: Option<&Pod>,
    candidates: &[Candidate],
    asked: bool,
) -> IpAddr {
    let claimed = attempt(store, container, pod, candidates, asked);
    claimed.expect("claim").address
}

#[track_caller]
fn not_held(outcome: Result<Claimed, ClaimError>) -> Option<IpAddr> {
    match outcome {
        Err(ClaimError::NotHeld { remembered, .. }) => remembered,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_given_out_that_this_node_does_not_hold() {
    let folder = Folder::new();
    let store = folder.store();
    let error = attempt(&store, "a", None, &[blue()], false).expect_err("nothing is held");
    assert_eq!(
        error.to_string(),
        "this node holds no free address of pool blue (of 200 addresses this node holds 0, 0 are taken)"
    );
    // Some of the pool, and some behind its end.
    hold(
        &store,
        &[("10.0.0.8", "10.0.0.9"), ("10.0.0.200", "10.0.0.203")],
    );
    let got: Vec<_> = ["a", "b", "c"]
        .map(|container| address(&store, container, None, &[blue()], false))
        .to_vec();
    assert_eq!(got, ["10.0.0.8", "10.0.0.9", "10.0.0.200"].map(ip));
    for asked in [false, true] {
        let error = attempt(&store, "d", None, &[blue()], asked).expect_err("all is leased");
        assert_eq!(
            error.to_string(),
            "this node holds no free address of pool blue (of 200 addresses this node holds 3, 3 are taken)"
        );
    }
    let usage = store.usage("", &blue().ranges).expect("usage");
    let expected = Usage {
        size: 200,
        taken: 3,
        held: 3,
        held_taken: 3,
    };
    assert_eq!(usage, expected);
    // A pool that is not shared needs nothing to be held, nor does it get at what is.
    let own = pool("own", &[("10.0.0.50", "10.0.0.50")]);
    assert_eq!(claim_one(&store, "e", &own), ip("10.0.0.50"));
}

#[test]
fn a_full_pool_of_this_node_alone_is_told_from_one_of_which_nothing_is_held() {
    let folder = Folder::new();
    let store = folder.store();
    let own = pool("own", &[("10.1.0.1", "10.1.0.2")]);
    for container in ["a", "b"] {
        claim_one(&store, container, &own);
    }
    let full = attempt(&store, "c", None, std::slice::from_ref(&own), false);
    assert!(
        matches!(full, Err(ClaimError::Exhausted { .. })),
        "{full:?}"
    );
    // In the order of preference: behind what is full the shared pool is asked for, and before what is free.
    let free = pool("free", &[("10.2.0.1", "10.2.0.9")]);
    for candidates in [vec![own, blue()], vec![blue(), free.clone()]] {
        assert_eq!(
            not_held(attempt(&store, "c", None, &candidates, false)),
            None
        );
    }
    // Those who share it have none.
    let got = attempt(&store, "c", None, &[blue(), free], true).expect("the second pool");
    assert_eq!((got.address, got.candidate), (ip("10.2.0.1"), 1));
}

#[test]
fn a_requested_address_is_free_only_when_it_is_held() {
    let folder = Folder::new();
    let store = folder.store();
    let wanted = shared("requested", &[("10.0.0.5", "10.0.0.5")]);
    hold(
        &store,
        &[("10.0.0.4", "10.0.0.4"), ("10.0.0.6", "10.0.0.7")],
    );
    for asked in [false, true] {
        let outcome = attempt(&store, "a", None, std::slice::from_ref(&wanted), asked);
        assert_eq!(not_held(outcome), None);
    }
    hold(&store, &[("10.0.0.5", "10.0.0.5")]);
    let got = address(&store, "a", None, std::slice::from_ref(&wanted), false);
    assert_eq!(got, ip("10.0.0.5"));
    // Nobody need be asked who has it.
    for asked in [false, true] {
        let taken = attempt(&store, "b", None, std::slice::from_ref(&wanted), asked);
        assert!(matches!(taken, Err(ClaimError::Taken { .. })), "{taken:?}");
    }
}

#[test]
fn a_kept_address_is_the_cluster_s_to_know() {
    let folder = Folder::new();
    let store = folder.store();
    let worker = pod("worker-0");
    hold(&store, &[("10.0.0.8", "10.0.0.9")]);
    // Something is free, and yet the pod may have an address elsewhere.
    let outcome = attempt(&store, "a", Some(&worker), &[blue()], false);
    assert_eq!(not_held(outcome), None);
    let kept = Kept {
        address: ip("10.0.0.77"),
        network: "rail0".to_owned(),
        interface: "net1".to_owned(),
        pod: worker.clone(),
        ordinal: 0,
    };
    let one = range("10.0.0.77", "10.0.0.77");
    for _ in 0..2 {
        store
            .hold("", &[one], std::slice::from_ref(&kept))
            .expect("hold");
        store.check().expect("a sound store");
    }
    // Nobody else gets it while others can still be asked.
    assert_eq!(address(&store, "x", None, &[blue()], false), ip("10.0.0.8"));
    assert_eq!(address(&store, "y", None, &[blue()], false), ip("10.0.0.9"));
    not_held(attempt(&store, "z", None, &[blue()], false));
    let got = address(&store, "a", Some(&worker), &[blue()], false);
    assert_eq!(got, ip("10.0.0.77"));
    // It is leased: to hold it again for whomever changes nothing.
    let other = Kept {
        pod: pod("worker-1"),
        ..kept.clone()
    };
    store.hold("", &[one], &[other]).expect("hold");
    store.release(&owner("a")).expect("release");
    assert_eq!(store.check().expect("a sound store"), 2);
    let again = address(&store, "b", Some(&worker), &[blue()], false);
    assert_eq!(again, ip("10.0.0.77"));
}

#[test]
fn a_remembered_address_that_is_held_no_more_is_asked_for() {
    let folder = Folder::new();
    let store = folder.store();
    let worker = pod("worker-0");
    hold(&store, &[("10.0.0.8", "10.0.0.9")]);
    let first = address(&store, "a", Some(&worker), &[blue()], true);
    assert_eq!(first, ip("10.0.0.8"));
    store.release(&owner("a")).expect("release");
    // Not taken back but lost, as with a store that was dropped.
    store.drop_held().expect("drop");
    assert_eq!(store.all_held().expect("held"), []);
    hold(&store, &[("10.0.0.30", "10.0.0.31")]);
    let outcome = attempt(&store, "b", Some(&worker), &[blue()], false);
    let text = outcome.as_ref().expect_err("not held").to_string();
    assert!(
        text.starts_with(
            "this node does not hold 10.0.0.8, which the pod had before, of pool blue "
        ),
        "{text}"
    );
    assert_eq!(not_held(outcome), Some(ip("10.0.0.8")));
    // Others have it: the pod gets what there is.
    let other = address(&store, "b", Some(&worker), &[blue()], true);
    assert_eq!(other, ip("10.0.0.30"));
}

#[test]
fn what_is_leased_or_set_aside_is_not_given_back() {
    let folder = Folder::new();
    let store = folder.store();
    let block = range("10.0.0.8", "10.0.0.11");
    hold(&store, &[("10.0.0.8", "10.0.0.11")]);
    let claims = [vec![blue()]];
    let holder = owner("a");
    store
        .claim("", &holder, None, &claims, false)
        .expect("claim");
    let lease = store.give_back("", block).expect("look").expect("a lease");
    assert_eq!((lease.address, &lease.owner), (ip("10.0.0.8"), &holder));
    assert_eq!(store.held("").expect("held"), [block]);
    let request = Request {
        space: "",
        owner: &holder,
        pod: None,
        claims: &claims,
        keep: false,
        asked: false,
    };
    store
        .exchange(&request, 0, "02:00:00:00:00:01")
        .expect("another one");
    store.release(&holder).expect("release");
    let aside = store.give_back("", block).expect("look").expect("a lease");
    assert_eq!(aside.in_use_by(), Some("02:00:00:00:00:01"));
    // As if it had been set aside long ago.
    change(&store, |db| {
        let owner = Owner {
            network: String::new(),
            container_id: "02:00:00:00:00:01".to_owned(),
            interface_name: String::new(),
        };
        for mut lease in crate::read::held_by(db, &owner)? {
            lease.since -= SET_ASIDE + 1;
            let key = crate::keys::place(Kind::Lease, &lease.space, lease.address);
            crate::entries::put(db, &key, crate::read::of_lease(&lease).bytes())?;
        }
        Ok(())
    });
    assert_eq!(store.give_back("", block).expect("give back"), None);
    assert_eq!(store.held("").expect("held"), []);
    assert_eq!(store.check().expect("a sound store"), 0);
}

#[test]
fn an_exchange_that_needs_others_changes_nothing_before_they_are_asked() {
    let folder = Folder::new();
    let store = folder.store();
    hold(&store, &[("10.0.0.8", "10.0.0.8")]);
    let (claims, holder) = ([vec![blue()]], owner("a"));
    store
        .claim("", &holder, None, &claims, false)
        .expect("claim");
    let mut request = Request {
        space: "",
        owner: &holder,
        pod: None,
        claims: &claims,
        keep: false,
        asked: false,
    };
    let mut exchange = |asked| {
        request.asked = asked;
        store.exchange(&request, 0, "02:00:00:00:00:01")
    };
    let error = exchange(false).expect_err("no other");
    assert!(matches!(error, ClaimError::NotHeld { .. }), "{error}");
    let leases = store.held_by(&holder).expect("held");
    assert_eq!(leases[0].address, ip("10.0.0.8"));
    hold(&store, &[("10.0.0.60", "10.0.0.60")]);
    let other = exchange(true).expect("the other");
    assert_eq!(other.address, ip("10.0.0.60"));
    assert_eq!(store.leases().expect("leases").len(), 2);
    let error = exchange(true).expect_err("no other");
    assert!(matches!(error, ClaimError::NotHeld { .. }), "{error}");
    assert_eq!(store.held_by(&holder).expect("held"), []);
    assert_eq!(store.check().expect("a sound store"), 2);
}

#[test]
fn what_rested_in_a_range_is_forgotten_when_it_is_given_back() {
    let folder = Folder::new();
    let store = folder.store();
    hold(&store, &[("10.0.0.8", "10.0.0.9")]);
    for (container, name) in [("a", "worker-0"), ("b", "worker-1")] {
        address(&store, container, Some(&pod(name)), &[blue()], true);
    }
    store.release(&owner("a")).expect("release");
    store.release(&owner("b")).expect("release");
    let one = range("10.0.0.8", "10.0.0.8");
    assert_eq!(store.give_back("", one).expect("give back"), None);
    assert_eq!(store.check().expect("a sound store"), 0);
    hold(&store, &[("10.0.0.8", "10.0.0.8")]);
    let claimed = store
        .claim("", &owner("c"), None, &[vec![blue()]], false)
        .expect("claim");
    assert_eq!(addresses(&claimed), [ip("10.0.0.8")], "nobody's any more");
    not_held(attempt(&store, "d", None, &[blue()], false));
}

#[test]
fn spaces_are_held_apart_and_leases_are_found_within_a_range() {
    let folder = Folder::new();
    let store = folder.store();
    let ranges = [
        range("10.0.0.0", "10.0.0.3"),
        range("fd00::8", "fd00::f"),
        range("10.0.0.4", "10.0.0.7"),
    ];
    store.hold("rail0", &ranges, &[]).expect("hold");
    store.hold("", &ranges[1..2], &[]).expect("hold");
    let (v4, v6) = (range("10.0.0.0", "10.0.0.7"), ranges[1]);
    assert_eq!(store.held("rail0").expect("held"), [v4, v6]);
    assert_eq!(store.held("rail").expect("held"), []);
    let all = store.all_held().expect("held");
    let rail = "rail0".to_owned();
    assert_eq!(all, [(String::new(), v6), (rail.clone(), v4), (rail, v6)]);
    for container in ["a", "b"] {
        let claims = [vec![shared("p", &[("10.0.0.2", "10.0.0.5")])]];
        store
            .claim("rail0", &owner(container), None, &claims, false)
            .expect("claim");
    }
    let within = |first, last| {
        let leases = store.leases_within("rail0", range(first, last));
        let leases = leases.expect("leases").into_iter();
        leases.map(|lease| lease.address).collect::<Vec<_>>()
    };
    assert_eq!(
        within("10.0.0.0", "10.0.0.7"),
        ["10.0.0.2", "10.0.0.3"].map(ip)
    );
    assert_eq!(within("10.0.0.3", "10.0.0.7"), [ip("10.0.0.3")]);
    assert_eq!(within("10.0.0.4", "10.0.0.7"), [] as [IpAddr; 0]);
    // Half of it goes, and what is left is two runs.
    let gone = range("10.0.0.5", "10.0.0.5");
    assert_eq!(store.give_back("rail0", gone).expect("give back"), None);
    assert_eq!(
        store.held("rail0").expect("held"),
        [
            range("10.0.0.0", "10.0.0.4"),
            range("10.0.0.6", "10.0.0.7"),
            v6
        ]
    );
    assert_eq!(store.check().expect("a sound store"), 2);
}

#[test]
fn ranges_that_are_held_are_those_of_a_plain_set() {
    let folder = Folder::new();
    let store = folder.store();
    let at = |number: u64| -> IpAddr { [255, 255, 255, 192 + number as u8].into() };
    let mut numbers = Numbers(0x5eed_0007);
    let mut model = BTreeSet::new();
    store
        .write("test", |db| {
            for step in 0..4000 {
                let first = numbers.below(64);
                let last = first + numbers.below(64 - first);
                let range = (at(first), at(last));
                if numbers.below(2) == 0 {
                    model.extend((first..=last).map(at));
                    runs::add_range(db, Set::Held, "", range)?;
                } else {
                    model.retain(|x| *x < range.0 || *x > range.1);
                    runs::remove_range(db, Set::Held, "", range)?;
                }
                let held: Vec<_> = super::super::held::of_space(db, "")?;
                assert_eq!(held, super::model::maximal(&model), "step {step}");
            }
            Ok(())
        })
        .expect("transaction");
    store.check().expect("a sound store");
}

#[test]
fn runs_that_touch_are_found() {
    let folder = Folder::new();
    let store = folder.store();
    hold(&store, &[("10.0.0.8", "10.0.0.9")]);
    let entry = |first: &str| crate::keys::place(Kind::Held, "", ip(first));
    for first in ["10.0.0.9", "10.0.0.10"] {
        change(&store, |db| {
            runs::put(db, Set::Held, "", (ip(first), ip("10.0.0.20")))
        });
        let text = store.check().expect_err("they touch").to_string();
        assert!(
            text.contains("is not apart from the one before it"),
            "{text}"
        );
        change(&store, |db| crate::entries::delete(db, &entry(first)));
        store.check().expect("a sound store");
    }
    remove_all(&store, Kind::Held);
    assert_eq!(store.held("").expect("held"), []);
}

#[test]
fn what_is_withdrawn_is_not_given_out_and_stays_with_its_pod() {
    let folder = Folder::new();
    let store = folder.store();
    hold(&store, &[("10.0.0.1", "10.0.0.2")]);
    let kept = Kept {
        address: ip("10.0.0.2"),
        network: owner("a").network,
        interface: owner("a").interface_name,
        pod: pod("web-0"),
        ordinal: 0,
    };
    store.hold("", &[], &[kept]).expect("remember");
    let claimed = attempt(&store, "a", Some(&pod("web-0")), &[blue()], true).expect("an address");
    assert_eq!(claimed.address, ip("10.0.0.2"));
    let whole = range("10.0.0.0", "10.0.0.3");
    assert_eq!(
        store.remembered_within("", whole).unwrap(),
        [ip("10.0.0.2")]
    );
    store.withdraw("", whole).expect("withdraw");
    store.check().expect("a sound store");
    assert_eq!(store.all_held().unwrap(), []);
    assert_eq!(store.leases_within("", whole).unwrap().len(), 1);
    assert_eq!(
        store.remembered_within("", whole).unwrap(),
        [ip("10.0.0.2")]
    );
    attempt(&store, "b", None, &[blue()], true).unwrap_err();
}
