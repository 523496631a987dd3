//! All that a plugin could change on the machine, as a set of lines: what a test compares.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use cni_harness::node::files_below;
use cni_harness::wait;
use nix::sys::statfs::{FsType, statfs};
use plumb_tests::state::{STATE_FOLDER, held};
use serde_json::Value;

use crate::program::json;
use crate::{Function, rdma};

/// The kernel takes a namespace apart when nobody waits for it, and gives its devices
/// back then.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the machine looked like at one moment.
#[derive(Debug, Clone)]
pub struct Picture {
    functions: Vec<Function>,
    with_pods: bool,
    lines: BTreeSet<String>,
}

impl Picture {
    /// Looks at everything and remembers it; `functions` are those whose drivers count.
    #[track_caller]
    pub fn new(functions: &[Function]) -> Self {
        Self {
            functions: functions.to_vec(),
            with_pods: true,
            lines: look(functions),
        }
    }

    /// What is in pods, and which there are, does not count.
    pub fn without_pods(mut self) -> Self {
        self.with_pods = false;
        self.lines.retain(|line| !is_of_a_pod(line));
        self
    }

    /// Looks again, until nothing has changed.
    ///
    /// # Panics
    ///
    /// With the difference, when there still is one after some patience.
    #[track_caller]
    pub fn assert_unchanged(&self) {
        let difference = self.settled_difference();
        assert!(
            difference.is_empty(),
            "the machine is not as it was before:\n{difference}"
        );
    }

    /// As [`Self::difference`], after some patience.
    #[track_caller]
    pub fn settled_difference(&self) -> String {
        wait::settled(PATIENCE, || self.difference())
    }

    /// What has come and what has gone, one on a line; empty when nothing changed.
    #[track_caller]
    pub fn difference(&self) -> String {
        let mut now = look(&self.functions);
        now.retain(|line| self.with_pods || !is_of_a_pod(line));
        let mut text = String::new();
        for line in self.lines.difference(&now) {
            let _ = writeln!(text, "  missing: {line}");
        }
        for line in now.difference(&self.lines) {
            let _ = writeln!(text, "  new:     {line}");
        }
        text
    }
}

fn is_of_a_pod(line: &str) -> bool {
    line.starts_with("pod ") || line.starts_with("network namespace ")
}

#[track_caller]
fn look(functions: &[Function]) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let pods = pods();
    for pod in std::iter::once(None).chain(pods.iter().map(|pod| Some(pod.as_str()))) {
        let place = &pod.map_or("host".to_owned(), |pod| format!("pod {pod}"));
        links(place, pod, &mut lines);
        for device in rdma::devices(pod) {
            lines.insert(format!(
                "{place}: RDMA device {} {}",
                device.name, device.node_guid
            ));
        }
    }
    for pod in pods {
        lines.insert(format!("network namespace {pod}"));
    }
    for function in functions {
        let driver = function.driver();
        lines.insert(format!("function {function}: driver {driver:?}"));
    }
    for path in files_below(Path::new(STATE_FOLDER)) {
        if counts(&path) {
            lines.insert(format!("file {}", path.display()));
        }
    }
    for lease in held(STATE_FOLDER) {
        lines.insert(format!("lease {lease}"));
    }
    lines
}

/// The named network namespaces. What a runtime has unmounted is an ordinary file.
fn pods() -> Vec<String> {
    const NSFS_MAGIC: FsType = FsType(0x6e73_6673);
    let entries = fs::read_dir("/run/netns").into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| {
            statfs(&entry.path()).is_ok_and(|status| status.filesystem_type() == NSFS_MAGIC)
        })
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[track_caller]
fn links(place: &str, pod: Option<&str>, lines: &mut BTreeSet<String>) {
    let namespace = pod.map(|pod| format!("-n {pod}")).unwrap_or_default();
    for link in json(&format!("ip {namespace} -d -j address show")) {
        let name = text(&link["ifname"]);
        lines.insert(format!("{place}: link {name} {}", link_line(&link)));
        for address in link["addr_info"].as_array().into_iter().flatten() {
            let address = text(&address["local"]);
            // The kernel's own, which comes with the carrier.
            if !address.starts_with("fe80:") && !address.is_empty() {
                lines.insert(format!("{place}: address {address} on {name}"));
            }
        }
        for settings in link["vfinfo_list"].as_array().into_iter().flatten() {
            let function = text(&link["parentdev"]);
            lines.insert(format!(
                "{place}: {function} has {}",
                settings_line(settings)
            ));
        }
    }
}

fn link_line(link: &Value) -> String {
    format!(
        "of {} parent={} kind={} up={} mac={} mtu={} names={}",
        text(&link["parentdev"]),
        text(&link["link"]),
        text(&link["linkinfo"]["info_kind"]),
        crate::pod::is_up(link),
        mac(link),
        link["mtu"],
        link["altnames"],
    )
}

/// IPoIB's hardware address begins with a queue pair number, which the kernel gives again
/// with each netdev; the GUID is what lasts.
fn mac(link: &Value) -> String {
    match text(&link["link_type"]) {
        "infiniband" => crate::pod::guid(link),
        _ => text(&link["address"]).to_owned(),
    }
}

/// The settings of one virtual function. On InfiniBand, `address` is the physical function's own.
fn settings_line(settings: &Value) -> String {
    let mut settings = settings.clone();
    if settings["link_type"] == "infiniband" {
        settings["address"] = Value::Null;
    }
    settings.to_string()
}

/// Not what stays by design: the lease store and empty lock files.
fn counts(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let empty = fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0);
    !(name.starts_with("leases.db") || empty && name.ends_with("lock"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}
