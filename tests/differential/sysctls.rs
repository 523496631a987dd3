//! All sysctls of interfaces and neighbours, of the node and of a pod.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use cni_harness::Pod;
use cni_harness::node::files_below;

/// One folder for each interface, in each of these.
const FOLDERS: [&str; 4] = ["ipv4/conf", "ipv4/neigh", "ipv6/conf", "ipv6/neigh"];

/// Reads them all, several hundred: once for an attachment.
pub fn look(pod: &Pod) -> BTreeMap<String, String> {
    let mut lines = BTreeMap::new();
    look_here("node", &mut lines);
    pod.inside(|| look_here("pod", &mut lines));
    lines
}

/// Those of the thread's network namespace.
fn look_here(place: &str, lines: &mut BTreeMap<String, String>) {
    for folder in FOLDERS {
        for path in files_below(&Path::new("/proc/sys/net").join(folder)) {
            // One that cannot be read (stable_secret) was never set.
            let value = fs::read_to_string(&path).unwrap_or_else(|_| "unset".into());
            let name = path.strip_prefix("/proc/sys").unwrap_or(&path);
            lines.insert(
                format!("{place}: sysctl {}", name.display()),
                value.trim_end().to_owned(),
            );
        }
    }
}
