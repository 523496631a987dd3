//! Files below `/run` and `/var/lib`, leases, and mounts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::binaries;
use crate::node::{SCRATCH, STATE_FOLDER, files_below};

#[track_caller]
pub(super) fn look(lines: &mut BTreeSet<String>) {
    for root in ["/run", "/var/lib"] {
        for path in files_below(Path::new(root)) {
            if counts(&path) {
                let length = fs::symlink_metadata(&path).map_or(0, |metadata| metadata.len());
                lines.insert(format!("file {} ({length} bytes)", path.display()));
            }
        }
    }
    for folder in folders_below(&Path::new(STATE_FOLDER).join("attachments")) {
        lines.insert(format!("folder {}", folder.display()));
    }
    let mounts = fs::read_to_string("/proc/thread-self/mountinfo").expect("read the mounts");
    for mount in mounts.lines() {
        let point = mount.split(' ').nth(4).unwrap_or("?");
        if !point.starts_with("/run/netns/") && !Path::new(point).starts_with(SCRATCH) {
            lines.insert(format!("mount {point}"));
        }
    }
    for lease in leases(STATE_FOLDER) {
        lines.insert(format!("lease {lease}"));
    }
}

/// The leases in a state folder, as `plumbctl leases --json` tells them; none when
/// there is no store.
#[track_caller]
pub fn leases(state_folder: &str) -> Vec<Value> {
    if !Path::new(state_folder).join("leases.mdb").exists() {
        return Vec::new();
    }
    let output = Command::new(binaries::plumbctl())
        .args(["leases", "--state-folder", state_folder, "--json"])
        .output()
        .expect("run plumbctl");
    assert!(
        output.status.success(),
        "plumbctl leases --json failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let value: Value =
        serde_json::from_slice(&output.stdout).expect("plumbctl leases --json prints JSON");
    value
        .as_array()
        .expect("plumbctl leases --json prints an array")
        .clone()
}

/// Folders are left behind as well as files: one for each pod fills a disk in the end.
fn folders_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(folders_below(&entry.path()));
            found.push(entry.path());
        }
    }
    found
}

/// Not the harness's own files, not the pods' mount points, and not what stays by
/// design: the lease store, empty lock files, host-local's lock and last address.
fn counts(path: &Path) -> bool {
    if path.starts_with(SCRATCH) || path.starts_with("/run/netns") {
        return false;
    }
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let empty = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.len() == 0);
    let lease_store = path.starts_with(STATE_FOLDER) && name.starts_with("leases.mdb");
    let host_local = path.starts_with("/var/lib/cni/networks")
        && (name == "lock" || name.starts_with("last_reserved_ip."));
    let lock = empty && name.ends_with("lock");
    !(lease_store || host_local || lock)
}
