//! Calls of the store, and what the model says to each.

use std::net::IpAddr;
use std::path::Path;

use plumb::leases::{Candidate, ClaimError, Lease, Leases, Owner, Pod, Store};

use super::model::{Model, Refusal, Request};

/// First and last address of the ranges that pools are made of: neighbours, such that overlap,
/// and both ends of each family.
const RANGES: [(&str, &str); 10] = [
    ("10.0.0.0", "10.0.0.3"),
    ("10.0.0.4", "10.0.0.7"),
    ("10.0.0.2", "10.0.0.5"),
    ("10.0.0.6", "10.0.0.6"),
    ("0.0.0.0", "0.0.0.1"),
    ("255.255.255.252", "255.255.255.255"),
    ("fd00::fffe", "fd00::1:2"),
    ("::", "::2"),
    (
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffd",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ),
    ("fd00::7", "fd00::7"),
];

/// Runs calls of four bytes each: what, who, of which ranges, how.
///
/// | what | call |
/// |---|---|
/// | `c`, `p` | claim, peek |
/// | `r` | release |
/// | `g` | GC: release all owners but those whose number divides by `how` |
/// | `u` | usage |
/// | `t` | take up a lease that a record proves |
/// | `o` | close the store and open it again |
///
/// # Panics
///
/// When the store and the model differ.
pub fn run(folder: &Path, data: &[u8]) {
    let mut store = open(folder);
    let mut model = Model::default();
    let (calls, _) = data.as_chunks::<4>();
    for [what, who, which, how] in calls {
        match what {
            b'c' => claim(&store, &mut model, &request(*who, *which, *how)),
            b'p' => peek(&store, &model, &request(*who, *which, *how)),
            b'r' => release(&store, &mut model, &owner(*who)),
            b'g' => collect(&store, &mut model, *how),
            b'u' => usage(&store, &model, space(*how), *which),
            b't' => restore(&store, &mut model, *who, *which, *how),
            b'o' => {
                drop(store);
                store = open(folder);
            }
            _ => continue,
        }
        compare(&store, &model);
    }
    assert_eq!(
        store.check().expect("a sound store"),
        model.leases.len() as u64
    );
}

fn open(folder: &Path) -> Store {
    let (store, renewed) = Store::open(folder, || Ok(Vec::new())).expect("open the store");
    assert_eq!(renewed.and_then(|renewed| renewed.set_aside), None);
    store
}

fn claim(store: &Store, model: &mut Model, request: &Request) {
    let claimed = store.claim(
        &request.space,
        &request.owner,
        request.pod.as_ref(),
        &request.claims,
        request.keep,
    );
    assert_eq!(in_short(claimed), model.claim(request), "{request:?}");
}

fn peek(store: &Store, model: &Model, request: &Request) {
    let seen = store.peek(
        &request.space,
        &request.owner,
        request.pod.as_ref(),
        &request.claims,
        request.keep,
    );
    assert_eq!(in_short(seen), model.clone().claim(request), "{request:?}");
}

fn in_short<T>(answer: Result<T, ClaimError>) -> Result<T, Refusal> {
    answer.map_err(|error| match error {
        ClaimError::OwnerHasLeases { addresses, .. } => Refusal::OwnerHasLeases(addresses),
        ClaimError::Exhausted { claim, .. } => Refusal::Exhausted(claim),
        ClaimError::Taken { address, lease } => Refusal::Taken(address, lease.owner),
        error => panic!("{error}"),
    })
}

fn release(store: &Store, model: &mut Model, owner: &Owner) {
    let released = store.release(owner).expect("release");
    let places: Vec<_> = released.iter().map(place).collect();
    assert_eq!(places, model.release(owner), "{owner:?}");
}

fn collect(store: &Store, model: &mut Model, how: u8) {
    for (number, owner) in store.owners().expect("owners").iter().enumerate() {
        if !number.is_multiple_of(usize::from(how % 4) + 1) {
            release(store, model, owner);
        }
    }
}

fn usage(store: &Store, model: &Model, space: &str, which: u8) {
    let mut all = ranges(which);
    all.extend(ranges(which.rotate_left(3)));
    let usage = store.usage(space, &all).expect("usage");
    assert_eq!((usage.size, usage.taken), model.usage(space, &all));
}

fn restore(store: &Store, model: &mut Model, who: u8, which: u8, how: u8) {
    let (first, _) = ranges(which)[0];
    let lease = Lease {
        space: space(how).to_owned(),
        address: first,
        pool: "p".to_owned(),
        owner: owner(who),
        pod: pod(how),
        since: 1,
    };
    let refused = store
        .restore(std::slice::from_ref(&lease))
        .expect("restore");
    assert_eq!(refused.is_empty(), model.restore(&lease), "{lease:?}");
}

/// Everything that can be read is what the model has.
fn compare(store: &Store, model: &Model) {
    let leases = store.leases().expect("leases");
    let places: Vec<_> = leases.iter().map(place).collect();
    assert!(places.iter().eq(model.leases.keys()), "{places:?}");
    for (lease, expected) in leases.iter().zip(model.leases.values()) {
        assert_eq!((&lease.owner, &lease.pod), (&expected.owner, &expected.pod));
    }
    assert_eq!(store.count().expect("count"), model.leases.len() as u64);
    let owners = store.owners().expect("owners");
    assert!(owners.iter().eq(model.held.keys()), "{owners:?}");
    for (owner, held) in &model.held {
        let leases = store.held_by(owner).expect("held by");
        assert!(leases.iter().map(place).eq(held.iter().cloned()));
    }
}

fn place(lease: &Lease) -> (String, IpAddr) {
    (lease.space.clone(), lease.address)
}

/// Sixteen owners, of two networks and two interfaces.
fn owner(who: u8) -> Owner {
    Owner {
        network: format!("rail{}", who & 1),
        container_id: format!("pod-{}", who >> 2 & 3),
        interface_name: format!("net{}", who >> 1 & 1),
    }
}

fn space(how: u8) -> &'static str {
    if how & 1 == 0 { "" } else { "rail1" }
}

/// No pod, or one of three names.
fn pod(how: u8) -> Option<Pod> {
    let number = how >> 1 & 3;
    (number > 0).then(|| Pod {
        namespace: "training".to_owned(),
        name: format!("worker-{number}"),
    })
}

/// One range, or two with a third that may be none of theirs.
fn ranges(which: u8) -> Vec<(IpAddr, IpAddr)> {
    let range = |number: u8| {
        let (first, last) = RANGES[usize::from(number) % RANGES.len()];
        let ip = |text: &str| text.parse().expect("an address");
        (ip(first), ip(last))
    };
    match which >> 6 {
        0 | 1 => vec![range(which & 15)],
        2 => vec![range(which & 15), range(which >> 2 & 15)],
        _ => vec![range(which & 15), range(which >> 2 & 15), range(which >> 3)],
    }
}

/// One to three addresses, each with one or two candidates.
fn request(who: u8, which: u8, how: u8) -> Request {
    let candidate = |which: u8| Candidate {
        pool: format!("p{which}"),
        ranges: ranges(which),
        shared: false,
    };
    let claims = (0..=(how >> 5 & 3).min(2)).map(|claim| {
        let which = which.wrapping_add(claim.wrapping_mul(7));
        match how >> 4 & 1 {
            0 => vec![candidate(which)],
            _ => vec![candidate(which), candidate(which.rotate_left(4))],
        }
    });
    Request {
        space: space(how).to_owned(),
        owner: owner(who),
        pod: pod(how),
        claims: claims.collect(),
        keep: how & 8 != 0,
    }
}
