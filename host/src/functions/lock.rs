//! One process at a time takes RDMA devices off and on.
//!
//! Binding a driver and moving a device between namespaces both make the device's
//! `/dev/infiniband/uverbsN` anew, with the lowest number that is free. The device plugin
//! told the container which number is its own before the CNI plugin ran, so two pods that
//! start together must not swap theirs.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use super::wait;
use crate::{Code, Error, Result, journal};

/// How long another pod's device may take: a driver probes for seconds.
const WAIT: Duration = Duration::from_secs(40);

/// Held until it is dropped; the kernel drops it when the process dies.
pub struct RdmaLock {
    _file: File,
}

impl RdmaLock {
    /// Waits for the lock of this state folder.
    pub fn take(state: &Path) -> Result<Self> {
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
        match locked {
            Some(()) => Ok(Self { _file: file }),
            None => Err(Error::new(
                Code::TRY_AGAIN_LATER,
                format!(
                    "another pod's RDMA device has been on its way for {} s ({} is locked): try \
                     again later",
                    WAIT.as_secs(),
                    path.display()
                ),
            )),
        }
    }
}
