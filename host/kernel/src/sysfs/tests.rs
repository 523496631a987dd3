use std::env;
use std::fs;

use super::*;

/// A tree of attributes, removed at the end of the test.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str, attributes: &[(&str, &str)]) -> Self {
        let root = env::temp_dir().join(format!("plumb-sysfs-{name}-{}", std::process::id()));
        for (path, text) in attributes {
            let path = root.join(path);
            let folder = path.parent().expect("an attribute lies in a folder");
            fs::create_dir_all(folder).expect("make a folder");
            fs::write(&path, text).expect("write an attribute");
        }
        Self(root)
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

#[test]
fn a_numa_node_is_shown_or_minus_one() {
    let tree = Tree::new(
        "numa",
        &[
            ("bus/pci/devices/0000:3b:00.2/numa_node", "1\n"),
            ("bus/pci/devices/0000:3b:00.3/numa_node", "-1\n"),
        ],
    );
    let node = |address| tree.sysfs().numa_node(address);
    assert_eq!(node("0000:3b:00.2"), Some(1));
    assert_eq!(node("0000:3b:00.3"), None);
    assert_eq!(node("0000:3b:00.4"), None);
}

#[test]
fn a_link_without_carrier_has_no_speed() {
    let tree = Tree::new(
        "speed",
        &[
            ("class/net/eth0/speed", "100000\n"),
            ("class/net/eth1/speed", "-1\n"),
        ],
    );
    let speed = |link| tree.sysfs().link_speed(link);
    assert_eq!(speed("eth0"), Some(100_000));
    assert_eq!(speed("eth1"), None);
    assert_eq!(speed("eth2"), None);
}
