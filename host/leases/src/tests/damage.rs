//! Damaged stores: recognised, named, set aside, and never used.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use rusqlite::Connection;

use crate::error::Fault;
use crate::keys::{self, Kind};
use crate::runs::{self, Set};
use crate::{ClaimError, Error, Lease, Leases, Store, entries, memory, read};

use super::{
    Folder, Numbers, addresses, change, claim_one, ip, open, owner, pod, pool, remove_all,
};

/// SQLite's page size, unless it is told another.
const PAGE: usize = 4096;

fn blue() -> super::Candidate {
    pool("blue", &[("10.0.0.1", "10.0.0.200")])
}

pub(super) fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    OpenOptions::new()
        .write(true)
        .open(path)
        .expect("open")
        .write_all_at(bytes, at)
        .expect("write");
}

/// Damages a store that has one lease and opens it again: the reason must be this, the file be kept, and the
/// new store work.
#[track_caller]
fn check(damage: impl Fn(&Path), expected: &str) {
    let folder = Folder::new();
    claim_one(&folder.store(), "a", &blue());
    let file = folder.file();
    damage(&file);
    let damaged = fs::read(&file).expect("read");

    let error = Store::open_existing(folder.path()).expect_err("damaged");
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        format!("lease store {} is damaged: {expected}", file.display())
    );
    assert!(
        fs::read(&file).expect("read") == damaged,
        "looking changed the file"
    );

    let (store, set_aside) = open(folder.path());
    let set_aside = set_aside.expect("a report");
    assert_eq!(set_aside.reason, expected);
    let name = set_aside.path.file_name().and_then(|name| name.to_str());
    let name = name.expect("a name");
    assert!(name.starts_with("leases.db.corrupt-"), "{name}");
    let kept = fs::read(&set_aside.path).expect("read");
    assert!(kept == damaged, "the damaged file is evidence");
    assert_eq!(store.count().expect("count"), 0);
    assert_eq!(claim_one(&store, "a", &blue()), ip("10.0.0.1"));
    drop(store);
    let sound = folder.store().check().expect("a sound store");
    assert_eq!(sound, 1, "it is not set aside again");
}

#[test]
fn the_newest_of_what_was_damaged_are_kept() {
    let folder = Folder::new();
    let old = |second: u64| folder.path().join(format!("leases.db.corrupt-{second}-17"));
    for second in 1_700_000_000..1_700_000_012 {
        fs::write(old(second), "damaged").expect("write");
        fs::write(
            old(second).with_extension(format!("corrupt-{second}-17-journal")),
            "",
        )
        .expect("write");
    }
    claim_one(&folder.store(), "a", &blue());
    fs::write(folder.file(), "no database").expect("damage");
    let (_store, set_aside) = open(folder.path());
    assert!(set_aside.expect("a report").path.exists());
    let names: Vec<_> = fs::read_dir(folder.path())
        .expect("list")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.contains("corrupt"))
        .collect();
    let journals = names
        .iter()
        .filter(|name| name.ends_with("-journal"))
        .count();
    assert_eq!((names.len() - journals, journals), (10, 10), "{names:?}");
    assert!(
        old(1_700_000_011).exists() && !old(1_700_000_002).exists(),
        "{names:?}"
    );
}

#[test]
fn what_is_no_database() {
    check(
        |path| fs::write(path, "").expect("empty"),
        "it has only 0 bytes",
    );
    check(
        |path| overwrite(path, 0, &[0xA5; PAGE]),
        "it does not begin as an SQLite database",
    );
    // SQLite would map the log's index into memory, where a cut file kills (SIGBUS).
    check(
        |path| overwrite(path, 18, &[2, 2]),
        "its header asks for a write-ahead log",
    );
    check(
        |path| overwrite(path, 63, &[9]),
        "its header does not say which layout it has",
    );
    check(
        |path| overwrite(path, 16, &[3, 3]),
        "file is not a database",
    );
}

/// Settings that keep the file from being mapped, and some that make a call cheap.
#[test]
fn sqlite_is_built_with_our_settings() {
    let folder = Folder::new();
    let options: Vec<String> = folder
        .store()
        .connection
        .prepare("PRAGMA compile_options")
        .and_then(|mut select| select.query_map([], |row| row.get(0))?.collect())
        .expect("options");
    for setting in ["OMIT_WAL", "MAX_MMAP_SIZE=0", "DEFAULT_PCACHE_INITSZ=0"] {
        assert!(
            options.iter().any(|option| option == setting),
            "{setting} of .cargo/config.toml is missing: {options:?}"
        );
    }
}

#[test]
fn what_is_no_file() {
    let folder = Folder::new();
    fs::create_dir(folder.file()).expect("make a folder in its place");
    let (store, set_aside) = open(folder.path());
    let set_aside = set_aside.expect("a report");
    assert_eq!(set_aside.reason, "it is not a regular file");
    claim_one(&store, "a", &blue());
    drop(store);
    let elsewhere = folder.path().join("elsewhere");
    fs::rename(folder.file(), &elsewhere).expect("move it away");
    std::os::unix::fs::symlink(&elsewhere, folder.file()).expect("make a link");
    let (store, set_aside) = open(folder.path());
    assert_eq!(
        set_aside.expect("a report").reason,
        "it is not a regular file"
    );
    assert_eq!(store.count().expect("count"), 0, "the link was followed");
}

#[test]
fn a_store_of_a_later_version_stays_in_place() {
    let folder = Folder::new();
    folder
        .store()
        .connection
        .execute_batch("PRAGMA user_version=4; PRAGMA application_id=0x706c6204")
        .expect("write");
    for error in [
        Store::open(folder.path(), || Ok(Vec::new())).expect_err("another layout"),
        Store::open_existing(folder.path()).expect_err("another layout"),
    ] {
        let text = error.to_string();
        assert!(matches!(error, Error::Layout { known: 3, .. }), "{text}");
        assert!(
            text.contains("has layout 4, this version reads layout 3"),
            "{text}"
        );
    }
    assert!(folder.file().exists());
}

/// An entry with other bytes in the place of some.
fn patch(db: &Connection, key: &[u8], old: &[u8], new: &[u8]) -> Result<(), Fault> {
    let mut value = entries::get(db, key)?.expect("an entry");
    let at = value.windows(old.len()).position(|window| window == old);
    let at = at.expect("these bytes in the value");
    value.splice(at..at + old.len(), new.iter().copied());
    entries::put(db, key, &value)
}

/// What is in the table is not what was written there.
#[test]
fn a_damaged_entry_is_an_error_and_the_store_can_be_replaced() {
    let folder = Folder::new();
    let store = folder.store();
    claim_one(&store, "a", &blue());
    claim_one(&store, "b", &blue());
    let known = store.held_by(&owner("b")).expect("held");
    let lease = keys::place(Kind::Lease, "", ip("10.0.0.1"));
    let holder = keys::owner(&owner("a"));
    let other_type = |db: &Connection, value: &str| {
        let update = format!("UPDATE entries SET value={value} WHERE key=?1");
        db.execute(&update, [&lease])?;
        Ok(())
    };
    let no_lease = "a value of its leases is not what is written there";
    let no_owner = "a value of its owners is not what is written there";
    type Change<'a> = &'a dyn Fn(&Connection) -> Result<(), Fault>;
    let changes: [(Change<'_>, &str); 13] = [
        (&|db| patch(db, &lease, b"blue", b"bl\xffe"), no_lease),
        (&|db| patch(db, &lease, b"\x04blue", b"\x05blue"), no_lease),
        (&|db| patch(db, &lease, b"\x04blue", b"\xffblue"), no_lease),
        (&|db| patch(db, &lease, b"net1", b"net1\0"), no_lease),
        (&|db| entries::put(db, &lease, b""), no_lease),
        (
            &|db| patch(db, &lease, b"rail0", b"rail1"),
            "has no lease on its 10.0.0.1",
        ),
        (
            &|db| other_type(db, "7"),
            "a key or value is of type Integer and not blob",
        ),
        (
            &|db| other_type(db, "'yesterday'"),
            "a key or value is of type Text and not blob",
        ),
        (&|db| patch(db, &holder, b"\x04", b"\x05"), no_owner),
        (&|db| patch(db, &holder, &[10, 0, 0, 1], b"\x0a"), no_owner),
        (&|db| entries::put(db, &holder, b""), no_owner),
        (
            &|db| entries::delete(db, &lease),
            "has no lease on its 10.0.0.1",
        ),
        (
            &|db| Ok(db.execute_batch("DROP TABLE entries")?),
            "no such table: entries",
        ),
    ];
    for (number, (damage, expected)) in changes.into_iter().enumerate() {
        change(&store, damage);
        for error in [
            store.held_by(&owner("a")).expect_err(expected),
            store.release(&owner("a")).expect_err(expected),
            store.check().expect_err(expected),
        ] {
            assert!(matches!(error, Error::Corrupt { .. }), "{number}: {error}");
        }
        let error = store.held_by(&owner("a")).expect_err(expected);
        assert!(error.to_string().contains(expected), "{number}: {error}");
        if expected.starts_with("no such table") {
            break;
        }
        // As it was.
        Kind::ALL.iter().for_each(|kind| remove_all(&store, *kind));
        claim_one(&store, "a", &blue());
        claim_one(&store, "b", &blue());
        assert_eq!(store.check().expect("a sound store"), 2);
    }
    let (store, renewed) = store
        .replace("an entry is wrong", || Ok(known.clone()))
        .expect("replace");
    let renewed = renewed.expect("a report");
    let set_aside = renewed.set_aside.expect("the damaged one");
    assert!(
        set_aside.path.exists() && set_aside.to_string().contains("(an entry is wrong)"),
        "{set_aside}"
    );
    assert_eq!((renewed.restored, store.count().expect("count")), (1, 1));

    let foreign = Lease {
        owner: owner("c"),
        ..known[0].clone()
    };
    assert_eq!(
        store.restore(&known).expect("restore again"),
        [],
        "what is known already is no clash"
    );
    assert_eq!(
        store
            .restore(std::slice::from_ref(&foreign))
            .expect("restore"),
        [foreign]
    );
    assert_eq!(store.held_by(&owner("b")).expect("held"), known);
    assert_eq!(store.check().expect("a sound store"), 1);
}

#[test]
fn entries_that_contradict_each_other_are_found() {
    let folder = Folder::new();
    let store = folder.store();
    claim_one(&store, "a", &blue());
    let one = ip("10.0.0.1");
    let refused = |ending: &str| {
        let text = store.check().expect_err("damaged").to_string();
        assert!(text.ends_with(ending), "{text}");
    };
    remove_all(&store, Kind::Leased);
    refused("10.0.0.1 is in no run of occupied addresses (Leased)");
    let text = store.release(&owner("a")).expect_err("damaged").to_string();
    assert!(
        text.ends_with("10.0.0.1 is in no run of occupied addresses"),
        "{text}"
    );
    assert_eq!(
        store.count().expect("count"),
        1,
        "the failed release changed nothing"
    );
    // What counts as free has a lease: nobody gets it a second time.
    remove_all(&store, Kind::Reserved);
    remove_all(&store, Kind::Cursor);
    let claims = [vec![blue()]];
    let error = store
        .claim("", &owner("b"), None, &claims, false)
        .expect_err("damaged");
    assert!(
        matches!(error, ClaimError::Store(Error::Corrupt { .. })),
        "{error}"
    );
    change(&store, |db| runs::add(db, Set::Leased, "", one).map(drop));
    refused("10.0.0.1 is in no run of occupied addresses (Reserved)");
    change(&store, |db| runs::add(db, Set::Reserved, "", one).map(drop));
    assert_eq!(store.check().expect("a sound store"), 1);
    change(&store, |db| {
        let elsewhere = read::of_places(&[("elsewhere".to_owned(), one)]);
        entries::put(db, &keys::owner(&owner("a")), elsewhere.bytes())
    });
    refused("leases and owner entry of container a in rail0 differ");
    remove_all(&store, Kind::Owner);
    refused("container a has leases but no owner entry");
    remove_all(&store, Kind::Lease);
    remove_all(&store, Kind::Leased);
    let key = keys::memory(&owner("a"), &pod("a"), true, 0);
    change(&store, |db| memory::remember(db, &key, "", one));
    refused("10.0.0.1 is remembered as what it is not, leased");
}

/// A memory, its keeper and its rest name each other.
#[test]
fn a_memory_without_its_keeper_or_rest_is_found() {
    let folder = Folder::new();
    let store = folder.store();
    let claims = [vec![blue()]];
    store
        .claim("", &owner("a"), Some(&pod("w")), &claims, true)
        .expect("claim");
    store.release(&owner("a")).expect("release");
    assert_eq!(store.check().expect("a sound store"), 0);
    let one = ip("10.0.0.1");
    let keeper = keys::place(Kind::Keeper, "", one);
    let memory = keys::memory(&owner("a"), &pod("w"), true, 0);
    let other = keys::memory(&owner("a"), &pod("v"), true, 0);
    let restore = |db: &Connection| {
        entries::put(db, &keeper, &memory)?;
        entries::put(db, &keys::rest(1), &memory)
    };
    type Change<'a> = &'a dyn Fn(&Connection) -> Result<(), Fault>;
    let doubled = |db: &Connection| {
        let value = entries::get(db, &memory)?.expect("a memory");
        entries::put(db, &keys::memory(&owner("a"), &pod("a"), true, 0), &value)
    };
    let changes: [Change<'_>; 6] = [
        &|db| entries::delete(db, &keeper),
        &|db| entries::put(db, &keeper, &other),
        &|db| entries::delete(db, &keys::rest(1)),
        &|db| entries::put(db, &keys::rest(1), &other),
        &|db| entries::put(db, &keys::rest(1), &keys::owner(&owner("b"))),
        &doubled,
    ];
    for (number, damage) in changes.into_iter().enumerate() {
        change(&store, damage);
        let text = store.check().expect_err("damaged").to_string();
        assert!(
            text.ends_with("memories and their keepers and rests differ"),
            "{number}: {text}"
        );
        if number < 5 {
            change(&store, restore);
            assert_eq!(store.check().expect("a sound store"), 0, "{number}");
        }
    }
}

/// The promise: whatever lies in one page, each call ends with an answer or an error, and no address that somebody
/// holds is given to another.
#[test]
fn garbage_in_any_page_gives_no_address_twice() {
    let folder = Folder::new();
    let store = folder.store();
    let mut numbers = Numbers(0x5eed_0004);
    for container in 0..40 {
        let name = pod(&format!("worker-{container}"));
        let claims = [vec![blue()]];
        store
            .claim("", &owner(container), Some(&name), &claims, true)
            .expect("claim");
        if numbers.below(4) == 0 {
            store.release(&owner(container)).expect("release");
        }
    }
    let known = store.leases().expect("leases");
    let size: usize = store
        .read("test", |db| {
            let size = db.query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0))?;
            Ok(size.unsigned_abs() as usize * PAGE)
        })
        .expect("size");
    drop(store);
    let sound = fs::read(folder.file()).expect("read");
    assert_eq!(sound.len(), size);
    let mut set_aside = 0;
    for page in 0..size / PAGE {
        let range = page * PAGE..(page + 1) * PAGE;
        for round in 0..24 {
            let mut bytes = sound.clone();
            match round {
                0 => bytes[range.clone()].fill(0),
                1 => bytes[range.clone()].fill(0xff),
                2 => bytes.truncate(range.start + PAGE / 2),
                3 => bytes[range.clone()].copy_from_slice(&sound[..PAGE]),
                // Another page's content, which is right in itself.
                4 => {
                    let other = (page + 1) % (size / PAGE) * PAGE;
                    bytes[range.clone()].copy_from_slice(&sound[other..other + PAGE]);
                }
                5 => {
                    for byte in &mut bytes[range.clone()] {
                        *byte = numbers.below(256) as u8;
                    }
                }
                // Bits, most of them where the page says what is in it.
                _ => {
                    for _ in 0..=round % 3 {
                        let within = if round % 2 == 0 { PAGE as u64 } else { 100 };
                        let at = range.start + numbers.below(within) as usize;
                        bytes[at] ^= 1 << numbers.below(8);
                    }
                }
            }
            for journal in [false, true] {
                set_aside += usize::from(meet(&folder, &bytes, journal, &known));
            }
        }
    }
    assert!(
        set_aside > size / PAGE,
        "{set_aside} times damage was noticed"
    );
}

/// Calls on a store with this content, some of which make it again; whether it was set aside.
fn meet(folder: &Folder, bytes: &[u8], journal: bool, known: &[Lease]) -> bool {
    for entry in fs::read_dir(folder.path()).expect("list") {
        fs::remove_file(entry.expect("entry").path()).expect("remove");
    }
    fs::write(folder.file(), bytes).expect("write");
    if journal {
        let garbage: Vec<u8> = bytes.iter().rev().take(3 * PAGE).copied().collect();
        fs::write(folder.path().join("leases.db-journal"), garbage).expect("write");
    }
    let opened = Store::open(folder.path(), || Ok(known.to_vec())).expect("open");
    let (mut store, mut report) = opened;
    let mut holders: BTreeMap<_, _> = known
        .iter()
        .map(|lease| (lease.address, lease.owner.clone()))
        .collect();
    for container in 100..104 {
        let (owner, name) = (owner(container), pod(&format!("worker-{}", container - 97)));
        let attempt = |store: &Store| {
            let claims = [vec![blue()]];
            let usage = store.usage("", &blue().ranges)?;
            assert!(usage.taken <= usage.size, "{usage:?}");
            store.leases()?;
            store.owners()?;
            store.count()?;
            match store.claim("", &owner, Some(&name), &claims, true) {
                Ok(claimed) => Ok(addresses(&claimed)),
                Err(ClaimError::Store(error)) => Err(error),
                Err(error) => panic!("{error}"),
            }
        };
        let claimed = match attempt(&store) {
            Err(Error::Corrupt { reason, .. }) => {
                let known: Vec<Lease> = holders
                    .iter()
                    .map(|(address, owner)| Lease {
                        address: *address,
                        owner: owner.clone(),
                        ..known[0].clone()
                    })
                    .collect();
                let (renewed, again) = store
                    .replace(&reason, || Ok(known.clone()))
                    .expect("replace");
                (store, report) = (renewed, again.or(report));
                attempt(&store).expect("a sound store")
            }
            claimed => claimed.expect("damage is said to be damage"),
        };
        let earlier = holders.insert(claimed[0], owner.clone());
        assert_eq!(
            earlier, None,
            "{} was given to {owner:?} as well",
            claimed[0]
        );
    }
    report.is_some_and(|report| report.set_aside.is_some())
}
