//! Files below `/run` and `/var/lib`, and mounts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::Plugin;
use crate::node::{SCRATCH, files_below};

#[track_caller]
pub(super) fn look(plugin: &Plugin, lines: &mut BTreeSet<String>) {
    for root in ["/run", "/var/lib"] {
        for path in files_below(Path::new(root)) {
            if counts(plugin, &path) {
                let length = fs::symlink_metadata(&path).map_or(0, |metadata| metadata.len());
                lines.insert(format!("file {} ({length} bytes)", path.display()));
            }
        }
    }
    let mounts = fs::read_to_string("/proc/thread-self/mountinfo").expect("read the mounts");
    for mount in mounts.lines() {
        let point = mount.split(' ').nth(4).unwrap_or("?");
        if !point.starts_with("/run/netns/") && !Path::new(point).starts_with(SCRATCH) {
            lines.insert(format!("mount {point}"));
        }
    }
}

/// Not the harness's own files, not the pods' mount points, and not what stays by
/// design: what the plugin is known to keep, empty lock files, host-local's lock and
/// last address.
fn counts(plugin: &Plugin, path: &Path) -> bool {
    if path.starts_with(SCRATCH) || path.starts_with("/run/netns") {
        return false;
    }
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let empty = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.len() == 0);
    let host_local = path.starts_with("/var/lib/cni/networks")
        && (name == "lock" || name.starts_with("last_reserved_ip."));
    let lock = empty && name.ends_with("lock");
    !(plugin.leaves(path) || host_local || lock)
}
