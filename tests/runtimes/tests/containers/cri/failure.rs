//! What plumb refuses reaches the kubelet, and leaves nothing.

use cni_harness::Oracle;
use plumb_runtimes::cri::Refusal;
use plumb_runtimes::{Containerd, Cri, Host, network};

#[test]
fn an_exhausted_pool_is_explained() {
    let host = Host::new(&network::one_address());
    let containerd = Containerd::new(&host);
    let cri = Cri::new(&containerd);
    let clean = Oracle::new(host.node());
    let pod = cri.run(&cri.pod("a")).expect("RunPodSandbox");
    let one = Oracle::new(host.node());
    let refusal = cri
        .run(&cri.pod("b"))
        .expect_err("the pool has one address");
    says(&refusal, &network::EXHAUSTED);
    one.assert_unchanged();
    cri.stop(&pod).expect("StopPodSandbox");
    cri.remove(&pod).expect("RemovePodSandbox");
    clean.assert_unchanged();
}

#[test]
fn a_missing_parent_is_explained() {
    let host = Host::new(&network::without_parent());
    let containerd = Containerd::new(&host);
    let cri = Cri::new(&containerd);
    let clean = Oracle::new(host.node());
    let refusal = cri.run(&cri.pod("a")).expect_err("there is no nic7");
    says(&refusal, &network::PARENT_MISSING);
    clean.assert_unchanged();
}

#[track_caller]
fn says(refusal: &Refusal, parts: &[&str]) {
    for part in parts {
        assert!(
            refusal.message.contains(part),
            "it does not say {part:?}: {refusal}"
        );
    }
}
