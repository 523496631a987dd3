//! What kubelet and a device plugin leave on a node for Multus: which devices a pod got,
//! and what these are.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

/// The file in which kubelet writes down which devices it gave to whom.
const CHECKPOINT: &str = "/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint";

/// The folder of the device information of device plugins (NPWG, "Device Information").
const DEVICE_INFORMATION: &str = "/run/k8s.cni.cncf.io/devinfo/dp";

/// Devices of one resource that a pod got.
pub struct Allocation<'text> {
    /// UID of the pod.
    pub pod: &'text str,
    /// Such as `vendor.example/rail`.
    pub resource: &'text str,
    /// What the device plugin calls them, such as PCI addresses.
    pub devices: &'text [&'text str],
}

/// Writes kubelet's checkpoint with these allocations and no other.
#[track_caller]
pub fn write_checkpoint(allocations: &[Allocation<'_>]) {
    let entries: Vec<Value> = allocations
        .iter()
        .map(|allocation| {
            json!({
                "PodUID": allocation.pod,
                "ContainerName": "main",
                "ResourceName": allocation.resource,
                // By NUMA node.
                "DeviceIDs": {"0": allocation.devices},
                "AllocResp": "",
            })
        })
        .collect();
    let registered: Map<String, Value> = allocations
        .iter()
        .map(|allocation| (allocation.resource.to_owned(), json!(allocation.devices)))
        .collect();
    let data = json!({"PodDeviceEntries": entries, "RegisteredDevices": registered});
    let checkpoint = json!({"Data": data, "Checksum": 0});
    write(Path::new(CHECKPOINT), &checkpoint.to_string());
}

/// Writes the information that a device plugin gives about one of its devices.
#[track_caller]
pub fn write_device_information(resource: &str, device: &str, information: &Value) {
    let name = format!("{}-{device}-device.json", resource.replace('/', "-"));
    let path = PathBuf::from(DEVICE_INFORMATION).join(name);
    write(&path, &information.to_string());
}

#[track_caller]
fn write(path: &Path, text: &str) {
    let folder = path.parent().expect("the path is absolute");
    fs::create_dir_all(folder)
        .unwrap_or_else(|error| panic!("create {}: {error}", folder.display()));
    fs::write(path, text).unwrap_or_else(|error| panic!("write {}: {error}", path.display()));
}
