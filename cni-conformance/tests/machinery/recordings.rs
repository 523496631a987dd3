//! Standard input of real programs, taken down by a plugin that they called, and composed
//! again from the configuration and the result that the plugin had printed.

use cni_conformance::Version;
use cni_conformance::libcni::input::{self, Capability};
use cni_conformance::libcni::result::Library;
use cni_conformance::libcni::{Runtime, json};
use serde_json::Value;

/// The file in /etc/cni/net.d, with the values that make its JSON.
const RAIL: &str = r#"{"cniVersion":"1.0.0","name":"rail0","type":"macvlan","master":"nic0","mode":"bridge",
    "ipam":{"type":"pool","pools":[{"name":"p","subnet":"10.1.0.0/24","ips":["10.1.0.10-10.1.0.50"],"gateway":"10.1.0.1"}]}}"#;

/// What the plugin printed on ADD, up to the interface's own values.
fn printed(mac: &str, sandbox: &str, address: &str) -> Value {
    let text = format!(
        r#"{{"cniVersion":"1.0.0","interfaces":[{{"name":"eth0","mac":"{mac}","sandbox":"{sandbox}"}}],
        "ips":[{{"address":"{address}","gateway":"10.1.0.1","interface":0}}],
        "routes":[{{"dst":"0.0.0.0/0","gw":"10.1.0.1"}}]}}"#
    );
    serde_json::from_str(&text).expect("it is JSON")
}

#[track_caller]
fn assert_composed(
    recorded: &str,
    configuration: &str,
    previous: Option<&Value>,
    given: &[Capability],
    library: Library,
) {
    let configuration: Value = serde_json::from_str(configuration).expect("it is JSON");
    let version = configuration["cniVersion"]
        .as_str()
        .and_then(Version::parse);
    let version = version.expect("a version");
    let composed = input::compose(&configuration, version, previous, given, library);
    assert_eq!(composed, recorded);
}

/// podman 4.3.1, DEL.
#[test]
fn podman() {
    let sandbox = "/run/netns/netns-b7919376-5f7d-e7d5-2579-f27bd5287b96";
    let result = printed("02:11:22:33:44:55", sandbox, "10.1.0.40/24");
    assert_composed(
        r#"{"cniVersion":"1.0.0","ipam":{"pools":[{"gateway":"10.1.0.1","ips":["10.1.0.10-10.1.0.50"],"name":"p","subnet":"10.1.0.0/24"}],"type":"pool"},"master":"nic0","mode":"bridge","name":"rail0","prevResult":{"cniVersion":"1.0.0","interfaces":[{"name":"eth0","mac":"02:11:22:33:44:55","sandbox":"/run/netns/netns-b7919376-5f7d-e7d5-2579-f27bd5287b96"}],"ips":[{"interface":0,"address":"10.1.0.40/24","gateway":"10.1.0.1"}],"routes":[{"dst":"0.0.0.0/0","gw":"10.1.0.1"}],"dns":{}},"type":"macvlan"}"#,
        RAIL,
        Some(&result),
        &[],
        Runtime::Podman.library(),
    );
}

/// ctr 1.6.20, DEL.
#[test]
fn ctr() {
    let result = printed("8a:cc:7a:41:14:12", "/proc/6467/ns/net", "10.1.0.10/24");
    assert_composed(
        r#"{"cniVersion":"1.0.0","ipam":{"pools":[{"gateway":"10.1.0.1","ips":["10.1.0.10-10.1.0.50"],"name":"p","subnet":"10.1.0.0/24"}],"type":"pool"},"master":"nic0","mode":"bridge","name":"rail0","prevResult":{"cniVersion":"1.0.0","interfaces":[{"name":"eth0","mac":"8a:cc:7a:41:14:12","sandbox":"/proc/6467/ns/net"}],"ips":[{"interface":0,"address":"10.1.0.10/24","gateway":"10.1.0.1"}],"routes":[{"dst":"0.0.0.0/0","gw":"10.1.0.1"}],"dns":{}},"type":"macvlan"}"#,
        RAIL,
        Some(&result),
        &[],
        Runtime::Ctr.library(),
    );
}

/// containerd 1.6.20 for a pod with a port and a limited bandwidth: ADD, and the DEL of
/// StopPodSandbox. The network has no use for `dns`, because the pod had none.
#[test]
fn containerd() {
    let rail = RAIL.replacen(
        '{',
        r#"{"capabilities":{"bandwidth":true,"dns":true,"io.kubernetes.cri.pod-annotations":true,"portMappings":true},"#,
        1,
    );
    let runtime = Runtime::Containerd;
    let given: Vec<Capability> = runtime.capabilities().to_vec();
    let given: Vec<Capability> = given
        .into_iter()
        .filter(|(name, _)| *name != "dns")
        .collect();
    assert_composed(
        r#"{"capabilities":{"bandwidth":true,"dns":true,"io.kubernetes.cri.pod-annotations":true,"portMappings":true},"cniVersion":"1.0.0","ipam":{"pools":[{"gateway":"10.1.0.1","ips":["10.1.0.10-10.1.0.50"],"name":"p","subnet":"10.1.0.0/24"}],"type":"pool"},"master":"nic0","mode":"bridge","name":"rail0","runtimeConfig":{"bandwidth":{"IngressRate":10000000,"IngressBurst":4294967295,"EgressRate":0,"EgressBurst":0},"io.kubernetes.cri.pod-annotations":{"kubernetes.io/ingress-bandwidth":"10M"},"portMappings":[{"HostPort":8081,"ContainerPort":80,"Protocol":"tcp","HostIP":""}]},"type":"macvlan"}"#,
        &rail,
        None,
        &given,
        runtime.library(),
    );
    let sandbox = "/var/run/netns/cni-94be3cd0-2c65-e0ad-59d1-fc5b4f981e73";
    let result = printed("0a:a9:43:2f:82:f0", sandbox, "10.1.0.10/24");
    assert_composed(
        r#"{"capabilities":{"bandwidth":true,"dns":true,"io.kubernetes.cri.pod-annotations":true,"portMappings":true},"cniVersion":"1.0.0","ipam":{"pools":[{"gateway":"10.1.0.1","ips":["10.1.0.10-10.1.0.50"],"name":"p","subnet":"10.1.0.0/24"}],"type":"pool"},"master":"nic0","mode":"bridge","name":"rail0","prevResult":{"cniVersion":"1.0.0","dns":{},"interfaces":[{"mac":"0a:a9:43:2f:82:f0","name":"eth0","sandbox":"/var/run/netns/cni-94be3cd0-2c65-e0ad-59d1-fc5b4f981e73"}],"ips":[{"address":"10.1.0.10/24","gateway":"10.1.0.1","interface":0}],"routes":[{"dst":"0.0.0.0/0","gw":"10.1.0.1"}]},"runtimeConfig":{"bandwidth":{"IngressRate":10000000,"IngressBurst":4294967295,"EgressRate":0,"EgressBurst":0},"io.kubernetes.cri.pod-annotations":{"kubernetes.io/ingress-bandwidth":"10M"},"portMappings":[{"HostPort":8081,"ContainerPort":80,"Protocol":"tcp","HostIP":""}]},"type":"macvlan"}"#,
        &rail,
        Some(&result),
        &given,
        runtime.library(),
    );
}

/// Multus 4.3.0 and cnitool 1.3.0: what they wrote, decoded and composed again. The values
/// are the network's; the order, and what is left out, are the library's.
#[test]
fn multus_and_cnitool() {
    for (runtime, recorded) in [
        (
            Runtime::MultusThin,
            r#"{"args":{"cni":{"rdmaDeviceName":"rdma0","tier":"gold"}},"capabilities":{"CNIDeviceInfoFile":true,"deviceID":true,"infinibandGUID":true,"ips":true,"mac":true},"cniVersion":"1.0.0","deviceID":"0000:03:00.2","ipam":{"pools":[{"gateway":"10.100.0.1","name":"ib0","subnet":"10.100.0.0/24"}],"type":"pool"},"link_state":"enable","name":"ib0","pciBusID":"0000:03:00.2","pkey":"0x0042","rdmaIsolation":true,"runtimeConfig":{"CNIDeviceInfoFile":"/var/run/k8s.cni.cncf.io/devinfo/cni/default-ib0-c0ffee0000000000000000000000000000000000000000000000000000000001_rdma0","deviceID":"0000:03:00.2","infinibandGUID":"c2:11:22:33:44:55:66:77","ips":["10.100.0.33/24"]},"type":"ib-sriov"}"#,
        ),
        (
            Runtime::MultusThin,
            r#"{"args":{"cni":{"rdmaDeviceName":"rdma0","tier":"gold"}},"capabilities":{"CNIDeviceInfoFile":true,"deviceID":true,"infinibandGUID":true,"ips":true,"mac":true},"cniVersion":"1.0.0","deviceID":"0000:03:00.2","ipam":{"pools":[{"gateway":"10.100.0.1","name":"ib0","subnet":"10.100.0.0/24"}],"type":"pool"},"link_state":"enable","name":"ib0","pciBusID":"0000:03:00.2","pkey":"0x0042","prevResult":{"cniVersion":"1.0.0","interfaces":[{"mac":"00:00:10:49:fe:80:00:00:00:00:00:00:c2:11:22:33:44:55:66:77","name":"rdma0","sandbox":"/run/netns/pod1"}],"ips":[{"address":"10.100.0.33/24","gateway":"10.100.0.1","interface":0}]},"rdmaIsolation":true,"runtimeConfig":{"CNIDeviceInfoFile":"/var/run/k8s.cni.cncf.io/devinfo/cni/default-ib0-c0ffee0000000000000000000000000000000000000000000000000000000001_rdma0","deviceID":"0000:03:00.2","infinibandGUID":"c2:11:22:33:44:55:66:77","ips":["10.100.0.33/24"]},"type":"ib-sriov"}"#,
        ),
        (
            Runtime::MultusThin,
            r#"{"cniVersion":"1.0.0","deviceID":"0000:81:02.5","name":"eth1","pciBusID":"0000:81:02.5","prevResult":{"cniVersion":"1.0.0","interfaces":[{"mac":"00:00:10:49:fe:80:00:00:00:00:00:00:c2:11:22:33:44:55:66:77","name":"net2","sandbox":"/run/netns/pod1"}],"ips":[{"address":"10.100.0.33/24","gateway":"10.100.0.1","interface":0}]},"type":"rdma"}"#,
        ),
        (
            Runtime::Cnitool,
            r#"{"capabilities":{"CNIDeviceInfoFile":true,"deviceID":true,"infinibandGUID":true,"ips":true,"mac":true},"cniVersion":"1.1.0","ipam":{"pools":[{"gateway":"10.100.0.1","name":"ib0","subnet":"10.100.0.0/24"}],"type":"pool"},"link_state":"enable","name":"ib0","pkey":"0x0042","prevResult":{"cniVersion":"1.1.0","interfaces":[{"mac":"00:00:10:49:fe:80:00:00:00:00:00:00:c2:11:22:33:44:55:66:77","name":"rdma0","sandbox":"/run/netns/pod1"}],"ips":[{"address":"10.100.0.33/24","gateway":"10.100.0.1","interface":0}]},"rdmaIsolation":true,"runtimeConfig":{"deviceID":"0000:03:00.2","infinibandGUID":"c2:11:22:33:44:55:66:77","ips":["10.100.0.33/24"]},"type":"ib-sriov"}"#,
        ),
    ] {
        let mut configuration: Value = serde_json::from_str(recorded).expect("it is JSON");
        let keys = configuration.as_object_mut().expect("it is an object");
        let previous = keys.remove("prevResult");
        let given: Vec<Capability> = keys
            .remove("runtimeConfig")
            .iter()
            .flat_map(|given| given.as_object().cloned().unwrap_or_default())
            .map(|(name, value)| (&*name.leak(), &*json::marshal(&value).leak()))
            .collect();
        let text = configuration.to_string();
        assert_composed(
            recorded,
            &text,
            previous.as_ref(),
            &given,
            runtime.library(),
        );
    }
}
