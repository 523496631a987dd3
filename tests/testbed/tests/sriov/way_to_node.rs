//! A pod whose first interface is an Ethernet function.

use plumb_testbed::configuration::sriov;
use plumb_testbed::{bed, way_to_node};

use super::BED;

#[test]
fn a_pod_whose_first_interface_is_a_function_has_a_way_to_its_node() {
    let bed = bed(BED);
    way_to_node::assert_has_a_way_to_its_node(&bed, &sriov(bed.function(0)));
}
