//! Who gets which address, and what a refusal says.

use std::fs;

use crate::{ClaimError, Error, Leases, Owner, Pod, Store, Usage};

use super::{Folder, addresses, claim_one, ip, owner, pod, pool};

#[test]
fn a_released_address_rests_until_the_others_had_their_turn() {
    let folder = Folder::new();
    let store = folder.store();
    let blue = pool(
        "blue",
        &[("10.0.0.1", "10.0.0.2"), ("10.0.0.8", "10.0.0.8")],
    );
    assert_eq!(claim_one(&store, "a", &blue), ip("10.0.0.1"));
    store.release(&owner("a")).expect("release");
    assert_eq!(claim_one(&store, "b", &blue), ip("10.0.0.2"));
    store.release(&owner("b")).expect("release");
    assert_eq!(
        claim_one(&store, "c", &blue),
        ip("10.0.0.8"),
        "the second range follows the first"
    );
    assert_eq!(
        claim_one(&store, "d", &blue),
        ip("10.0.0.1"),
        "and after the last it begins anew"
    );
    assert_eq!(claim_one(&store, "e", &blue), ip("10.0.0.2"));
    store.release(&owner("c")).expect("release");
    assert_eq!(
        claim_one(&store, "f", &blue),
        ip("10.0.0.8"),
        "the only free one, though handed out last"
    );
}

#[test]
fn two_pools_with_a_common_part_never_give_one_address_twice() {
    let folder = Folder::new();
    let store = folder.store();
    let wide = pool("wide", &[("10.0.0.1", "10.0.0.4")]);
    let narrow = pool("narrow", &[("10.0.0.2", "10.0.0.3")]);
    assert_eq!(claim_one(&store, "a", &wide), ip("10.0.0.1"));
    assert_eq!(claim_one(&store, "b", &narrow), ip("10.0.0.2"));
    assert_eq!(claim_one(&store, "c", &wide), ip("10.0.0.3"));
    let error = store
        .claim("", &owner("d"), None, &[vec![narrow]], false)
        .expect_err("none is left");
    assert_eq!(
        error.to_string(),
        "no free address left in pool narrow (2 of 2 addresses taken): enlarge a pool or name another"
    );
}

#[test]
fn spaces_do_not_see_each_other() {
    let folder = Folder::new();
    let store = folder.store();
    let claims = [vec![pool("p", &[("10.0.0.1", "10.0.0.1")])]];
    for (container, space) in [("a", ""), ("b", "rail0"), ("c", "rail"), ("d", "rail00")] {
        let claimed = store
            .claim(space, &owner(container), None, &claims, false)
            .expect("free in each space");
        assert_eq!(addresses(&claimed), [ip("10.0.0.1")]);
    }
    let spaces: Vec<_> = store
        .leases()
        .expect("leases")
        .into_iter()
        .map(|lease| lease.space)
        .collect();
    assert_eq!(spaces, ["", "rail", "rail0", "rail00"]);
    assert_eq!(store.check().expect("a sound store"), 4);
}

#[test]
fn the_first_candidate_with_a_free_address_is_taken() {
    let folder = Folder::new();
    let store = folder.store();
    let claims = [vec![
        pool("small", &[("10.0.0.1", "10.0.0.1")]),
        pool("empty", &[]),
        pool("large", &[("10.1.0.0", "10.1.255.255")]),
    ]];
    let got = |container: &str| {
        store
            .claim("", &owner(container), None, &claims, false)
            .expect("claim")
            .remove(0)
    };
    assert_eq!((got("a").candidate, got("b").candidate), (0, 2));
    let leases = store.held_by(&owner("b")).expect("held");
    assert_eq!(
        (leases[0].pool.as_str(), leases[0].address),
        ("large", ip("10.1.0.0"))
    );
}

#[test]
fn both_families_or_none() {
    let folder = Folder::new();
    let store = folder.store();
    let v4 = pool("four", &[("10.0.0.1", "10.0.0.9")]);
    let v6 = pool("six", &[("fd00::1", "fd00::1")]);
    let claims = [vec![v4.clone()], vec![v6]];
    let first = store
        .claim("", &owner("a"), None, &claims, false)
        .expect("both are free");
    assert_eq!(addresses(&first), [ip("10.0.0.1"), ip("fd00::1")]);
    let error = store
        .claim("", &owner("b"), None, &claims, false)
        .expect_err("no IPv6 address is left");
    assert!(
        matches!(&error, ClaimError::Taken { address, .. } if *address == ip("fd00::1")),
        "{error}"
    );
    assert_eq!(store.count().expect("count"), 2);
    assert_eq!(store.held_by(&owner("b")).expect("held"), []);
    assert_eq!(
        claim_one(&store, "c", &v4),
        ip("10.0.0.2"),
        "the refused claim left nothing behind"
    );
    assert_eq!(store.check().expect("a sound store"), 3);

    let released = store.release(&owner("a")).expect("release");
    assert_eq!(
        released
            .iter()
            .map(|lease| lease.address)
            .collect::<Vec<_>>(),
        addresses(&first)
    );
    assert_eq!(store.release(&owner("a")).expect("release again"), []);
}

#[test]
fn a_refusal_names_the_holder() {
    let folder = Folder::new();
    let store = folder.store();
    let wanted = [vec![pool("requested", &[("10.0.0.5", "10.0.0.5")])]];
    store
        .claim("", &owner("4f1c"), Some(&pod("worker-0")), &wanted, false)
        .expect("free");
    let since = store.leases().expect("leases")[0].since;
    let error = store
        .claim("", &owner("77aa"), Some(&pod("other")), &wanted, true)
        .expect_err("taken");
    let text = error.to_string();
    let expected = "address 10.0.0.5 is held by pod training/worker-0 (container 4f1c, interface net1, network rail0, since 2";
    assert!(text.starts_with(expected), "{text}");
    let ClaimError::Taken { lease, .. } = error else {
        panic!("{text}")
    };
    assert_eq!(lease.since, since);
}

/// podman tells a name and no namespace.
#[test]
fn a_refusal_names_a_holder_without_namespace() {
    let folder = Folder::new();
    let store = folder.store();
    let wanted = [vec![pool("requested", &[("10.0.0.5", "10.0.0.5")])]];
    let holder = Pod {
        namespace: String::new(),
        ..pod("worker-0")
    };
    store
        .claim("", &owner("4f1c"), Some(&holder), &wanted, false)
        .expect("free");
    let error = store
        .claim("", &owner("77aa"), Some(&pod("other")), &wanted, true)
        .expect_err("taken");
    let text = error.to_string();
    let expected = "address 10.0.0.5 is held by pod worker-0 (container 4f1c, ";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn an_attachment_cannot_claim_twice() {
    let folder = Folder::new();
    let store = folder.store();
    let claims = [vec![pool("blue", &[("10.0.0.1", "10.0.0.9")])]];
    store
        .claim("", &owner("a"), None, &claims, false)
        .expect("claim");
    let error = store
        .claim("", &owner("a"), None, &claims, false)
        .expect_err("held already");
    assert_eq!(
        error.to_string(),
        "container a, interface net1 already holds 10.0.0.1 in network rail0: DEL it before ADD"
    );
    let second = Owner {
        interface_name: "net2".to_owned(),
        ..owner("a")
    };
    let claimed = store
        .claim("", &second, None, &claims, false)
        .expect("another interface");
    assert_eq!(addresses(&claimed), [ip("10.0.0.2")]);
    assert_eq!(store.owners().expect("owners"), [owner("a"), second]);
}

#[test]
fn a_peek_says_what_a_claim_gets_and_takes_nothing() {
    let folder = Folder::new();
    let store = folder.store();
    let claims = [vec![pool("blue", &[("10.0.0.1", "10.0.0.2")])]];
    let worker = pod("worker-0");
    for container in ["a", "b"] {
        let before = fs::read(folder.file()).expect("read");
        let seen = store
            .peek("", &owner(container), Some(&worker), &claims, true)
            .expect("peek");
        assert!(
            before == fs::read(folder.file()).expect("read"),
            "a peek wrote"
        );
        let got = store
            .claim("", &owner(container), Some(&worker), &claims, true)
            .expect("claim");
        assert_eq!(seen, got);
    }
    let error = store
        .peek("", &owner("c"), None, &claims, false)
        .expect_err("none is left");
    assert!(
        matches!(error, ClaimError::Exhausted { claim: 0, .. }),
        "{error}"
    );
}

#[test]
fn ranges_as_large_as_all_of_ipv6_and_at_the_ends_of_a_family() {
    let folder = Folder::new();
    let store = folder.store();
    let all = pool("all", &[("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]);
    assert_eq!(claim_one(&store, "a", &all), ip("::"));
    assert_eq!(claim_one(&store, "b", &all), ip("::1"));
    let end = pool(
        "end",
        &[(
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        )],
    );
    assert_eq!(claim_one(&store, "c", &end), end.ranges[0].0);
    assert_eq!(claim_one(&store, "d", &end), end.ranges[0].1);
    let full = |container: &str, candidate| {
        let error = store
            .claim("", &owner(container), None, &[vec![candidate]], false)
            .expect_err("full");
        assert!(
            matches!(&error, ClaimError::Exhausted { pools, .. } if pools[0].taken == 2),
            "{error}"
        );
    };
    full("e", end);
    let v4 = pool("v4", &[("255.255.255.254", "255.255.255.255")]);
    assert_eq!(claim_one(&store, "f", &v4), ip("255.255.255.254"));
    assert_eq!(claim_one(&store, "g", &v4), ip("255.255.255.255"));
    full("h", v4);
    let usage = store.usage("", &all.ranges).expect("usage");
    assert_eq!(
        usage,
        Usage {
            size: u128::MAX,
            taken: 4,
            ..Usage::default()
        }
    );
    assert_eq!(store.check().expect("a sound store"), 6);
}

#[test]
fn usage_counts_an_address_once() {
    let folder = Folder::new();
    let store = folder.store();
    let blue = pool("blue", &[("10.0.0.0", "10.0.0.255")]);
    for container in 0..10 {
        claim_one(&store, container, &blue);
    }
    store.release(&owner(4)).expect("release");
    let usage = |ranges: &[(&str, &str)]| store.usage("", &pool("", ranges).ranges).expect("usage");
    assert_eq!(
        usage(&[("10.0.0.0", "10.0.0.255")]),
        Usage {
            size: 256,
            taken: 9,
            ..Usage::default()
        }
    );
    assert_eq!(
        usage(&[("10.0.0.2", "10.0.0.6"), ("10.0.0.5", "10.0.0.8")]),
        Usage {
            size: 7,
            taken: 6,
            ..Usage::default()
        }
    );
    assert_eq!(
        usage(&[("10.0.0.9", "10.0.0.9"), ("fd00::", "fd00::f")]),
        Usage {
            size: 17,
            taken: 1,
            ..Usage::default()
        }
    );
    assert_eq!(usage(&[]), Usage::default());
}

#[test]
fn what_cannot_be_stored_is_refused_in_words() {
    let folder = Folder::new();
    let store = folder.store();
    let refused = |owner: Owner, first: &str, last: &str| {
        let claims = [vec![pool("p", &[(first, last)])]];
        store
            .claim("", &owner, None, &claims, false)
            .expect_err("refused")
            .to_string()
    };
    assert_eq!(
        refused(owner("a"), "10.0.0.9", "10.0.0.1"),
        "range 10.0.0.9-10.0.0.1: both ends must be of one family and the first not above the last"
    );
    assert!(refused(owner("a"), "10.0.0.1", "fd00::1").starts_with("range 10.0.0.1-fd00::1: "));
    let long = owner("x".repeat(256));
    assert!(
        refused(long.clone(), "10.0.0.1", "10.0.0.1")
            .ends_with("has 256 bytes: at most 255 fit into the lease store")
    );
    assert_eq!(
        store.release(&long).expect("DEL of what cannot be there"),
        []
    );
    assert!(refused(owner("a\0b"), "10.0.0.1", "10.0.0.1").contains("contains a NUL byte"));
    let none = store
        .claim("", &owner("a"), None, &[vec![]], false)
        .expect_err("no pools");
    assert_eq!(
        none.to_string(),
        "no pool offers an address: name one that matches this pod"
    );
    assert_eq!(
        store
            .claim("", &owner("a"), None, &[], true)
            .expect("nothing to claim"),
        []
    );
    assert_eq!(store.owners().expect("owners"), []);
}

#[test]
fn the_longest_names_fit() {
    let folder = Folder::new();
    let store = folder.store();
    let owner = Owner {
        network: "\u{1}".repeat(255),
        container_id: "c".repeat(255),
        interface_name: "i".repeat(15),
    };
    let pod = super::Pod {
        namespace: "s".repeat(63),
        name: "p".repeat(253),
    };
    let claims: Vec<_> = (0..32)
        .map(|_| vec![pool(&"\u{1}".repeat(4096), &[("fd00::", "fd00::ffff")])])
        .collect();
    let space = "\u{1}".repeat(255);
    let claimed = store
        .claim(&space, &owner, Some(&pod), &claims, true)
        .expect("the longest names");
    assert_eq!(claimed.len(), 32);
    assert_eq!(store.release(&owner).expect("release").len(), 32);
    assert_eq!(
        store
            .claim(&space, &owner, Some(&pod), &claims, true)
            .expect("claim"),
        claimed
    );
    assert_eq!(store.check().expect("a sound store"), 32);
    let more: Vec<_> = claims.iter().cloned().chain([claims[0].clone()]).collect();
    let error = store
        .claim("", &super::owner("z"), None, &more, false)
        .expect_err("33 addresses");
    assert!(
        matches!(
            error,
            ClaimError::Store(Error::TooMany {
                asked: 33,
                limit: 32
            })
        ),
        "{error}"
    );
}

#[test]
fn what_is_not_there_is_not_made_by_looking() {
    let folder = Folder::new();
    assert!(
        Store::open_existing(folder.path())
            .expect("no store")
            .is_none()
    );
    assert_eq!(std::fs::read_dir(folder.path()).expect("list").count(), 0);
    drop(folder.store());
    let store = Store::open_existing(folder.path())
        .expect("open")
        .expect("a store");
    assert_eq!(store.count().expect("count"), 0);
    let mut names: Vec<_> = std::fs::read_dir(folder.path())
        .expect("list")
        .map(|entry| entry.expect("entry").file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["leases.db"], "nothing else is left of making it");
    let missing =
        Store::open(&folder.path().join("none"), || Ok(Vec::new())).expect_err("no such folder");
    assert!(missing.to_string().contains("none/leases.db"), "{missing}");
}
