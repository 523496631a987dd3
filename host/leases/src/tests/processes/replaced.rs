//! Processes that meet while a damaged store is replaced.

use std::os::unix::fs::MetadataExt;
use std::time::Instant;

use super::super::super::file::{self, Lock, Mode};
use super::super::super::{Error, Store};
use super::super::Folder;
use super::super::damage::overwrite;
use super::{LONG, give_word, output, start, wait_for};

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
        let aside = |name: &&String| name.contains(".corrupt-") && !name.ends_with("-lock");
        assert_eq!(names.iter().filter(aside).count(), round, "{names:?}");
        assert!(
            !names.iter().any(|name| name.contains(".new-")),
            "{names:?}"
        );
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

#[test]
fn a_store_is_not_taken_from_under_a_process() {
    let folder = Folder::new();
    let mut child = start("hold", folder.path());
    wait_for(&mut child, "ready");
    overwrite(&folder.file(), 0, &[0; 16]);
    let error = Store::open(folder.path()).expect_err("it is in use");
    let expected = "leases.mdb: other processes still have it open after 2 s";
    assert!(error.to_string().ends_with(expected), "{error}");
    give_word(&mut child);
    output(child);
    let (_, report) = Store::open(folder.path()).expect("open");
    assert_eq!(
        report.expect("a report").reason,
        "there is no LMDB header at 0"
    );
}

#[test]
fn a_process_that_waited_while_the_store_was_replaced_uses_the_new_one() {
    let folder = Folder::new();
    drop(folder.store());
    let old = file::open(&folder.file()).expect("open").expect("a file");
    file::lock(&old, &folder.file(), Lock::Opening, Mode::Exclusive).expect("lock");
    let mut child = start("hold", folder.path());
    // In /proc/locks a line with an arrow is somebody who waits (proc_locks(5)).
    let inode = format!(":{} ", old.metadata().expect("metadata").ino());
    let begun = Instant::now();
    let waits = || {
        let locks = std::fs::read_to_string("/proc/locks").expect("read /proc/locks");
        locks
            .lines()
            .any(|line| line.contains(" -> ") && line.contains(&inode))
    };
    while !waits() {
        assert!(
            begun.elapsed() < LONG,
            "the process does not wait for the lock"
        );
        std::thread::yield_now();
    }
    std::fs::rename(folder.file(), folder.path().join("old")).expect("rename");
    drop(folder.store());
    drop(old);
    wait_for(&mut child, "ready");
    overwrite(&folder.file(), 0, &[0; 16]);
    let error = Store::open(folder.path()).expect_err("the new one is in use");
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    give_word(&mut child);
    output(child);
}
