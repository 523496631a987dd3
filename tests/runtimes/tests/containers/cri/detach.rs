//! Pods end in the ways that the kubelet has to live with, and nothing is left.

use std::fs;
use std::path::{Path, PathBuf};

use cni_harness::Oracle;
use nix::mount::{MntFlags, umount2};
use plumb_runtimes::{Containerd, Cri, Host, network};

#[test]
fn a_pod_is_removed_after_containerd_was_killed() {
    let host = Host::new(&network::pool());
    // The daemon is another process in the end: the oracle looks while there is none.
    let clean = Oracle::new(host.node());
    let mut containerd = Containerd::new(&host);
    let pods = ["running", "stopped"].map(|name| {
        let cri = Cri::new(&containerd);
        cri.run(&cri.pod(name)).expect("RunPodSandbox")
    });
    Cri::new(&containerd)
        .stop(&pods[1])
        .expect("StopPodSandbox");
    containerd.kill();
    containerd.start();
    for pod in &pods {
        Cri::new(&containerd).remove(pod).expect("RemovePodSandbox");
    }
    containerd.kill();
    clean.assert_unchanged();
}

#[test]
fn a_pod_is_removed_whose_namespace_is_gone() {
    let host = Host::new(&network::pool());
    let containerd = Containerd::new(&host);
    let cri = Cri::new(&containerd);
    let clean = Oracle::new(host.node());
    let pod = cri.run(&cri.pod("a")).expect("RunPodSandbox");
    let namespace = only_namespace();
    umount2(&namespace, MntFlags::MNT_DETACH).expect("unmount the pod's namespace");
    fs::remove_file(&namespace).expect("remove the mount point");
    cri.stop(&pod).expect("StopPodSandbox");
    cri.remove(&pod).expect("RemovePodSandbox");
    clean.assert_unchanged();
}

#[test]
fn a_pod_is_removed_that_was_never_stopped() {
    let host = Host::new(&network::pool());
    let containerd = Containerd::new(&host);
    let cri = Cri::new(&containerd);
    let clean = Oracle::new(host.node());
    let pod = cri.run(&cri.pod("a")).expect("RunPodSandbox");
    cri.remove(&pod).expect("RemovePodSandbox");
    clean.assert_unchanged();
}

fn only_namespace() -> PathBuf {
    let all: Vec<PathBuf> = fs::read_dir(Path::new("/run/netns"))
        .expect("read the namespaces")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    let [one] = &all[..] else {
        panic!("there should be one namespace: {all:?}");
    };
    one.clone()
}
