//! One process at a time takes RDMA devices off and on.
//!
//! Binding a driver and moving a device between namespaces both make the device's
//! `/dev/infiniband/uverbsN` anew, with the lowest number that is free. The device plugin
//! told the container which number is its own before the CNI plugin ran, so two pods that
//! start together must not swap theirs.
//!
//! Both make netdevs as well, and the kernel does not register one for a process that is
//! being killed (`register_netdev` waits for the RTNL in a killable way): the driver is bound
//! or the device moved in the end, but the netdev is missing, and nothing tells of it. So it
//! is marked on disk that such a change has begun, and the mark stays when the process dies.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Holds, wait};
use crate::{Code, Error, Result, journal};

/// How long another pod's device may take: a driver probes for seconds.
const WAIT: Duration = Duration::from_secs(40);

/// Held until it is dropped; the kernel drops it when the process dies.
pub struct RdmaLock {
    _file: File,
    /// The mark, unless it was there before.
    mark: Option<PathBuf>,
}

impl RdmaLock {
    /// Waits for the lock of this state folder, and marks the function at `address`, which
    /// this process holds.
    pub fn take(state: &Path, address: &str) -> Result<Self> {
        journal::create_folder(state)?;
        let path = state.join("rdma.lock");
        let failed = |error: std::io::Error| {
            Error::new(
                Code::STATE,
                format!("cannot lock {}: {error}", path.display()),
            )
        };
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        let locked = wait::until(WAIT, || match file.try_lock() {
            Ok(()) => Ok(Some(())),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        })?;
        if locked.is_none() {
            return Err(Error::new(
                Code::TRY_AGAIN_LATER,
                format!(
                    "another pod's RDMA device has been on its way for {} s ({} is locked): try \
                     again later",
                    WAIT.as_secs(),
                    path.display()
                ),
            ));
        }
        let mark = Holds::new(state).set_mark(address)?;
        Ok(Self { _file: file, mark })
    }
}

impl Drop for RdmaLock {
    fn drop(&mut self) {
        if let Some(mark) = &self.mark {
            let _ = fs::remove_file(mark);
            // Where other functions are held it is not empty, and stays.
            let _ = mark.parent().map(fs::remove_dir);
        }
    }
}
