//! The runs of occupied addresses, and the whole store, against a plain set.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::super::address::{Line, number};
use super::super::{ClaimError, Leases};
use super::{Folder, Numbers, ip, owner, pod, pool};

#[test]
fn runs_are_those_of_a_plain_set() {
    let folder = Folder::new();
    let store = folder.store();
    let first = ip("10.0.0.0");
    let (line, base) = (Line::new("", first), number(first));
    // A neighbour on another line must never be merged with.
    let other = Line::new("a", first);
    let mut numbers = Numbers(0x5eed_0001);
    let mut model = BTreeSet::new();
    store
        .write("test", |tables, txn| {
            let extents = tables.taken;
            for x in 0..64 {
                extents.insert(txn, &other, base + 64 + x)?;
            }
            for step in 0..6000 {
                let x = base + u128::from(numbers.below(64));
                if model.remove(&x) {
                    extents.remove(txn, &line, x)?;
                } else {
                    model.insert(x);
                    extents.insert(txn, &line, x)?;
                }
                let runs = runs(&model);
                let from = base + u128::from(numbers.below(64));
                let free = (from..base + 64).find(|x| !model.contains(x));
                assert_eq!(
                    extents.first_free(txn, &line, from, base + 63)?,
                    free,
                    "step {step}"
                );
                let mut stored = Vec::new();
                for entry in extents.0.iter(txn)? {
                    let (key, value) = entry?;
                    if line.number(key).is_some() {
                        stored.push(super::super::extents::run(&line, key, value)?);
                    }
                }
                assert_eq!(stored, runs, "step {step}");
                let counted = extents.count(txn, &line, from, base + 63)?;
                assert_eq!(counted, model.range(from..).count() as u128, "step {step}");
            }
            assert_eq!(extents.count(txn, &other, 0, u128::from(u32::MAX))?, 64);
            Ok(())
        })
        .expect("transaction");
}

/// Maximal runs, the slow way.
fn runs(set: &BTreeSet<u128>) -> Vec<(u128, u128)> {
    let starts = set.iter().filter(|x| !set.contains(&(**x - 1)));
    starts
        .map(|start| {
            (
                *start,
                (*start..)
                    .find(|x| !set.contains(&(x + 1)))
                    .unwrap_or(*start),
            )
        })
        .collect()
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
