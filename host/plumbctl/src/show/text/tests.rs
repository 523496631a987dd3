use super::super::samples::infiniband;
use super::*;

#[test]
fn an_infiniband_function_is_shown_with_all_that_finds_it_in_the_fabric() {
    let text = tree(&infiniband());
    assert!(text.starts_with("container c0ffee  "), "{text}");
    for line in [
        "└─ net1  PCI function  up, carrier  mtu 2044  20:00:55:04:01:fe:80:",
        "   ├─ PCI function 0000:3b:00.2  virtual function 4 of 0000:3b:00.0  driver mlx5_core  RDMA device mlx5_6 in the pod  \
         NUMA node 1\n",
        "   ├─ gateway 172.16.11.254  failed\n",
        "   ├─ guid 02:00:c9:03:00:00:00:01\n",
        "   └─ partition 0x8001\n",
    ] {
        assert!(text.contains(line), "{line:?} in {text}");
    }
}

#[test]
fn a_line_of_a_name_is_one_line() {
    let mut shown = infiniband();
    shown.interfaces[0].name = "net1\n└─ net2".to_owned();
    let lines = tree(&shown).lines().count();
    assert_eq!(lines, tree(&infiniband()).lines().count());
}
