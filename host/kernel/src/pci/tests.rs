use std::env;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::*;

/// A tree of sysfs with an adapter and a scalable function of it, as mlx5 makes them; removed at the end of the test.
struct Tree(PathBuf);

const ADAPTER: &str = "devices/pci0000:3a/0000:3b:00.0";

impl Tree {
    fn new(name: &str) -> Self {
        let root = env::temp_dir().join(format!("plumb-pci-{name}-{}", std::process::id()));
        let tree = Self(root);
        let device = format!("{ADAPTER}/mlx5_core.sf.4");
        for folder in [
            format!("{ADAPTER}/net/ens1f0np0"),
            format!("{ADAPTER}/net/eth0"),
            format!("{ADAPTER}/infiniband/mlx5_0"),
            format!("{device}/net/enp59s0f0s4"),
            format!("{device}/infiniband/mlx5_4"),
            "bus/pci/devices".to_owned(),
            "bus/auxiliary/devices".to_owned(),
            "bus/auxiliary/drivers/mlx5_core.sf".to_owned(),
            "class/net/eth0".to_owned(),
            "class/net/enp59s0f0s4".to_owned(),
            "class/net/ens1f0np0".to_owned(),
        ] {
            fs::create_dir_all(tree.0.join(folder)).expect("make a folder");
        }
        tree.link(
            &format!("../../../{ADAPTER}"),
            "bus/pci/devices/0000:3b:00.0",
        );
        tree.link(
            &format!("../../../{device}"),
            "bus/auxiliary/devices/mlx5_core.sf.4",
        );
        tree.link("../../../bus/pci", &format!("{ADAPTER}/subsystem"));
        tree.link("../../../../bus/auxiliary", &format!("{device}/subsystem"));
        tree.link(
            "../../../../bus/auxiliary/drivers/mlx5_core.sf",
            &format!("{device}/driver"),
        );
        tree.link(
            &format!("../../../{device}"),
            "class/net/enp59s0f0s4/device",
        );
        tree.link(&format!("../../../{ADAPTER}"), "class/net/ens1f0np0/device");
        tree.write("class/net/eth0/phys_port_name", "pf0sf4");
        tree.write(&format!("{ADAPTER}/numa_node"), "1");
        tree
    }

    fn link(&self, target: &str, path: &str) {
        symlink(target, self.0.join(path)).expect("make a link");
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.0.join(path), text).expect("write an attribute");
    }

    fn sysfs(&self) -> Sysfs {
        Sysfs::at(self.0.clone())
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // A folder left in the temporary folder is no reason to fail a test.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The netdev that stands for it on the adapter's switch is no netdev of the adapter.
#[test]
fn a_scalable_function_is_found_with_the_function_that_it_is_a_part_of() {
    let tree = Tree::new("scalable");
    let found = function(&tree.sysfs(), "mlx5_core.sf.4").expect("the tree can be read");
    let expected = PciFunction {
        driver: Some("mlx5_core.sf".into()),
        virtual_function: None,
        part_of: Some("0000:3b:00.0".into()),
        links: vec!["enp59s0f0s4".into()],
        rdma_devices: vec!["mlx5_4".into()],
        parent_links: vec!["ens1f0np0".into()],
    };
    assert_eq!(found, Some(expected));
    assert_eq!(tree.sysfs().numa_node("mlx5_core.sf.4"), Some(1));
    let other = function(&tree.sysfs(), "mlx5_core.sf.5").expect("the tree can be read");
    assert_eq!(other, None);
}

#[test]
fn the_adapter_does_not_have_what_its_scalable_function_has() {
    let tree = Tree::new("adapter");
    let found = function(&tree.sysfs(), "0000:3b:00.0").expect("the tree can be read");
    let found = found.expect("it is there");
    assert_eq!(found.part_of, None);
    assert_eq!(found.rdma_devices, ["mlx5_0"]);
    assert!(
        !found.links.contains(&"enp59s0f0s4".to_owned()),
        "{found:?}"
    );
}

/// An auxiliary device need not be a part of a PCI function: there are platforms without the bus.
#[test]
fn a_parent_on_another_bus_is_no_pci_function() {
    let tree = Tree::new("platform");
    let subsystem = tree.0.join(ADAPTER).join("subsystem");
    fs::remove_file(&subsystem).expect("remove a link");
    symlink("../../../bus/platform", &subsystem).expect("make a link");
    let found = function(&tree.sysfs(), "mlx5_core.sf.4").expect("the tree can be read");
    assert_eq!(found.expect("it is there").part_of, None);
}

#[test]
fn what_is_below_a_link_is_its_device_on_either_bus() {
    let tree = Tree::new("below");
    let sysfs = tree.sysfs();
    let below = |link: &str| sysfs.link_function(link).expect("the tree can be read");
    assert_eq!(below("enp59s0f0s4").as_deref(), Some("mlx5_core.sf.4"));
    assert_eq!(below("ens1f0np0").as_deref(), Some("0000:3b:00.0"));
    assert_eq!(below("eth0"), None);
    let address = sysfs.link_pci_address("enp59s0f0s4");
    assert_eq!(address.expect("the tree can be read"), None);
}
