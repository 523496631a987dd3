//! Type `ib-sriov` with GUID, link state and the RDMA device.

use cni_harness::Pod;
use plumb_testbed::configuration::{GUID, GUID_IN_SYSFS, ib_sriov_with_everything, without_ipam};
use plumb_testbed::program::run;
use plumb_testbed::{Bed, Setup, pod, rdma};

use super::Case;

/// The GUID that the function has before, as the fabric's administrator has given it.
const OWN_GUID: &str = "02:00:00:00:00:00:0e:01";

/// The case.
pub const IB_SRIOV: Case = Case {
    name: "ib-sriov",
    setup: Setup::INFINIBAND,
    prepare,
    plugins: |bed| vec![without_ipam(ib_sriov_with_everything(bed.function(0)))],
    variables: &[("GUID", GUID)],
    scripts: [
        include_str!("../../scripts/ib-sriov-add"),
        include_str!("../../scripts/ib-sriov-del"),
    ],
    assert_attached,
    at_most: [1.3, 1.2],
};

fn prepare(bed: &Bed) {
    let parent = bed.physical().netdev().expect("it has a netdev");
    let driver = bed.physical().driver().expect("it has a driver");
    // One by one: the kernel takes one GUID from a message and is silent about a second.
    for key in ["node_guid", "port_guid"] {
        run(&format!("ip link set dev {parent} vf 0 {key} {OWN_GUID}"));
    }
    bed.function(0).bind_again(&driver);
}

fn assert_attached(bed: &Bed, pod: &Pod) {
    let eth0 = pod::eth0(pod);
    assert_eq!(pod::guid(&eth0), GUID);
    assert_eq!(eth0["parentdev"], bed.function(0).address());
    assert!(pod::is_up(&eth0), "{eth0}");
    let settings = bed.settings(0);
    assert_eq!(settings["node guid"], GUID);
    assert_eq!(settings["port guid"], GUID);
    assert_eq!(settings["link_state"], "enable");
    let devices = rdma::devices(Some(pod.name()));
    assert_eq!(devices.len(), 1, "{devices:?}");
    assert_eq!(devices[0].node_guid, GUID_IN_SYSFS);
}
