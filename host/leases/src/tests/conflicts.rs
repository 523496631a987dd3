//! Addresses that somebody else was found to have.

use super::{Folder, ip, owner, pod, pool};
use crate::claim::Request;
use crate::conflict::{self, SET_ASIDE};
use crate::{Candidate, ClaimError, Leases, Owner, Pod, Store};

const OTHER: &str = "02:00:5e:00:00:07";

fn blue() -> Vec<Vec<Candidate>> {
    vec![
        vec![pool("blue", &[("10.0.0.1", "10.0.0.4")])],
        vec![pool("six", &[("fd00::1", "fd00::4")])],
    ]
}

fn request<'a>(
    owner: &'a Owner,
    pod: Option<&'a Pod>,
    claims: &'a [Vec<Candidate>],
) -> Request<'a> {
    Request {
        space: "",
        owner,
        pod,
        claims,
        keep: pod.is_some(),
        asked: false,
    }
}

fn claim(store: &Store, request: &Request<'_>) {
    store
        .claim(
            request.space,
            request.owner,
            request.pod,
            request.claims,
            request.keep,
        )
        .expect("claim");
}

fn held(store: &Store, owner: &Owner) -> Vec<String> {
    let held = store.held_by(owner).expect("look up");
    held.iter().map(|lease| lease.address.to_string()).collect()
}

/// A second that comes `seconds` after now.
fn later(seconds: u64) -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
        + seconds
}

#[test]
fn another_address_takes_the_place_of_one_that_is_in_use() {
    let folder = Folder::new();
    let store = folder.store();
    let (a, claims) = (owner("a"), blue());
    claim(&store, &request(&a, None, &claims));
    assert_eq!(held(&store, &a), ["10.0.0.1", "fd00::1"]);
    let next = store
        .exchange(&request(&a, None, &claims), 0, OTHER)
        .expect("there are others");
    assert_eq!((next.address, next.candidate), (ip("10.0.0.2"), 0));
    store.check().expect("a sound store");
    assert_eq!(
        held(&store, &a),
        ["10.0.0.2", "fd00::1"],
        "in the order claimed"
    );

    let leases = store.leases().expect("list");
    let aside: Vec<_> = leases
        .iter()
        .filter_map(|lease| Some((lease.address.to_string(), lease.in_use_by()?)))
        .collect();
    assert_eq!(aside, [("10.0.0.1".to_owned(), OTHER)]);

    // Neither a release nor another claim brings it back.
    store.release(&a).expect("release");
    store.check().expect("a sound store");
    for (name, expected) in [("b", "10.0.0.3"), ("c", "10.0.0.4"), ("d", "10.0.0.2")] {
        claim(&store, &request(&owner(name), None, &claims));
        assert_eq!(held(&store, &owner(name))[0], expected);
    }
    assert!(
        matches!(
            store.claim("", &owner("e"), None, &claims, false),
            Err(ClaimError::Exhausted { .. })
        ),
        "it is not offered"
    );
    store.check().expect("a sound store");
}

#[test]
fn a_pool_without_another_address_keeps_the_one_aside() {
    let folder = Folder::new();
    let store = folder.store();
    let one = [vec![pool("one", &[("10.0.0.1", "10.0.0.1")])]];
    claim(&store, &request(&owner("a"), None, &one));
    let refused = store
        .exchange(&request(&owner("a"), None, &one), 0, OTHER)
        .expect_err("there is no other");
    assert!(refused.to_string().contains(OTHER), "{refused}");
    store.check().expect("a sound store");
    assert_eq!(held(&store, &owner("a")), [""; 0]);
    assert_eq!(store.owners().expect("list").len(), 1);
    let refused = store
        .claim("", &owner("b"), None, &one, false)
        .expect_err("it is aside");
    assert!(refused.to_string().contains(OTHER), "{refused}");
}

#[test]
fn it_is_offered_again_after_a_time() {
    let folder = Folder::new();
    let store = folder.store();
    let claims = [vec![pool("two", &[("10.0.0.1", "10.0.0.2")])]];
    for (name, by) in [("a", OTHER), ("b", OTHER)] {
        claim(&store, &request(&owner(name), None, &claims));
        let _ = store.exchange(&request(&owner(name), None, &claims), 0, by);
        store.release(&owner(name)).expect("release");
    }
    assert_eq!(store.count().expect("count"), 2, "both are aside");
    let offer = |now| {
        store
            .write("offer", |db| conflict::offer_again(db, now))
            .expect("written")
    };
    assert_eq!(offer(later(SET_ASIDE - 60)), 0);
    assert_eq!(store.count().expect("count"), 2);
    assert_eq!(offer(later(SET_ASIDE + 1)), 2);
    store.check().expect("a sound store");
    assert_eq!(store.owners().expect("list"), []);
    claim(&store, &request(&owner("c"), None, &claims));
}

#[test]
fn a_claim_that_finds_nothing_else_takes_what_is_aside_no_more() {
    let folder = Folder::new();
    let store = folder.store();
    let one = [vec![pool("one", &[("10.0.0.1", "10.0.0.1")])]];
    claim(&store, &request(&owner("a"), None, &one));
    let _ = store.exchange(&request(&owner("a"), None, &one), 0, OTHER);
    let now = later(SET_ASIDE + 1);
    let (b, peeked) = (owner("b"), owner("c"));
    let outcome = store
        .write("claim", |db| {
            crate::claim::claim(db, &request(&b, None, &one), now)
        })
        .expect("written");
    assert_eq!(outcome.expect("it is free")[0].address, ip("10.0.0.1"));
    store.check().expect("a sound store");
    assert!(store.peek("", &peeked, None, &one, false).is_err());
}

/// A pod that comes back gets the address that it could use.
#[test]
fn what_is_remembered_is_the_other_address() {
    let folder = Folder::new();
    let store = folder.store();
    let (worker, claims) = (pod("worker-0"), blue());
    let first = owner("a");
    let asked = request(&first, Some(&worker), &claims);
    claim(&store, &asked);
    store.exchange(&asked, 0, OTHER).expect("there are others");
    store.check().expect("a sound store");
    store.release(&first).expect("release");
    store.check().expect("a sound store");
    assert_eq!(
        store.remembered(&owner("b"), &worker).expect("look up"),
        [],
        "nobody has what the pod looks for"
    );
    claim(&store, &request(&owner("b"), Some(&worker), &claims));
    assert_eq!(held(&store, &owner("b")), ["10.0.0.2", "fd00::1"]);
    store.check().expect("a sound store");
}
