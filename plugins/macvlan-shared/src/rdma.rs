//! Whether the pod's interface will come with a usable RDMA device.

use plumb_sdk::Error;
use plumb_sdk::facts::{Place, RdmaNamespaceMode, get_rdma_namespace_mode};

use crate::configuration::Configuration;
use crate::parent::Parent;

/// In exclusive mode the parent's RDMA device stays in the node's namespace: the pod
/// would start, and its first RDMA call would fail.
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
    if parent.place == Place::Host && get_rdma_namespace_mode()? == RdmaNamespaceMode::Exclusive {
        return Err(Error::not_available(format!(
            "RDMA devices of this node belong to one network namespace each (exclusive mode), \
             so the pod would get an interface of {name} without a usable RDMA device {}: \
             run `rdma system set netns shared`, which the kernel accepts only while no pod \
             runs, or boot with `options ib_core netns_mode=1` in /etc/modprobe.d",
            devices.join(", ")
        )));
    }
    Ok(())
}
