//! Damaged stores: recognised, named, set aside, and never used.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::super::address::{Place, number};
use super::super::read::{Held, owner_key};
use super::super::{Error, Lease, Leases, SetAside, Store, tables};
use super::{Folder, claim_one, ip, owner, pool};

fn blue() -> super::Candidate {
    pool("blue", &[("10.0.0.1", "10.0.0.9")])
}

pub(super) fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    OpenOptions::new()
        .write(true)
        .open(path)
        .expect("open")
        .write_all_at(bytes, at)
        .expect("write");
}

/// What is in use of the file, and more.
pub(super) fn beginning(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    File::open(path)
        .expect("open")
        .take(1024 * 1024)
        .read_to_end(&mut bytes)
        .expect("read");
    bytes
}

/// Damages a store that has one lease and opens it again: the reason must be this, the file be kept, and the
/// new store work.
fn check(damage: impl Fn(&Path), expected: &str) {
    let folder = Folder::new();
    claim_one(&folder.store(), "a", &blue());
    let file = folder.file();
    damage(&file);
    let damaged = beginning(&file);

    let error = Store::open_existing(folder.path()).expect_err("damaged");
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        format!("lease store {} is damaged: {expected}", file.display())
    );
    assert!(beginning(&file) == damaged, "looking changed the file");

    let (store, report) = Store::open(folder.path()).expect("a new store");
    let SetAside { path, reason } = report.expect("a report");
    assert_eq!(reason, expected);
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a name");
    assert!(name.starts_with("leases.mdb.corrupt-"), "{name}");
    assert!(beginning(&path) == damaged, "the damaged file is evidence");
    assert!(
        path.with_file_name(format!("{name}-lock")).exists(),
        "its lock file goes with it"
    );
    assert_eq!(store.count().expect("count"), 0);
    assert_eq!(claim_one(&store, "a", &blue()), ip("10.0.0.1"));
    drop(store);
    assert_eq!(
        folder.store().check().expect("a sound store"),
        1,
        "it is not set aside again"
    );
}

#[test]
fn a_wrong_length() {
    let truncate = |length: u64| {
        move |path: &Path| {
            OpenOptions::new()
                .write(true)
                .open(path)
                .expect("open")
                .set_len(length)
                .expect("truncate")
        }
    };
    check(truncate(0), "it has 0 bytes instead of 268435456");
    check(truncate(8192), "it has 8192 bytes instead of 268435456");
    check(
        truncate(268_435_457),
        "it has 268435457 bytes instead of 268435456",
    );
}

#[test]
fn a_wrong_header() {
    let page = 4096;
    check(
        |path| overwrite(path, 0, &[0xA5; 4096]),
        "there is no LMDB header at 0",
    );
    check(
        |path| overwrite(path, page, &[0; 4096]),
        "there is no LMDB header at 4096",
    );
    check(
        |path| overwrite(path, 20, &2_u32.to_ne_bytes()),
        "its LMDB format is 2, not 1",
    );
    check(
        |path| overwrite(path, 40, &5_u32.to_ne_bytes()),
        "its page size is 5",
    );
    let wrong = "its header at 4096 puts the tables at page 99999999, behind the file's end";
    check(
        |path| overwrite(path, page + 128, &99_999_999_u64.to_ne_bytes()),
        wrong,
    );
    let wrong = "its header at 0 gives the size 4096 instead of 268435456";
    check(|path| overwrite(path, 32, &4096_u64.to_ne_bytes()), wrong);
}

#[test]
fn a_table_that_is_missing() {
    let remove = |path: &Path| {
        let folder = path.parent().expect("a folder");
        let (store, _) = Store::open(folder).expect("open");
        store
            .write("test", |tables, txn| {
                // SAFETY: the store is dropped after this and the handle not used again.
                unsafe { tables.kept.remove(txn)? };
                Ok(())
            })
            .expect("remove");
    };
    check(remove, "table kept is missing");
}

#[test]
fn a_store_of_another_version_stays_in_place() {
    let folder = Folder::new();
    let write = |store: &Store, layout: &[u8]| {
        store
            .write("test", |tables, txn| {
                Ok(tables.header.put(txn, b"layout", layout)?)
            })
            .expect("write");
    };
    write(&folder.store(), b"2");
    for error in [
        Store::open(folder.path()).expect_err("another layout"),
        Store::open_existing(folder.path()).expect_err("another layout"),
    ] {
        let text = error.to_string();
        assert!(matches!(error, Error::Layout { known: 1, .. }), "{text}");
        assert!(
            text.contains("has layout 2, this version reads layout 1"),
            "{text}"
        );
    }
    assert!(folder.file().exists());
}

#[test]
fn a_damaged_record_is_an_error_and_the_store_can_be_replaced() {
    let folder = Folder::new();
    let store = folder.store();
    claim_one(&store, "a", &blue());
    claim_one(&store, "b", &blue());
    let known = store.held_by(&owner("b")).expect("held");
    let place = Place::new("", ip("10.0.0.1"));
    for (value, expected) in [
        (b"{\"space\":".to_vec(), "does not decode: EOF"),
        (vec![0xFF; 300], "does not decode: expected value"),
        (Vec::new(), "does not decode: EOF"),
        (vec![b' '; 65 * 1024], "has 66560 bytes, more than 65536"),
    ] {
        store
            .write("test", |tables, txn| {
                Ok(tables.leases.put(txn, &place.key(), &value)?)
            })
            .expect("write");
        for error in [
            store.leases().expect_err("damaged"),
            store.held_by(&owner("a")).expect_err("damaged"),
            store.release(&owner("a")).expect_err("damaged"),
            store.check().expect_err("damaged"),
        ] {
            assert!(matches!(error, Error::Corrupt { .. }), "{error}");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
    let (store, report) = store
        .set_aside("a record does not decode")
        .expect("replace");
    let report = report.expect("a report");
    assert!(
        report.path.exists() && report.to_string().contains("(a record does not decode)"),
        "{report}"
    );
    assert_eq!(store.count().expect("count"), 0);

    let foreign = Lease {
        owner: owner("c"),
        ..known[0].clone()
    };
    assert_eq!(store.restore(&known).expect("restore"), []);
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
fn tables_that_contradict_each_other_are_found() {
    let folder = Folder::new();
    let store = folder.store();
    claim_one(&store, "a", &blue());
    let place = Place::new("", ip("10.0.0.1"));
    let (line, x) = (place.line(), number(place.address));
    store
        .write("test", |tables, txn| tables.taken.remove(txn, &line, x))
        .expect("write");
    let text = store.check().expect_err("damaged").to_string();
    assert!(
        text.ends_with("10.0.0.1 is in no run of leased addresses"),
        "{text}"
    );
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
    store
        .write("test", |tables, txn| tables.taken.insert(txn, &line, x))
        .expect("write");
    assert_eq!(store.check().expect("a sound store"), 1);
    let wrong = [Held::new("", ip("10.0.0.2"))];
    let key = owner_key(&owner("a"));
    store
        .write("test", |tables, txn| {
            tables::put(tables.owners, txn, &key, &wrong)
        })
        .expect("write");
    let text = store.check().expect_err("damaged").to_string();
    assert!(
        text.ends_with("leases and owner record of container a in rail0 differ"),
        "{text}"
    );
    store
        .write("test", |tables, txn| Ok(tables.owners.clear(txn)?))
        .expect("write");
    let text = store.check().expect_err("damaged").to_string();
    assert!(
        text.ends_with("container a has leases but no owner record"),
        "{text}"
    );
}

#[test]
fn the_limit_of_a_record_is_above_the_longest() {
    // The longest is an owner's with as many addresses as may be, every byte of the space escaped.
    let held = Held::new(
        &"\u{1}".repeat(160),
        ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    );
    let record = serde_json::to_vec(&vec![held; 32]).expect("JSON");
    assert!(
        tables::decode::<Vec<Held>>(b"key", &record).is_ok(),
        "{} bytes",
        record.len()
    );
}
