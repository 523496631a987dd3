//! A pod whose first interface is an Ethernet function.

use plumb_testbed::bed;
use plumb_testbed::configuration::sriov;
use plumb_testbed::way_to_node::{self, Nftables};

use super::BED;

#[test]
fn a_pod_whose_first_interface_is_a_function_has_a_way_to_its_node() {
    let bed = bed(BED);
    way_to_node::assert_has_a_way_to_its_node(&bed, &sriov(bed.function(0)), Nftables::There);
}
