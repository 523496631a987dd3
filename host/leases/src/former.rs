//! The store of releases before this file had its present name and format, `leases.mdb`.
//!
//! What it knew of running pods is in the journal, so it is only removed, once nobody uses it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

/// The file, and that of its locks.
const NAMES: [&str; 2] = ["leases.mdb", "leases.mdb-lock"];

/// The former store, locked against those that use it.
pub(crate) struct Former(#[expect(dead_code, reason = "is held for its lock")] File);

/// Looks for the former store in `folder`. `WouldBlock` while a call of the earlier release uses it, because the
/// journal need not know yet what that call claims.
pub(crate) fn lock(folder: &Path) -> io::Result<Option<Former>> {
    let path = folder.join(NAMES[0]);
    if !fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    // Its users held open-file-description locks on the first two bytes, for as long as they lived.
    let range = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 2,
        l_pid: 0,
    };
    match fcntl(&file, FcntlArg::F_OFD_SETLK(&range)) {
        Ok(_) => Ok(Some(Former(file))),
        Err(nix::errno::Errno::EACCES) => Err(ErrorKind::WouldBlock.into()),
        Err(errno) => Err(errno.into()),
    }
}

/// Removes it.
pub(crate) fn remove(folder: &Path, former: Former) -> io::Result<()> {
    for name in NAMES {
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    drop(former);
    Ok(())
}
