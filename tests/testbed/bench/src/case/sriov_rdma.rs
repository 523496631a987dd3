//! Types `sriov` and `rdma` in a chain, with VLAN, hardware address, spoofchk and trust.

use cni_harness::Pod;
use plumb_testbed::configuration::{sriov, without_ipam};
use plumb_testbed::{Bed, Setup, pod, rdma};
use plumb_tests::configuration::with;
use serde_json::json;

use super::Case;

const MAC: &str = "02:00:00:00:0a:01";
const VLAN: &str = "100";

/// The case.
pub const SRIOV_RDMA: Case = Case {
    name: "sriov-rdma",
    setup: Setup::ETHERNET,
    prepare: |_| (),
    plugins: |bed| {
        let network = without_ipam(sriov(bed.function(0)));
        let vlan: u16 = VLAN.parse().expect("a number");
        let settings = json!({"mac": MAC, "vlan": vlan, "spoofchk": "off", "trust": "on"});
        vec![
            with(network.clone(), settings),
            with(network, json!({"type": "rdma"})),
        ]
    },
    variables: &[("MAC", MAC), ("VLAN", VLAN)],
    scripts: [
        include_str!("../../scripts/sriov-rdma-add"),
        include_str!("../../scripts/sriov-rdma-del"),
    ],
    assert_attached,
    at_most: [1.2, 1.2],
};

fn assert_attached(bed: &Bed, pod: &Pod) {
    let eth0 = pod::eth0(pod);
    assert_eq!(eth0["address"], MAC);
    assert_eq!(eth0["parentdev"], bed.function(0).address());
    assert!(pod::is_up(&eth0), "{eth0}");
    let settings = bed.settings(0);
    assert_eq!(settings["address"], MAC);
    assert_eq!(settings["vlan_list"][0]["vlan"].to_string(), VLAN);
    assert_eq!(settings["spoofchk"], false);
    assert_eq!(settings["trust"], true);
    let devices = rdma::devices(Some(pod.name()));
    assert_eq!(devices.len(), 1, "{devices:?}");
}
