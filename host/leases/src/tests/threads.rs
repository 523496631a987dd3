//! Several stores in one process.

use nix::fcntl::{FcntlArg, fcntl};
use rusqlite::TransactionBehavior;

use super::Folder;

/// Closing a descriptor of a file ends all POSIX locks of its process on it (fcntl(2)): the agent has several stores open.
#[test]
fn who_opens_the_store_leaves_a_transaction_of_another_thread_its_lock() {
    let folder = Folder::new();
    let store = folder.store();
    // Another process's view: such a lock conflicts with those of its own process, too.
    let file = std::fs::File::open(folder.file()).expect("the store's file");
    let is_locked = || {
        let mut range = nix::libc::flock {
            l_type: nix::libc::F_WRLCK as i16,
            l_whence: nix::libc::SEEK_SET as i16,
            // RESERVED_BYTE (os_unix.c of SQLite).
            l_start: 0x4000_0001,
            l_len: 1,
            l_pid: 0,
        };
        fcntl(&file, FcntlArg::F_OFD_GETLK(&mut range)).expect("ask for the lock");
        range.l_type != nix::libc::F_UNLCK as i16
    };
    let transaction = store.begin(TransactionBehavior::Immediate).expect("begin");
    assert!(is_locked());
    drop(folder.store());
    assert!(is_locked());
    drop(transaction);
    assert!(!is_locked());
}
