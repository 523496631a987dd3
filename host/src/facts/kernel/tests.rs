use std::fs;
use std::path::Path;
use std::rc::Rc;

use cni_harness::{Node, Plugin};
use nix::sys::statfs::{SYSFS_MAGIC, statfs};

use super::KernelFacts;
use crate::facts::{Facts, Place};
use crate::kernel::{Kernel, Netns};

/// Opening a socket in a pod means entering it, and a view of its devices is a mount.
#[test]
fn the_pod_is_opened_once_for_all_questions() {
    let no_calls = Plugin::new("/bin/false", "");
    let node = Node::new(no_calls);
    let pod = node.pod();
    let netns = Netns::open(Path::new(pod.path())).expect("the pod has a namespace");
    let kernel = Kernel::open().expect("open the node's socket");
    let facts = KernelFacts::new(Rc::new(kernel), Some(Rc::new(netns)));
    let sockets = || pod.inside(route_sockets);
    let (sockets_before, views_before) = (sockets(), views_of_devices());
    for _ in 0..3 {
        let link = facts.link(Place::Pod, "lo").expect("ask for a link");
        assert!(link.is_some_and(|link| link.up));
        let names = facts.link_names(Place::Pod).expect("ask for the links");
        assert_eq!(names, ["lo"]);
    }
    assert_eq!(sockets() - sockets_before, 1);
    assert_eq!(views_of_devices() - views_before, 1);
}

/// The rtnetlink sockets (protocol 0) of programs in this thread's network namespace. The
/// kernel's own has the port 0.
fn route_sockets() -> usize {
    let table = fs::read_to_string("/proc/thread-self/net/netlink").expect("read the sockets");
    let of_programs = |line: &&str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        fields[1] == "0" && fields[2] != "0"
    };
    table.lines().skip(1).filter(of_programs).count()
}

/// The open files of this process that lie in a sysfs.
fn views_of_devices() -> usize {
    let files = fs::read_dir("/proc/self/fd").expect("read the open files");
    files
        .flatten()
        // One that was closed meanwhile is none.
        .filter(|file| {
            statfs(&file.path()).is_ok_and(|status| status.filesystem_type() == SYSFS_MAGIC)
        })
        .count()
}
