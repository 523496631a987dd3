//! Searches in a page that is whole to SQLite and has lost or mixed up entries.
//!
//! Few leases are all in one page: whose run is lost, has lost its lease as well. That is noticed by the markers.

use std::fs;

use crate::keys::Kind;
use crate::{Candidate, ClaimError, Error, Leases, Store};

use super::{Folder, addresses, change, claim_one, ip, owner, pod, pool};

/// SQLite's page size, unless it is told another.
const PAGE: usize = 4096;

fn blue() -> super::Candidate {
    pool("blue", &[("10.0.0.1", "10.0.0.9")])
}

/// A store all of whose entries are in the second page: a lease, and an address that rests.
fn small(folder: &Folder) -> Vec<u8> {
    let store = folder.store();
    claim_one(&store, "a", &blue());
    let claims = [vec![blue()]];
    store
        .claim("", &owner("b"), Some(&pod("b")), &claims, true)
        .expect("claim");
    store.release(&owner("b")).expect("release");
    assert_eq!(store.check().expect("a sound store"), 1);
    drop(store);
    let bytes = fs::read(folder.file()).expect("read");
    assert_eq!(bytes.len(), 2 * PAGE);
    assert_eq!(bytes[PAGE], 10, "it is no leaf");
    bytes
}

/// Where the places of entries are in a page, behind their number ("Database File Format", "B-tree Pages").
fn pointers(bytes: &[u8]) -> Vec<[u8; 2]> {
    let count = u16::from_be_bytes([bytes[PAGE + 3], bytes[PAGE + 4]]);
    let (pointers, _) = bytes[PAGE + 8..].as_chunks::<2>();
    pointers[..usize::from(count)].to_vec()
}

/// Whether a claim meets the damage; it must not get 10.0.0.1 in any case.
#[track_caller]
fn is_noticed(folder: &Folder, bytes: &[u8], what: &str) -> bool {
    fs::write(folder.file(), bytes).expect("write");
    let store = match Store::open_existing(folder.path()) {
        Ok(store) => store.expect("a store"),
        Err(Error::Corrupt { .. }) => return true,
        Err(error) => panic!("{what}: {error}"),
    };
    // One that offers no other address, and one that begins with it because its cursor is another.
    let mut noticed = false;
    for pool in [
        pool("one", &[("10.0.0.1", "10.0.0.1")]),
        pool("two", &[("10.0.0.1", "10.0.0.2")]),
    ] {
        let claims = [vec![pool]];
        match store.claim("", &owner("other"), None, &claims, false) {
            Ok(claimed) => {
                assert_ne!(addresses(&claimed), [ip("10.0.0.1")], "{what}: given twice");
                noticed |= store.release(&owner("other")).is_err();
            }
            Err(ClaimError::Store(Error::Corrupt { .. })) => noticed = true,
            Err(ClaimError::Taken { .. } | ClaimError::Exhausted { .. }) => {}
            Err(error) => panic!("{what}: {error}"),
        }
    }
    noticed
}

#[test]
fn a_page_that_lost_its_last_entries_gives_no_address_twice() {
    let folder = Folder::new();
    let sound = small(&folder);
    assert!(!is_noticed(&folder, &sound, "as it was"));
    let count = pointers(&sound).len();
    let mut noticed = 0;
    for left in 0..count {
        let mut bytes = sound.clone();
        bytes[PAGE + 4] = left as u8;
        noticed += usize::from(is_noticed(
            &folder,
            &bytes,
            &format!("{left} of {count} left"),
        ));
    }
    assert!(noticed > count / 2, "{noticed} of {count} were noticed");
}

#[test]
fn an_entry_in_the_place_of_another_gives_no_address_twice() {
    let folder = Folder::new();
    let sound = small(&folder);
    let pointers = pointers(&sound);
    let mut noticed = 0;
    for at in 0..pointers.len() {
        for (other, pointer) in pointers.iter().enumerate() {
            let mut bytes = sound.clone();
            let place = PAGE + 8 + 2 * at;
            bytes[place..place + 2].copy_from_slice(pointer);
            let what = format!("entry {other} in the place of {at}");
            let is_noticed = is_noticed(&folder, &bytes, &what);
            assert!(!is_noticed || at != other, "{what}");
            noticed += usize::from(is_noticed);
        }
    }
    assert!(noticed > pointers.len(), "{noticed} were noticed");
}

/// Any one bit of what this node holds: the addresses beside it are other nodes'.
#[test]
fn a_flipped_bit_gives_out_nothing_that_is_not_held() {
    let folder = Folder::new();
    let store = folder.store();
    let held = [(ip("10.0.0.8"), ip("10.0.0.8"))];
    store.hold("rail0", &held, &[]).expect("hold");
    drop(store);
    let sound = fs::read(folder.file()).expect("read");
    let all = Candidate {
        shared: true,
        ..pool("all", &[("0.0.0.0", "255.255.255.255")])
    };
    let (mut noticed, mut got) = (0, 0);
    for (at, bit) in (PAGE..2 * PAGE).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << bit;
        fs::write(folder.file(), bytes).expect("write");
        let Ok(Some(store)) = Store::open_existing(folder.path()) else {
            continue;
        };
        for space in ["rail0", "rail1", "rail"] {
            let claims = [vec![all.clone()]];
            match store.peek(space, &owner("a"), None, &claims, false) {
                Ok(claimed) => {
                    let is_held = space == "rail0" && claimed[0].address == ip("10.0.0.8");
                    assert!(
                        is_held,
                        "bit {bit} of byte {}: {space} {claimed:?}",
                        at - PAGE
                    );
                    got += 1;
                }
                Err(ClaimError::Store(Error::Corrupt { .. })) => noticed += 1,
                Err(ClaimError::NotHeld { .. }) => {}
                Err(error) => panic!("bit {bit} of byte {}: {error}", at - PAGE),
            }
        }
    }
    assert!(
        noticed > 300 && got > 1000,
        "{noticed} noticed, {got} sound"
    );
}

/// Any one bit of the page.
#[test]
fn a_flipped_bit_gives_no_address_twice() {
    let folder = Folder::new();
    let sound = small(&folder);
    // What is between the places of entries and the entries is not read.
    let lowest = pointers(&sound)
        .iter()
        .map(|at| u16::from_be_bytes(*at))
        .min();
    let lowest = PAGE + usize::from(lowest.expect("entries"));
    let read = (PAGE..PAGE + 8 + 2 * pointers(&sound).len()).chain(lowest..2 * PAGE);
    let mut noticed = 0;
    for (at, bit) in read.flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << bit;
        let what = format!("bit {bit} of byte {}", at - PAGE);
        noticed += u32::from(is_noticed(&folder, &bytes, &what));
    }
    assert!(noticed > 1000, "{noticed} were noticed");
}

#[test]
fn a_kind_without_its_marker_is_found() {
    for kind in Kind::ALL {
        let folder = Folder::new();
        small(&folder);
        let store = folder.store();
        change(&store, |db| {
            db.execute("DELETE FROM entries WHERE key=?1", [kind.marker()])?;
            Ok(())
        });
        let text = store.check().expect_err("damaged").to_string();
        assert!(
            text.contains("its entries are out of order at "),
            "{kind:?}: {text}"
        );
    }
}
