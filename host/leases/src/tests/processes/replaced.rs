//! Processes that meet while a damaged store is replaced.

use std::cell::RefCell;
use std::fs::{File, TryLockError};

use crate::{Error, Leases, Store};

use super::super::damage::overwrite;
use super::super::{Folder, claim_one, open, owner};
use super::{blue, give_word, output, start, wait_for};

#[test]
fn only_one_of_many_sets_a_damaged_store_aside() {
    let folder = Folder::new();
    for round in 1..=5 {
        drop(folder.store());
        overwrite(&folder.file(), 0, &[0; 4096]);
        let children: Vec<_> = (0..10).map(|_| start("open", folder.path())).collect();
        let outputs: Vec<_> = children.into_iter().map(output).collect();
        let reports = outputs
            .iter()
            .filter(|text| text.contains("set aside: true"))
            .count();
        assert_eq!(reports, 1, "{outputs:?}");
        assert_eq!(
            folder.store().check().expect("a sound store"),
            10,
            "all claims are in the new store"
        );
        let names = std::fs::read_dir(folder.path())
            .expect("list")
            .map(|entry| entry.expect("entry").file_name());
        let names: Vec<_> = names
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        let aside = |name: &&String| name.contains(".corrupt-") && !name.ends_with("-journal");
        assert_eq!(names.iter().filter(aside).count(), round, "{names:?}");
        assert!(!names.iter().any(|name| name.contains(".new")), "{names:?}");
    }
}

#[test]
fn two_that_find_the_damage_in_use_set_one_store_aside() {
    let folder = Folder::new();
    drop(folder.store());
    let mut children = [
        start("replace", folder.path()),
        start("replace", folder.path()),
    ];
    children
        .iter_mut()
        .for_each(|child| wait_for(child, "ready"));
    children.iter_mut().for_each(give_word);
    let outputs = children.map(output);
    assert_eq!(
        outputs
            .iter()
            .filter(|text| text.contains("set aside: true"))
            .count(),
        1,
        "{outputs:?}"
    );
    assert_eq!(
        folder.store().check().expect("a sound store"),
        2,
        "both claimed in the new one"
    );
}

/// What the process has claimed need not be in the journal yet.
#[test]
fn a_store_is_not_taken_from_under_a_process() {
    let folder = Folder::new();
    let mut child = start("hold", folder.path());
    wait_for(&mut child, "ready");
    overwrite(&folder.file(), 0, &[0; 16]);
    let error = Store::open(folder.path(), || Ok(Vec::new())).expect_err("it is in use");
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    let expected = "leases.db: other plumb calls have kept it in use for 4 s: try again, and look for one that hangs (ps -C plumb)";
    assert!(error.to_string().ends_with(expected), "{error}");
    assert!(folder.file().exists(), "it was put away all the same");
    give_word(&mut child);
    output(child);
    let (_, set_aside) = open(folder.path());
    assert_eq!(
        set_aside.expect("a report").reason,
        "it does not begin as an SQLite database"
    );
}

/// Nobody claims from the new store before all leases that are known are in it.
#[test]
fn a_process_that_comes_while_the_store_is_replaced_waits_for_the_new_one() {
    let folder = Folder::new();
    let store = folder.store();
    claim_one(&store, "old", &blue());
    let known = store.leases().expect("leases");
    drop(store);
    overwrite(&folder.file(), 0, &[0; 16]);
    let other = RefCell::new(None);
    let opened = Store::open(folder.path(), || {
        *other.borrow_mut() = Some(start("open", folder.path()));
        let folder = File::open(folder.path()).expect("open the folder");
        let lock = folder.try_lock_shared();
        assert!(matches!(lock, Err(TryLockError::WouldBlock)), "{lock:?}");
        Ok(known.clone())
    });
    let (store, renewed) = opened.expect("open");
    assert_eq!(renewed.expect("a report").restored, 1);
    assert_eq!(store.held_by(&owner("old")).expect("held"), known);
    output(other.take().expect("a second process"));
    assert_eq!(store.check().expect("a sound store"), 2);
}
