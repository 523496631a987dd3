//! Which pods the kubelet gave a device to, as its device manager remembers it over a restart.
//!
//! The file is replaced before the containers of the pod are made (`writeCheckpoint`, pkg/kubelet/cm/devicemanager), so
//! a network that names a function by itself can be told from one that was given the function.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use plumb_values::Device;
use serde_json::Value;

use crate::{Code, Error, Result};

/// Below the kubelet's folder.
const FILE: &str = "device-plugins/kubelet_internal_checkpoint";

/// Most that is read, in bytes. Each container with a device has some hundreds.
const MAXIMAL_SIZE: u64 = 16 * 1024 * 1024;

/// What the kubelet remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// What was given to each container.
    pub allotments: Vec<Allotment>,
    /// The devices of each resource that a device plugin has registered.
    pub registered: BTreeMap<String, Vec<String>>,
}

/// What a container was given of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allotment {
    /// The pod's UID.
    pub pod: String,
    /// Such as `spidernet.io/mellanoxrdma`.
    pub resource: String,
    /// Such as PCI addresses.
    pub devices: Vec<String>,
}

/// Where it is below the kubelet's folder.
#[must_use]
pub fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// Reads what the kubelet remembers; `folder` is the kubelet's. None on a node without its file.
///
/// # Errors
///
/// Why the file cannot be read or understood.
pub fn read(folder: &Path) -> std::result::Result<Option<Checkpoint>, String> {
    let mut text = Vec::new();
    let read =
        File::open(path(folder)).and_then(|file| file.take(MAXIMAL_SIZE).read_to_end(&mut text));
    match read {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    }
    let checkpoint: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let data = &checkpoint["Data"];
    let Some(entries) = data.get("PodDeviceEntries") else {
        return Err("it has no Data.PodDeviceEntries".into());
    };
    let list = |ids: &Value| devices(ids).map(str::to_owned).collect();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let allotment = |entry: &Value| {
        Some(Allotment {
            pod: text(&entry["PodUID"])?,
            resource: text(&entry["ResourceName"]).unwrap_or_default(),
            devices: list(&entry["DeviceIDs"]),
        })
    };
    let entries = entries.as_array().map_or(&[][..], Vec::as_slice);
    let registered = data["RegisteredDevices"].as_object().into_iter().flatten();
    Ok(Some(Checkpoint {
        allotments: entries.iter().filter_map(allotment).collect(),
        registered: registered
            .map(|(resource, ids)| (resource.clone(), list(ids)))
            .collect(),
    }))
}

/// Refuses a PCI function that the kubelet gave to other pods and not to the one of this UID, empty where the runtime
/// says none. `folder` is the kubelet's; on a node without its file nothing is known.
///
/// # Errors
///
/// [`Code::IN_USE`] for another pod's function, [`Code::NOT_AVAILABLE`] for a file that cannot be read.
pub fn check(folder: &Path, function: &str, pod_uid: &str) -> Result<()> {
    let path = path(folder);
    let unreadable = |reason: String| {
        Error::new(
            Code::NOT_AVAILABLE,
            format!(
                "cannot read {}, which says whose {} is: {reason}",
                path.display(),
                Device(function)
            ),
        )
        .with_details(
            "it is the kubelet's: where its folder is another one, name it as folders.kubelet in plumb's policy file",
        )
    };
    let Some(checkpoint) = read(folder).map_err(unreadable)? else {
        return Ok(());
    };
    let is_given = |allotment: &&Allotment| {
        let mut devices = allotment.devices.iter();
        devices.any(|id| id.eq_ignore_ascii_case(function))
    };
    let allotments = checkpoint.allotments.iter().filter(is_given);
    let owners: Vec<_> = allotments.map(|allotment| allotment.pod.as_str()).collect();
    match owners.first() {
        Some(owner) if !owners.contains(&pod_uid) => Err(Error::new(
            Code::IN_USE,
            format!(
                "{} was given to the pod with UID {owner} by its device plugin, and this pod {}",
                Device(function),
                match pod_uid {
                    "" => "has no UID that the runtime says (K8S_POD_UID in CNI_ARGS)".to_owned(),
                    uid => format!("has UID {uid}"),
                }
            ),
        )
        .with_details(format!(
            "take \"deviceID\" out of the network configuration, so that the one of the pod's own device plugin counts; \
             what the kubelet remembers is in {}",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// The devices of an entry: by NUMA node since Kubernetes 1.20, a plain list before.
fn devices(ids: &Value) -> impl Iterator<Item = &str> {
    let nodes = ids.as_object().into_iter().flat_map(|nodes| nodes.values());
    nodes
        .chain([ids])
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    const FUNCTION: &str = "0000:3b:00.2";

    /// What is said to pods of these UIDs on a node with these entries.
    fn refused(entries: Value, uid: &str) -> Option<Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = json!({
            "Data": {"PodDeviceEntries": entries, "RegisteredDevices": {"acme.com/vf": [FUNCTION]}},
            "Checksum": 3214567
        });
        fs::write(path, text.to_string()).unwrap();
        check(folder.path(), FUNCTION, uid).err()
    }

    fn entry(uid: &str, devices: Value) -> Value {
        json!({
            "PodUID": uid, "ContainerName": "train", "ResourceName": "acme.com/vf", "DeviceIDs": devices,
            "AllocResp": "CgA="
        })
    }

    #[test]
    fn a_function_is_for_the_pod_that_it_was_given_to() {
        for devices in [
            json!({"-1": [FUNCTION]}),
            json!({"0": [], "1": ["0000:3B:00.2"]}),
            json!([FUNCTION]),
        ] {
            let entries = json!([entry("11-22", devices)]);
            assert!(refused(entries.clone(), "11-22").is_none());
            for other in ["33-44", ""] {
                let error = refused(entries.clone(), other).expect("another pod's");
                assert_eq!(error.code, Code::IN_USE);
                assert!(error.message.contains("UID 11-22"), "{error}");
            }
        }
    }

    #[test]
    fn a_function_that_was_given_to_nobody_is_free() {
        let other = json!([entry("11-22", json!({"-1": ["0000:3b:00.3"]}))]);
        for entries in [json!([]), Value::Null, other] {
            assert!(refused(entries, "33-44").is_none());
        }
        let folder = tempfile::tempdir().unwrap();
        check(folder.path(), FUNCTION, "33-44").expect("a node without a kubelet");
    }

    /// Containers of one pod share what it was given, and an entry of a pod that has ended may linger.
    #[test]
    fn one_entry_of_the_pod_is_enough() {
        let entries = json!([
            entry("11-22", json!({"-1": [FUNCTION]})),
            entry("33-44", json!({"-1": [FUNCTION]}))
        ]);
        assert!(refused(entries, "33-44").is_none());
    }

    #[test]
    fn a_file_that_says_something_else_is_not_taken_for_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        for text in ["", "{}", "{\"Data\": {}}", "[1"] {
            fs::write(&path, text).unwrap();
            let error = check(folder.path(), FUNCTION, "33-44").expect_err(text);
            assert_eq!(error.code, Code::NOT_AVAILABLE);
            assert!(
                error.message.contains("kubelet_internal_checkpoint"),
                "{error}"
            );
        }
    }
}
