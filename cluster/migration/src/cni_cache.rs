//! What runtimes and Multus keep of each ADD until its DEL: one file for each attachment (`libcni/api.go` of the CNI project,
//! kind `cniCacheV1`). From it comes what that DEL will say: network, container and interface.
//!
//! The files are root's own and are only read. One that cannot be understood tells nothing.

use std::fs;
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use plumb_leases::Pod;
use serde_json::Value;

use crate::objects::{address_of, text};

/// Below the folder of the CNI project's library, and below Multus' own.
const FOLDERS: [&str; 2] = ["results", "multus/results"];

/// Largest file that is read; and how many.
const LIMIT: u64 = 1024 * 1024;
const MOST_FILES: usize = 100_000;

/// An attachment that a runtime made and has not deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cached {
    /// The network's name.
    pub network: String,
    /// The container.
    pub container: String,
    /// The interface's name in the pod.
    pub interface: String,
    /// The pod, where the runtime named it.
    pub pod: Option<Pod>,
    /// The pod's UID; empty where the runtime did not tell it.
    pub uid: String,
    /// The pod's network namespace.
    pub netns: Option<PathBuf>,
    /// The addresses of its result.
    pub addresses: Vec<IpAddr>,
}

/// All attachments below a folder, which is `/var/lib/cni` on a node; the newest first.
#[must_use]
pub fn read(folder: &Path) -> Vec<Cached> {
    let mut found = Vec::new();
    let folders = FOLDERS.map(|below| folder.join(below));
    for entry in folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .take(MOST_FILES)
    {
        let Ok(entry) = entry else { continue };
        let modified = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .ok();
        let cached = read_file(&entry.path()).and_then(|file| cached(&file));
        found.extend(cached.map(|cached| (modified, cached)));
    }
    found.sort_by_key(|(modified, _)| std::cmp::Reverse(*modified));
    found.into_iter().map(|(_, cached)| cached).collect()
}

fn read_file(path: &Path) -> Option<Value> {
    let mut text = Vec::new();
    let file = fs::File::open(path).ok()?;
    file.take(LIMIT).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn cached(file: &Value) -> Option<Cached> {
    if text(file, "/kind") != "cniCacheV1" {
        return None;
    }
    let known =
        |pointer: &str| Some(text(file, pointer).to_owned()).filter(|text| !text.is_empty());
    let mut pod = Pod {
        namespace: String::new(),
        name: String::new(),
    };
    let mut uid = String::new();
    // Runtimes name some twice; the last counts, as for the plugin.
    for pair in file["cniArgs"].as_array().into_iter().flatten() {
        let value = text(pair, "/1").to_owned();
        match text(pair, "/0") {
            "K8S_POD_NAMESPACE" => pod.namespace = value,
            "K8S_POD_NAME" => pod.name = value,
            "K8S_POD_UID" => uid = value,
            _ => {}
        }
    }
    let ips = file
        .pointer("/result/ips")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    Some(Cached {
        network: known("/networkName")?,
        container: known("/containerId")?,
        interface: known("/ifName")?,
        pod: (!pod.name.is_empty()).then_some(pod),
        uid,
        netns: known("/netns").map(PathBuf::from),
        addresses: ips
            .filter_map(|ip| address_of(text(ip, "/address")))
            .collect(),
    })
}
