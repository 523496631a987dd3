//! Whether the pod's interface will come with a usable RDMA device.

use plumb_sdk::facts::{Place, RdmaNamespaceMode, get_rdma_namespace_mode};
use plumb_sdk::{Error, log};

use crate::configuration::Configuration;
use crate::parent::Parent;

/// In exclusive mode the parent's RDMA device stays in the node's namespace: the pod has IP by
/// its interface, which may be all that it is for, and its first RDMA call fails.
pub(crate) fn check(configuration: &Configuration, parent: &Parent) -> Result<(), Error> {
    let name = parent.link.name();
    let devices = parent.link.rdma_devices();
    if devices.is_empty() {
        return if configuration.require_rdma {
            Err(Error::not_available(format!(
                "parent {name} has no RDMA device, and \"requireRDMA\" is set: \
                 is the adapter's RDMA driver loaded (`rdma link`)?"
            )))
        } else {
            Ok(())
        };
    }
    if parent.place != Place::Host || get_rdma_namespace_mode()? != RdmaNamespaceMode::Exclusive {
        return Ok(());
    }
    let devices = devices.join(", ");
    if !configuration.require_rdma {
        log::warning(format!(
            "the pod cannot use RDMA by its interface of {name}: RDMA devices of this node belong \
             to one network namespace each (exclusive mode), and {devices} stays with the node; \
             \"requireRDMA\": true refuses such pods"
        ));
        return Ok(());
    }
    Err(Error::not_available(format!(
        "RDMA devices of this node belong to one network namespace each (exclusive mode), \
         so the pod would get an interface of {name} without a usable RDMA device {devices}, and \
         \"requireRDMA\" is set: run `rdma system set netns shared`, which the kernel accepts only \
         while no pod runs, or boot with `options ib_core netns_mode=1` in /etc/modprobe.d"
    )))
}
