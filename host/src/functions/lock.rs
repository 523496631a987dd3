//! One process at a time takes RDMA devices off and on.
//!
//! Binding a driver and moving a device between namespaces both make the device's
//! `/dev/infiniband/uverbsN` again, with the lowest number that is free. The device plugin
//! gave the container its number before the CNI plugin ran, so two pods that
//! start together must not swap theirs.
//!
//! Both make netdevs as well, and the kernel does not register one for a process that is
//! being killed (`register_netdev` waits for the RTNL in a killable way): the driver is bound
//! or the device moved in the end, but the netdev is missing, and nothing shows it. So it
//! is marked on disk that such a change has begun, and the mark stays when the process dies.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use super::Holds;
use crate::state::{self, Error as StateError, Missing, StateFolder};
use crate::{Code, Error, Result};

/// How long another pod's device may take: a driver probes for seconds.
const PATIENCE: Duration = Duration::from_secs(40);

/// Held until it is dropped; the kernel drops it when the process dies.
pub struct RdmaLock {
    _file: Option<File>,
    /// The mark, unless it was there before.
    mark: Option<PathBuf>,
}

impl RdmaLock {
    /// Waits for the lock of this state folder, and marks the function at `address`, which
    /// this process holds.
    pub fn take(state: &StateFolder, address: &str) -> Result<Self> {
        let file = match state::lock(&state.rdma_lock(), Missing::Create, PATIENCE) {
            Err(StateError::Busy {
                path,
                seconds,
                holders,
            }) => {
                return Err(Error::new(
                    Code::TRY_AGAIN_LATER,
                    format!(
                        "another pod's RDMA device has been on its way for {seconds} s ({} is \
                         locked): try again later; {holders}",
                        path.display()
                    ),
                ));
            }
            locked => locked?,
        };
        let mark = match Holds::new(state).set_mark(address) {
            // A function goes home on a full file system, too. What is lost is that a kill in the next moments shows.
            Err(error) if error.is_full() => None,
            marked => marked?,
        };
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
