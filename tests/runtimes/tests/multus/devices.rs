//! Devices that kubelet gave to a pod. There are none here: what Multus passes is written
//! down, and what plumb says of a device that is missing is read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cni_harness::delegate::Recorded;
use cni_harness::{Oracle, PACKAGED_PLUGINS, Pod};
use plumb_runtimes::kubernetes::kubelet::{Allocation, write_checkpoint, write_device_information};
use plumb_runtimes::multus::{DEVICE_INFORMATION, uid};
use plumb_tests::configuration::with;
use serde_json::{Value, json};

use super::cluster::{Cluster, mac, rail};
use super::recorder::{calls_for, record};

const RESOURCE: &str = "vendor.example/rail";
const DEVICES: [&str; 2] = ["0000:03:00.2", "0000:03:00.3"];
const MAC: &str = "02:00:00:aa:bb:cc";
const GUID: &str = "c2:11:22:33:44:55:66:77";

/// `rail0` with all capabilities that plumb's flavours know.
fn network() -> Value {
    let capabilities = json!({
        "ips": true, "mac": true, "infinibandGUID": true, "deviceID": true, "CNIDeviceInfoFile": true,
    });
    with(
        rail(0),
        json!({"name": "rail0", "capabilities": capabilities}),
    )
}

fn allocate(pod: &Pod, devices: &[&str]) {
    write_checkpoint(&[Allocation {
        pod: &uid(pod),
        resource: RESOURCE,
        devices,
    }]);
}

/// The file that describes the device of an interface in network `rail0`.
fn device_information(pod: &Pod, interface: &str) -> PathBuf {
    let name = format!("default-rail0-{}_{interface}", pod.container());
    Path::new(DEVICE_INFORMATION).join(name)
}

fn variables(call: &Recorded) -> BTreeMap<&str, &str> {
    call.environment
        .iter()
        .filter(|(name, _)| name.starts_with("CNI_"))
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

fn stdin(call: &Recorded) -> Value {
    serde_json::from_slice(&call.stdin).expect("Multus writes JSON")
}

/// A real Multus writes what a pod asks for into `runtimeConfig`.
#[test]
fn what_the_pod_and_kubelet_say_arrives_at_plumb() {
    let cluster = Cluster::new();
    let recorder = record(&cluster, "macvlan");
    cluster.network_of_resource("rail0", &network(), RESOURCE);
    let pod = cluster.pod(&json!([{
        "name": "rail0",
        "interface": "rdma0",
        "ips": ["10.100.0.33/24"],
        "mac": MAC,
        "infiniband-guid": GUID,
        "cni-args": {"tier": "gold"},
    }]));
    allocate(&pod, &DEVICES[..1]);
    let oracle = Oracle::new(&cluster.node);
    cluster.add(&pod);
    assert_eq!(pod.addresses("rdma0"), ["10.100.0.33/24"]);
    assert_eq!(mac(&pod, "rdma0"), MAC);
    cluster.delete(&pod);
    oracle.assert_unchanged();

    let calls = calls_for(&recorder, "rdma0");
    let [add, delete] = calls.as_slice() else {
        panic!("expected an ADD and a DEL, got {calls:#?}");
    };
    let configuration = with(
        network(),
        json!({
            "args": {"cni": {"tier": "gold"}},
            "deviceID": DEVICES[0],
            "pciBusID": DEVICES[0],
            "runtimeConfig": {
                "ips": ["10.100.0.33/24"],
                "mac": MAC,
                "infinibandGUID": GUID,
                "deviceID": DEVICES[0],
                "CNIDeviceInfoFile": device_information(&pod, "rdma0"),
            },
        }),
    );
    assert_eq!(stdin(add), configuration);
    let mut deleted = stdin(delete);
    let result = deleted["prevResult"].take();
    assert_eq!(result["interfaces"][0]["name"], "rdma0");
    assert_eq!(result["ips"][0]["address"], "10.100.0.33/24");
    assert_eq!(
        deleted,
        with(configuration, json!({"prevResult": Value::Null}))
    );

    // Its own keys first, then those of its caller.
    let sandbox = format!(
        "K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod1;K8S_POD_INFRA_CONTAINER_ID={};K8S_POD_UID={}",
        pod.container(),
        uid(&pod)
    );
    let arguments = format!("IgnoreUnknown=true;{sandbox};IgnoreUnknown=1;{sandbox}");
    let requested = format!("{arguments};MAC={MAC};IP=10.100.0.33/24");
    let path = format!(
        "{}:{}",
        cluster.multus.plugins().display(),
        PACKAGED_PLUGINS
    );
    for (call, verb, arguments) in [(add, "ADD", requested), (delete, "DEL", arguments)] {
        let expected = [
            ("CNI_COMMAND", verb),
            ("CNI_CONTAINERID", pod.container()),
            ("CNI_NETNS", pod.path()),
            ("CNI_IFNAME", "rdma0"),
            ("CNI_ARGS", &arguments),
            ("CNI_PATH", &path),
        ];
        assert_eq!(variables(call), BTreeMap::from(expected));
    }
}

/// Two attachments in a network whose devices are a resource, and what is reported of them in
/// the network status; the device plugin's file of the second is missing.
#[test]
fn each_attachment_gets_the_next_device_and_what_is_known_of_it() {
    let cluster = Cluster::new();
    let recorder = record(&cluster, "macvlan");
    cluster.network_of_resource("rail0", &network(), RESOURCE);
    let pod = cluster.pod(&json!("rail0@rdma0,rail0@rdma1"));
    allocate(&pod, &DEVICES);
    let information =
        json!({"type": "pci", "version": "1.1.0", "pci": {"pci-address": DEVICES[0]}});
    write_device_information(RESOURCE, DEVICES[0], &information);
    let oracle = Oracle::new(&cluster.node);
    cluster.add(&pod);
    for (number, interface) in ["rdma0", "rdma1"].into_iter().enumerate() {
        let add = stdin(&calls_for(&recorder, interface)[0]);
        assert_eq!(add["runtimeConfig"]["deviceID"], DEVICES[number]);
        assert_eq!(
            add["runtimeConfig"]["CNIDeviceInfoFile"],
            json!(device_information(&pod, interface))
        );
    }
    let status = cluster.status(&pod);
    assert_eq!(status[1]["device-info"], information);
    assert_eq!(status[2].get("device-info"), None);
    let copy = fs::read(device_information(&pod, "rdma0")).expect("Multus has copied it");
    let copy: Value = serde_json::from_slice(&copy).expect("it is JSON");
    assert_eq!(copy, information);
    cluster.delete(&pod);
    oracle.assert_unchanged();
}

/// The device is in kubelet's books, and not in the machine.
#[test]
fn a_device_that_is_missing_is_named() {
    for flavour in ["sriov", "ib-sriov"] {
        std::thread::spawn(move || attach_without_device(flavour))
            .join()
            .unwrap_or_else(|_| panic!("with type {flavour}"));
    }
}

fn attach_without_device(flavour: &str) {
    let cluster = Cluster::new();
    cluster.network("rail1", &rail(1));
    let device = json!({
        "cniVersion": "1.0.0",
        "type": flavour,
        "capabilities": {"deviceID": true, "CNIDeviceInfoFile": true, "infinibandGUID": true},
        "ipam": rail(0)["ipam"],
    });
    cluster.network_of_resource("rail0", &device, RESOURCE);
    let pod = cluster.pod(&json!([{"name": "rail1"}, {"name": "rail0", "infiniband-guid": GUID}]));
    allocate(&pod, &DEVICES[..1]);
    write_device_information(
        RESOURCE,
        DEVICES[0],
        &json!({"type": "pci", "version": "1.1.0"}),
    );
    let oracle = Oracle::new(&cluster.node);
    let message = cluster.refused(&pod);
    assert!(message.contains("to network \"rail0\""), "{message}");
    assert!(message.contains(DEVICES[0]), "{message}");
    cluster.assert_only_multus_remembers(&oracle);
    cluster.delete(&pod);
    oracle.assert_unchanged();

    // Multus leaves the device out, without a word, when kubelet gave the pod none.
    allocate(&pod, &[]);
    let message = cluster.refused(&pod);
    assert!(message.contains("deviceID"), "{message}");
    cluster.delete(&pod);
}
