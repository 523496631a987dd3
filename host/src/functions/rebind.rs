//! Binds a function's driver again, so that it reads a new GUID or address.

use std::time::Duration;

use nix::errno::Errno;
use plumb_values::Device;

use super::RdmaLock;
use super::find::{APPEARANCE, host_link};
use crate::kernel::{Kernel, pci};
use crate::{Code, Error, Result, wait};

/// How long a driver may be busy with its function.
const BUSY: Duration = Duration::from_secs(5);

/// Unbinds the function, unless that was done already, binds it to `driver`, and waits
/// until its netdev and its RDMA devices are there again, as far as it had them.
pub fn rebind(
    kernel: &Kernel,
    address: &str,
    driver: &str,
    has_link: bool,
    rdma_devices: usize,
    _lock: &RdmaLock,
) -> Result<()> {
    let now = |address: &str| {
        pci::function(&kernel.sysfs, address)?.ok_or_else(|| {
            Error::new(
                Code::NOT_AVAILABLE,
                format!("{} has disappeared", Device(address)),
            )
        })
    };
    if let Some(bound) = now(address)?.driver {
        pci::unbind(&kernel.sysfs, address, &bound)?;
    }
    let bound = wait::until(BUSY, || match pci::bind(&kernel.sysfs, address, driver) {
        Ok(()) => Ok(Some(())),
        Err(error) if matches!(error.errno(), Some(Errno::EBUSY | Errno::EAGAIN)) => {
            // Somebody else, such as udev, may have bound it meanwhile.
            Ok(now(address)?.driver.map(drop))
        }
        Err(error) => Err(error.into()),
    })?;
    if bound.is_none() {
        return Err(Error::new(
            Code::KERNEL,
            format!(
                "driver {driver} has been busy for {} s and did not take {}",
                BUSY.as_secs(),
                Device(address)
            ),
        ));
    }
    let is_back = || -> Result<Option<()>> {
        let rdma = now(address)?.rdma_devices.len() >= rdma_devices;
        let link = !has_link || host_link(kernel, address)?.is_some();
        Ok((rdma && link).then_some(()))
    };
    wait::until(APPEARANCE, is_back)?.ok_or_else(|| {
        Error::new(
            Code::NOT_AVAILABLE,
            format!(
                "{} was bound to driver {driver} again, but its netdev or its \
                 RDMA device has not come back for {} s: the kernel's log (dmesg) may say why",
                Device(address),
                APPEARANCE.as_secs()
            ),
        )
    })
}
