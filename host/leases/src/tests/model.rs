//! The runs of occupied addresses, and the whole store, against a plain set.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::address::next;
use crate::runs::{self, Set};
use crate::{ClaimError, Leases, entries};

use super::{Folder, Numbers, owner, pod, pool};

#[test]
fn runs_are_those_of_a_plain_set() {
    let folder = Folder::new();
    let store = folder.store();
    let at = |number: u64| -> IpAddr {
        let [high, low] = u16::try_from(number).expect("a small number").to_be_bytes();
        [10, 0, high, low].into()
    };
    let mut numbers = Numbers(0x5eed_0001);
    let mut model = BTreeSet::new();
    store
        .write("test", |db| {
            // Neighbours in another space and in another set must never be merged with.
            for x in 64..128 {
                runs::add(db, Set::Leased, "a", at(x))?;
                runs::add(db, Set::Reserved, "", at(x))?;
            }
            for step in 0..6000 {
                let x = at(numbers.below(64));
                if model.remove(&x) {
                    runs::remove(db, Set::Leased, "", x)?;
                } else {
                    model.insert(x);
                    assert!(runs::add(db, Set::Leased, "", x)?, "step {step}");
                    assert!(!runs::add(db, Set::Leased, "", x)?, "step {step}");
                }
                let first = numbers.below(64);
                let free = (first..64).map(at).find(|x| !model.contains(x));
                let found = runs::first_free(db, Set::Leased, "", (at(first), at(63)))?;
                assert_eq!(found, free, "step {step}");
                let mut stored = Vec::new();
                entries::all(db, Set::Leased.kind(), |key, value| {
                    let (space, run) = runs::run(key, value)?;
                    stored.extend(space.is_empty().then_some(run));
                    Ok(())
                })?;
                assert_eq!(stored, maximal(&model), "step {step}");
                let counted = runs::count(db, Set::Leased, "", (at(first), at(63)))?;
                let expected = model.range(at(first)..).count();
                assert_eq!(counted, expected as u128, "step {step}");
            }
            let all = (at(0), at(1023));
            assert_eq!(runs::count(db, Set::Leased, "a", all)?, 64);
            assert_eq!(runs::count(db, Set::Reserved, "", all)?, 64);
            Ok(())
        })
        .expect("transaction");
}

/// Maximal runs, the slow way.
pub(super) fn maximal(set: &BTreeSet<IpAddr>) -> Vec<(IpAddr, IpAddr)> {
    let mut runs: Vec<(IpAddr, IpAddr)> = Vec::new();
    for x in set {
        match runs.last_mut() {
            Some((_, end)) if next(*end) == Some(*x) => *end = *x,
            _ => runs.push((*x, *x)),
        }
    }
    runs
}

#[test]
fn thousands_of_claims_and_releases_leave_what_a_plain_map_has() {
    let folder = Folder::new();
    let store = folder.store();
    let four = pool(
        "four",
        &[("10.0.0.0", "10.0.0.20"), ("10.0.0.30", "10.0.0.60")],
    );
    let six = pool("six", &[("fd00::fff0", "fd00::1:f")]);
    let offered = 21 + 31;
    let mut numbers = Numbers(0x5eed_0002);
    let mut model: BTreeMap<u64, Vec<IpAddr>> = BTreeMap::new();
    let mut refused = 0;
    for step in 0..4000 {
        let container = numbers.below(140);
        if let Some(held) = model.remove(&container) {
            let released = store.release(&owner(container)).expect("release");
            assert_eq!(
                released
                    .iter()
                    .map(|lease| lease.address)
                    .collect::<Vec<_>>(),
                held,
                "step {step}"
            );
        } else {
            let dual = numbers.below(4) == 0;
            let claims = if dual {
                vec![vec![four.clone()], vec![six.clone()]]
            } else {
                vec![vec![four.clone()]]
            };
            let name = pod(&format!("worker-{}", numbers.below(30)));
            let keep = numbers.below(2) == 0;
            let before: BTreeSet<IpAddr> = model.values().flatten().copied().collect();
            match store.claim("", &owner(container), Some(&name), &claims, keep) {
                Ok(claimed) => {
                    let addresses = super::addresses(&claimed);
                    for (address, claim) in addresses.iter().zip(&claims) {
                        assert!(!before.contains(address), "step {step}: {address} twice");
                        let inside = claim[0]
                            .ranges
                            .iter()
                            .any(|(first, last)| first <= address && address <= last);
                        assert!(inside, "step {step}: {address} is in no range");
                    }
                    model.insert(container, addresses);
                }
                Err(ClaimError::Exhausted { claim, .. }) => {
                    refused += 1;
                    let (v4, most) = if claim == 0 {
                        (true, offered)
                    } else {
                        (false, 32)
                    };
                    let taken = before
                        .iter()
                        .filter(|address| address.is_ipv4() == v4)
                        .count();
                    assert_eq!(taken, most, "step {step}: refused though not full");
                }
                Err(error) => panic!("step {step}: {error}"),
            }
        }
        if step % 100 == 0 {
            store.check().expect("a sound store");
        }
    }
    assert!(refused > 10, "the pool was never full ({refused} refusals)");
    let expected: BTreeSet<IpAddr> = model.values().flatten().copied().collect();
    let leases: Vec<IpAddr> = store
        .leases()
        .expect("leases")
        .into_iter()
        .map(|lease| lease.address)
        .collect();
    assert_eq!(leases, expected.into_iter().collect::<Vec<_>>());
    assert_eq!(store.check().expect("a sound store"), leases.len() as u64);
}
