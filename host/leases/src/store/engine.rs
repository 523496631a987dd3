//! LMDB's settings and its errors in our words.

use std::io;
use std::path::Path;

use heed::{Env, EnvFlags, EnvOpenOptions, MdbError, WithoutTls};
use nix::libc;
use nix::sys::statvfs::statvfs;

use super::super::Error;
use super::super::file::MAP_SIZE;
use super::super::tables::{self, Fault};

/// Opens the file at `path` with LMDB, which makes it where there is none.
pub(in super::super) fn open(path: &Path, flags: EnvFlags) -> Result<Env<WithoutTls>, Fault> {
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(MAP_SIZE as usize).max_dbs(tables::COUNT);
    // SAFETY: NO_LOCK is only passed for a file of which nobody else knows the name. NO_META_SYNC leaves out
    // the second of two flushes: a power cut may then undo the last transaction, but not damage the file, and
    // the pod whose lease that was is gone, too.
    unsafe { options.flags(EnvFlags::NO_SUB_DIR | EnvFlags::NO_META_SYNC | flags) };
    // SAFETY: the file must not change under the mapping but through LMDB. It lies in a folder of root's, is
    // never truncated (a damaged one is renamed, and only once nobody has it open), and its header and length
    // have been checked under the lock that all who open it take.
    Ok(unsafe { options.open(path) }?)
}

/// What was tried, on which file, and what came of it.
pub(in super::super) fn error(path: &Path, doing: &'static str, fault: Fault) -> Error {
    let path = path.to_owned();
    match fault {
        Fault::Damaged(reason) => Error::Corrupt { path, reason },
        Fault::Engine(heed::Error::Mdb(MdbError::MapFull)) => Error::StoreFull {
            doing,
            path,
            size: MAP_SIZE,
        },
        Fault::Engine(heed::Error::Io(source)) if is_full(&source, &path) => {
            Error::FolderFull { doing, path }
        }
        Fault::Engine(heed::Error::Io(source)) => Error::Io {
            doing,
            path,
            source,
        },
        Fault::Engine(source) => Error::Engine {
            doing,
            path,
            source,
        },
    }
}

/// LMDB says EIO when only a part of its pages could be written, which is what a file system does that gets
/// full in the middle.
fn is_full(error: &io::Error, path: &Path) -> bool {
    const ALMOST_NOTHING: u64 = 1024 * 1024;
    match error.raw_os_error() {
        Some(libc::ENOSPC | libc::EDQUOT) => true,
        Some(libc::EIO) => statvfs(path).is_ok_and(|folder| {
            folder.blocks_available() * folder.fragment_size() < ALMOST_NOTHING
        }),
        _ => false,
    }
}
