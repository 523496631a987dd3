//! How ctr calls a plugin: plumb's other tests make the same calls by themselves.

use cni_harness::Oracle;
use plumb_runtimes::{Containerd, Ctr, Host, network, recorder};
use serde_json::Value;

#[test]
fn ctr_detaches_without_naming_the_namespace() {
    let host = Host::new(&network::pool());
    let recorder = recorder::install(&host);
    let containerd = Containerd::new(&host);
    let ctr = Ctr::new(&containerd);
    let clean = Oracle::new(host.node());
    let container = ctr.run("a");
    ctr.kill("a");
    container.finish().expect_killed();
    clean.assert_unchanged();

    assert_eq!(recorder.verbs(), ["ADD", "DEL"]);
    let [add, delete] = &recorder.calls()[..] else {
        panic!("there are two calls");
    };
    for call in [add, delete] {
        assert_eq!(call.environment["CNI_CONTAINERID"], "default-a");
        assert_eq!(call.environment["CNI_IFNAME"], "eth0");
        assert_eq!(call.environment["CNI_ARGS"], "");
        assert_eq!(call.environment["CNI_PATH"], "/opt/cni/bin:/usr/lib/cni");
    }
    // Of the container's process: the namespace has no other name.
    let namespace = &add.environment["CNI_NETNS"];
    assert!(
        namespace.starts_with("/proc/") && namespace.ends_with("/ns/net"),
        "{namespace}"
    );
    assert_eq!(delete.environment["CNI_NETNS"], "");
    let stdin: Value = serde_json::from_slice(&delete.stdin).expect("stdin is JSON");
    assert_eq!(stdin["prevResult"]["interfaces"][0]["sandbox"], **namespace);
}
