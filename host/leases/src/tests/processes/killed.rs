//! Processes that are killed.

use std::time::Duration;

use crate::Leases;

use super::super::{Folder, Numbers, claim_one, open};
use super::{blue, in_time, kill, output, start, wait_for};

#[test]
fn a_process_killed_inside_a_transaction_neither_blocks_nor_leaves_anything() {
    let folder = Folder::new();
    for round in 0..5 {
        kill_inside(&folder, "write");
        let journal = std::fs::metadata(folder.path().join("leases.db-journal"));
        assert!(
            journal.expect("a journal").len() > 0,
            "there is nothing to go back from"
        );
        let path = folder.path().to_owned();
        in_time(move || {
            assert_eq!(output(start("claim", &path)).matches("claimed").count(), 4);
        });
        assert_eq!(
            folder.store().check().expect("a sound store"),
            4 * (round + 1)
        );
    }
}

/// The store stays open in one process while another is killed inside.
#[test]
fn a_process_killed_inside_does_not_block_those_that_have_the_store_open() {
    let folder = Folder::new();
    let store = folder.store();
    for round in 0..5 {
        kill_inside(&folder, "write");
        claim_one(&store, round, &blue());
        assert_eq!(store.check().expect("a sound store"), round + 1);
    }
}

fn kill_inside(folder: &Folder, task: &str) {
    let mut child = start(task, folder.path());
    wait_for(&mut child, "inside");
    kill(child);
}

#[test]
fn processes_killed_anywhere_leave_a_sound_store() {
    let folder = Folder::new();
    let mut numbers = Numbers(0x5eed_0003);
    for round in 0..12 {
        // Several at once: the killed meets others that open, write or wait at that moment.
        let mut children: Vec<_> = (0..4).map(|_| start("churn", folder.path())).collect();
        for child in &mut children {
            wait_for(child, "begins");
        }
        // When the blow falls is what this is about, not what is waited for.
        let moment = Duration::from_micros(numbers.below(20_000));
        std::thread::sleep(moment);
        children.into_iter().for_each(kill);
        let path = folder.path().to_owned();
        in_time(move || {
            let (store, set_aside) = open(&path);
            assert_eq!(
                set_aside, None,
                "round {round}: after {moment:?} the store is damaged"
            );
            store
                .check()
                .unwrap_or_else(|error| panic!("round {round}: after {moment:?}: {error}"));
        });
    }
    assert!(
        folder.store().count().expect("count") > 0,
        "the processes were killed before they did anything"
    );
}
