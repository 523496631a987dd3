//! Processes that are killed.

use std::sync::Arc;
use std::time::Duration;

use super::super::super::{Leases, Store};
use super::super::{Folder, Numbers, claim_one};
use super::{blue, in_time, kill, output, start, wait_for};

#[test]
fn a_process_killed_inside_a_transaction_neither_blocks_nor_leaves_anything() {
    let folder = Folder::new();
    // Open all the time, so that nobody finds itself alone and sets LMDB's locks up anew.
    let store = Arc::new(folder.store());
    for round in 0..5 {
        kill_inside(&folder, "write");
        let (claiming, path) = (Arc::clone(&store), folder.path().to_owned());
        in_time(move || {
            claim_one(&claiming, round, &blue());
            assert_eq!(output(start("claim", &path)).matches("claimed").count(), 4);
        });
        assert_eq!(store.check().expect("a sound store"), 5 * (round + 1));
    }
    drop(store);
    // The killed was alone: the next one finds its lock file.
    kill_inside(&folder, "write");
    let path = folder.path().to_owned();
    in_time(move || output(start("claim", &path)));
    assert_eq!(folder.store().check().expect("a sound store"), 29);
}

#[test]
fn a_process_killed_while_it_reads_does_not_hold_old_pages_for_ever() {
    let folder = Folder::new();
    let store = folder.store();
    kill_inside(&folder, "read");
    // The next process to open the store strikes the dead one off the list of readers.
    output(start("open", folder.path()));
    assert_eq!(
        store
            .environment
            .clear_stale_readers()
            .expect("look for more"),
        0
    );
    kill_inside(&folder, "read");
    assert_eq!(
        store
            .environment
            .clear_stale_readers()
            .expect("look for more"),
        1,
        "it was on the list"
    );
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
            let (store, report) = Store::open(&path).expect("open");
            assert_eq!(
                report, None,
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
