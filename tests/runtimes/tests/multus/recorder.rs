//! A plugin in front of plumb that writes down how it was called.

use std::path::Path;

use cni_harness::Delegate;
use cni_harness::delegate::Recorded;
use plumb_tests::binaries;

use super::cluster::Cluster;

/// Puts a recorder before the plugin of this name; plumb answers.
pub fn record(cluster: &Cluster, plugin: &str) -> Delegate {
    let recorder = Delegate::new(&cluster.node, plugin);
    let plumb = binaries::plumb();
    for verb in ["ADD", "CHECK", "DEL", "GC", "STATUS"] {
        recorder.answers(verb, &format!("exec {} <\"$call/stdin\"", plumb.display()));
    }
    cluster.replace(plugin, &recorder);
    recorder
}

impl Cluster {
    /// Puts a stand-in in the place of the plugin of this name.
    pub fn replace(&self, plugin: &str, stand_in: &Delegate) {
        self.multus
            .replace(plugin, &Path::new(&stand_in.path()).join(plugin));
    }
}

/// The calls for one interface, oldest first.
pub fn calls_for(recorder: &Delegate, interface: &str) -> Vec<Recorded> {
    let mut calls = recorder.calls();
    calls.retain(|call| call.environment.get("CNI_IFNAME").map(String::as_str) == Some(interface));
    calls
}
