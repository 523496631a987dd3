//! How podman calls a plugin: plumb's other tests make the same calls by themselves.

use cni_harness::Oracle;
use plumb_runtimes::{Host, Podman, network, recorder};
use serde_json::{Value, json};

#[test]
fn podman_asks_for_the_version_and_passes_address_and_mac_as_arguments() {
    let host = Host::new(&network::pool());
    let recorder = recorder::install(&host);
    let podman = Podman::new(&host);
    let clean = Oracle::new(host.node());
    podman
        .run("a", &["rail0:ip=10.1.0.40,mac=02:11:22:33:44:55"])
        .expect_success();
    podman.remove("a");
    clean.assert_unchanged();

    let calls = recorder.calls();
    let of = |verb: &str| {
        let verb = verb.to_owned();
        calls
            .iter()
            .filter(move |call| call.environment["CNI_COMMAND"] == verb)
    };
    assert_eq!(of("ADD").count(), 1, "{calls:?}");
    assert_eq!(of("DEL").count(), 1, "{calls:?}");
    assert_eq!(of("VERSION").count(), calls.len() - 2, "{calls:?}");

    let version = &calls[0];
    for variable in ["CNI_NETNS", "CNI_IFNAME", "CNI_PATH"] {
        assert_eq!(version.environment[variable], "dummy");
    }
    assert_eq!(version.environment["CNI_CONTAINERID"], "");
    assert_eq!(version.stdin, br#"{"cniVersion":"1.0.0"}"#);

    for call in of("ADD").chain(of("DEL")) {
        let variable = |name: &str| call.environment[name].as_str();
        let arguments = "IgnoreUnknown=1;K8S_POD_NAME=a;MAC=02:11:22:33:44:55;IP=10.1.0.40";
        assert_eq!(variable("CNI_ARGS"), arguments);
        assert_eq!(variable("CNI_PATH"), "/opt/cni/bin:/usr/lib/cni");
        assert!(
            variable("CNI_NETNS").starts_with("/run/netns/netns-"),
            "{call:?}"
        );
        assert_eq!(variable("CNI_CONTAINERID").len(), 64);
    }
    // A single address is not in `runtimeConfig`, though podman adds the capability.
    for call in of("ADD") {
        let stdin: Value = serde_json::from_slice(&call.stdin).expect("stdin is JSON");
        assert_eq!(stdin["capabilities"], json!({"ips": true}));
        assert_eq!(stdin.get("runtimeConfig"), None);
    }
    for call in of("DEL") {
        let stdin: Value = serde_json::from_slice(&call.stdin).expect("stdin is JSON");
        assert_eq!(stdin["prevResult"]["ips"][0]["address"], "10.1.0.40/24");
    }
}
