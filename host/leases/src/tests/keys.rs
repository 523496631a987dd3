//! The order of keys, and that nothing crosses from one space, family or kind into another.

use std::net::IpAddr;

use crate::keys::{Kind, cursor, memory, owner, place, read_owner, read_place, read_rest, rest};
use crate::runs::{self, Set};
use crate::{Lease, Leases, Owner};

use super::{Folder, ip, pod};

/// In their order; some are the beginning of others, and one is the longest.
fn names() -> Vec<String> {
    let long = "a".repeat(255);
    [
        "",
        "\u{1}",
        "a",
        "a\u{1}",
        "a\u{4}",
        "aa",
        &long,
        "ab",
        "\u{ff}",
        "\u{10ffff}",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// In their order; the ends of both families, and numbers that they share.
fn some_addresses() -> [IpAddr; 6] {
    [
        "0.0.0.0",
        "10.0.0.1",
        "255.255.255.255",
        "::",
        "::a00:1",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ]
    .map(ip)
}

#[test]
fn keys_are_in_the_order_of_what_they_say() {
    let mut keys = Vec::new();
    for kind in Kind::ALL {
        keys.push(kind.marker().to_vec());
        match kind {
            Kind::Owner => {
                for network in names() {
                    for container_id in names() {
                        for interface_name in ["", "e", "eth0", "net1"] {
                            let owner_of = Owner {
                                network: network.clone(),
                                container_id: container_id.clone(),
                                interface_name: interface_name.to_owned(),
                            };
                            let key = owner(&owner_of);
                            assert_eq!(read_owner(&key), Some(owner_of));
                            keys.push(key);
                        }
                    }
                }
            }
            Kind::Rest => {
                for number in [0, 1, 255, 256, u64::MAX] {
                    assert_eq!(read_rest(&rest(number)), Some(number));
                    keys.push(rest(number));
                }
            }
            Kind::Memory => {
                for network in names() {
                    let owner = Owner {
                        network,
                        ..super::owner("c")
                    };
                    for (v4, ordinal) in [(true, 0), (true, 31), (false, 0)] {
                        keys.push(memory(&owner, &pod("w"), v4, ordinal));
                    }
                }
            }
            Kind::Cursor => {
                for space in names() {
                    for first in some_addresses() {
                        keys.extend(some_addresses().map(|last| cursor(&space, first, last)));
                    }
                }
            }
            Kind::Held | Kind::Keeper | Kind::Lease | Kind::Leased | Kind::Reserved => {
                for space in names() {
                    for address in some_addresses() {
                        let key = place(kind, &space, address);
                        assert_eq!(read_place(&key), Some((space.clone(), address)));
                        keys.push(key);
                    }
                }
            }
        }
    }
    for pair in keys.windows(2) {
        assert!(
            pair[0] < pair[1],
            "{} is not before {}",
            pair[0].escape_ascii(),
            pair[1].escape_ascii()
        );
    }
}

#[test]
fn what_is_no_key_does_not_decode() {
    let sound = place(Kind::Lease, "space", ip("10.0.0.1"));
    for end in 0..sound.len() {
        assert_eq!(read_place(&sound[..end]), None, "the first {end} bytes");
    }
    for bytes in [&b"l\xff\0"[..], b"l", b"lspace", b"la\0b\0"] {
        let key = [bytes, &crate::address::to_bytes(ip("10.0.0.1"))].concat();
        assert_eq!(read_place(&key), None, "{}", key.escape_ascii());
    }
    for bytes in [
        &b"o"[..],
        b"oa\0b\0",
        b"oa\0b\0c",
        b"oa\0b\0c\0d\0",
        b"oa\0b\0\xff\0",
    ] {
        assert_eq!(read_owner(bytes), None, "{}", bytes.escape_ascii());
    }
    for bytes in [&b"t"[..], b"t1234567", b"t123456789"] {
        assert_eq!(read_rest(bytes), None, "{}", bytes.escape_ascii());
    }
}

/// Each space, family and set by itself, while all others are full to their ends.
#[test]
fn runs_do_not_see_those_of_other_spaces_families_and_sets() {
    let folder = Folder::new();
    let store = folder.store();
    let families = [
        (ip("0.0.0.0"), ip("255.255.255.255")),
        (ip("::"), ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")),
    ];
    store
        .write("test", |db| {
            let sets = [Set::Leased, Set::Reserved, Set::Held];
            let mut occupied = 0;
            for space in names() {
                for set in sets {
                    for (first, last) in families {
                        assert_eq!(runs::count(db, set, &space, (first, last))?, 0, "{space:?}");
                        assert!(!runs::has(db, set, &space, first)?, "{space:?} {first}");
                        for edge in [first, last] {
                            let free = runs::first_free(db, set, &space, (edge, last))?;
                            assert_eq!(free, Some(edge), "{space:?}");
                            assert!(runs::add(db, set, &space, edge)?, "{space:?} {edge}");
                            assert!(!runs::add(db, set, &space, edge)?, "{space:?} {edge}");
                            occupied += 1;
                        }
                        assert_eq!(runs::first_free(db, set, &space, (last, last))?, None);
                    }
                }
            }
            let mut counted = 0;
            for space in names() {
                for (set, range) in sets
                    .iter()
                    .flat_map(|set| families.map(|range| (*set, range)))
                {
                    counted += runs::count(db, set, &space, range)?;
                    runs::remove(db, set, &space, range.0)?;
                    assert_eq!(runs::count(db, set, &space, range)?, 1, "{space:?}");
                }
            }
            assert_eq!(counted, occupied);
            Ok(())
        })
        .expect("transaction");
}

/// Owners whose names are those of another when they are put together.
#[test]
fn owners_do_not_see_what_others_hold() {
    let folder = Folder::new();
    let store = folder.store();
    let owners = [
        ("a", "bc", "d"),
        ("ab", "c", "d"),
        ("a", "b", "cd"),
        ("", "abc", "d"),
        ("abcd", "", ""),
    ];
    let leases = (1..)
        .zip(owners)
        .map(|(number, (network, container, interface))| Lease {
            space: network.to_owned(),
            address: [10, 0, 0, number].into(),
            pool: "blue".to_owned(),
            owner: Owner {
                network: network.to_owned(),
                container_id: container.to_owned(),
                interface_name: interface.to_owned(),
            },
            pod: None,
            since: 1,
        });
    let leases: Vec<Lease> = leases.collect();
    assert_eq!(store.restore(&leases).expect("restore"), []);
    for lease in &leases {
        let held = store.held_by(&lease.owner).expect("held");
        assert_eq!(held, std::slice::from_ref(lease));
    }
    for (number, lease) in leases.iter().enumerate() {
        let released = store.release(&lease.owner).expect("release");
        assert_eq!(released, std::slice::from_ref(lease));
        assert_eq!(
            store.check().expect("a sound store"),
            (leases.len() - number - 1) as u64
        );
    }
}
