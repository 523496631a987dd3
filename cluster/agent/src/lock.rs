//! One agent of a node at a time: two would change what the node holds behind each other's back.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// How often to look whether another agent has ended.
const AGAIN: Duration = Duration::from_millis(200);

/// Waits for the lock in the state folder. It is held as long as the file is, and ends with the process in any case.
///
/// # Errors
///
/// What the kernel said, after what was tried.
pub async fn take(folder: &Path) -> Result<File, String> {
    crate::replace::folder(folder)?;
    let path = folder.join("agent.lock");
    let failed = |error: std::io::Error| format!("lock {}: {error}", path.display());
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK)
        .open(&path)
        .map_err(failed)?;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
            Err(TryLockError::WouldBlock) => {}
        }
        if !told {
            tracing::info!("another agent has {}: waiting for its end", path.display());
            told = true;
        }
        tokio::time::sleep(AGAIN).await;
    }
}
