//! The state folder: what plumb keeps on a node.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cni_harness::node::files_below;
use serde_json::Value;

use crate::binaries;

/// The folder that plumb uses when its configuration names none.
pub const STATE_FOLDER: &str = "/run/plumb";

/// Files below the state folder.
pub fn state_files() -> Vec<PathBuf> {
    files_below(Path::new(STATE_FOLDER))
}

/// The attachment records, without lock files.
pub fn records() -> Vec<PathBuf> {
    let mut records = files_below(&attachments());
    records.retain(|path| {
        let empty = fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0);
        !(empty && path.to_string_lossy().ends_with("lock"))
    });
    records
}

/// The leases in a state folder, as `plumbctl leases --json` prints them; none when
/// there is no store.
#[track_caller]
pub fn leases(state_folder: &str) -> Vec<Value> {
    if !Path::new(state_folder).join("leases.db").exists() {
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

/// The leases that attachments hold: not what is set aside because a pod could not use it.
pub fn held(state_folder: &str) -> Vec<Value> {
    let mut leases = leases(state_folder);
    leases.retain(|lease| lease["inUseBy"].is_null());
    leases
}

/// What the oracle cannot see from the outside: leases, and the folders of the records,
/// of which one for each pod fills a disk in the end.
#[track_caller]
pub(crate) fn kept() -> Vec<String> {
    let folders = folders_below(&attachments());
    let folders = folders
        .iter()
        .map(|folder| format!("folder {}", folder.display()));
    let leases = held(STATE_FOLDER);
    let leases = leases.iter().map(|lease| format!("lease {lease}"));
    folders.chain(leases).collect()
}

fn attachments() -> PathBuf {
    Path::new(STATE_FOLDER).join("attachments")
}

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
