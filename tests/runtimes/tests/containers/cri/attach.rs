//! Pods come up with the addresses that they should have, and reach each other.

use std::thread;

use cni_harness::Oracle;
use plumb_runtimes::{Containerd, Cri, Host, cri, inside, leases, network};
use serde_json::Value;

#[test]
fn two_pods_reach_each_other_and_leave_nothing() {
    two_pods(&network::pool(), 1);
}

#[test]
fn two_pods_reach_each_other_by_both_families() {
    two_pods(&network::dual_stack(), 2);
}

/// Runs two pods at once; inside, by containerd and by plumb they have the same addresses,
/// `count` of them, and each answers to the other.
#[track_caller]
fn two_pods(network: &Value, count: usize) {
    let host = Host::new(network);
    let containerd = Containerd::new(&host);
    let cri = Cri::new(&containerd);
    let clean = Oracle::new(host.node());
    let pods = ["a", "b"].map(|name| cri.pod(name));
    let pods = thread::scope(|scope| {
        let starting = pods.each_ref().map(|pod| scope.spawn(|| cri.run(pod)));
        starting.map(|pod| pod.join().expect("the thread does not panic"))
    });
    let pods = pods.map(|pod| pod.expect("RunPodSandbox"));
    let mut all = Vec::new();
    for pod in &pods {
        let shown = cri::call_inside(&containerd, pod, &["ip", "-o", "address", "show"]);
        let seen = inside::addresses(&shown.expect_success(), "eth0");
        assert_eq!(seen.len(), count, "{pod} has {seen:?}");
        let bare: Vec<String> = seen
            .iter()
            .map(|one| inside::bare(one).to_owned())
            .collect();
        assert_eq!(bare, leases::of(pod, "eth0"));
        let mut reported = cri.addresses(pod);
        reported.sort();
        assert_eq!(bare, reported);
        all.push(bare);
    }
    assert_ne!(all[0], all[1]);
    for (from, addresses) in [(&pods[1], &all[0]), (&pods[0], &all[1])] {
        for address in addresses {
            cri::ping(&containerd, from, address);
        }
    }
    for pod in &pods {
        cri.stop(pod).expect("StopPodSandbox");
        cri.stop(pod).expect("StopPodSandbox, again");
    }
    for pod in &pods {
        cri.remove(pod).expect("RemovePodSandbox");
        cri.remove(pod).expect("RemovePodSandbox, again");
    }
    clean.assert_unchanged();
}
