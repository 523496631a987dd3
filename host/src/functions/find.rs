//! Where the netdev of a function is. Names and indexes change when a driver is bound and
//! when an RDMA device moves; the PCI address does not.

use std::time::Duration;

use plumb_values::Device;

use crate::kernel::link::Link;
use crate::kernel::{Kernel, Netns, RouteSocket, Sysfs, pci};
use crate::{Code, Error, Result, wait};

/// How long a netdev may take to appear: ib_ipoib makes it some time after its RDMA device
/// is there, and the kernel brings it back from a namespace some time after the end of it.
pub const APPEARANCE: Duration = Duration::from_secs(10);

/// A netdev and the namespace it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// On the host.
    Host(Link),
    /// In the pod.
    Pod(Link),
}

/// The netdev of a function on the host, if it is there.
pub fn host_link(kernel: &Kernel, address: &str) -> Result<Option<Link>> {
    link_in(&kernel.host, &kernel.sysfs, address)
}

/// The netdev of a function, on the host or in the pod.
pub fn find_link(kernel: &Kernel, pod: Option<&Netns>, address: &str) -> Result<Option<Found>> {
    if let Some(link) = host_link(kernel, address)? {
        return Ok(Some(Found::Host(link)));
    }
    let Some(netns) = pod else {
        return Ok(None);
    };
    let link = link_in(netns.socket()?, &netns.sysfs()?, address)?;
    Ok(link.map(Found::Pod))
}

/// Waits for the netdev of a function, wherever it appears: after its RDMA device has
/// moved, kernels up to 6.16 make it on the host, newer ones in the pod.
pub fn wait_for_link(kernel: &Kernel, netns: &Netns, address: &str) -> Result<Found> {
    wait::until(APPEARANCE, || find_link(kernel, Some(netns), address))?.ok_or_else(|| {
        Error::new(
            Code::NOT_AVAILABLE,
            format!(
                "{} has had no netdev for {} s, neither on the host nor in {}: is its driver \
                 loaded, and for InfiniBand ib_ipoib?",
                Device(address),
                APPEARANCE.as_secs(),
                netns.path().display()
            ),
        )
    })
}

/// The netdev in one namespace. The children of an IPoIB link stand beside it.
fn link_in(socket: &RouteSocket, sysfs: &Sysfs, address: &str) -> Result<Option<Link>> {
    let names = pci::function(sysfs, address)?.map_or_else(Vec::new, |function| function.links);
    for name in names {
        let link = socket.link_by_name(&name)?;
        if let Some(link) = link.filter(|link| !link.is_ipoib_child()) {
            return Ok(Some(link));
        }
    }
    Ok(None)
}
