//! The locks by which processes keep out of each other's way when they open or replace the file.

use std::fs::File;
use std::io;
use std::path::Path;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::super::Error;

/// Byte ranges of the data file that processes lock. Open-file-description locks, because they end with the
/// process whatever happens, and because closing another descriptor of the file does not drop them.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Lock {
    /// Held while LMDB opens the file. Its first opener sets up the shared lock region, and a second one that
    /// waits there while the first is killed would go on with a half-made one.
    Opening = 0,
    /// Shared by all that have the store open; exclusive to take it away from under nobody.
    InUse = 1,
}

/// Whether a lock is to be had, and how.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Mode {
    Shared,
    Exclusive,
    Unlocked,
}

/// Locks, waiting for as long as it takes.
pub(in super::super) fn lock(
    file: &File,
    path: &Path,
    which: Lock,
    mode: Mode,
) -> Result<(), Error> {
    set_lock(file, which, mode, true).map_err(|source| Error::Io {
        doing: "lock",
        path: path.to_owned(),
        source,
    })
}

/// Locks or, without `wait`, fails with `WouldBlock` or `PermissionDenied` where another process is in the way.
pub(super) fn set_lock(file: &File, which: Lock, mode: Mode, wait: bool) -> io::Result<()> {
    let kind = match mode {
        Mode::Shared => libc::F_RDLCK,
        Mode::Exclusive => libc::F_WRLCK,
        Mode::Unlocked => libc::F_UNLCK,
    };
    let range = libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: which as libc::off_t,
        l_len: 1,
        l_pid: 0,
    };
    loop {
        let lock = if wait {
            FcntlArg::F_OFD_SETLKW(&range)
        } else {
            FcntlArg::F_OFD_SETLK(&range)
        };
        match fcntl(file, lock) {
            Err(nix::errno::Errno::EINTR) => {}
            result => return result.map(drop).map_err(io::Error::from),
        }
    }
}
