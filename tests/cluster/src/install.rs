//! plumb on a node, without a chart: its files, as an administrator puts them there.

use plumb_runtimes::{Finished, host};
use plumb_tests::binaries;
use serde_json::Value;

use crate::Node;

/// Where the node's pools are.
pub const POOLS: &str = plumb_tests::policy::POOLS;

/// Installs plumb, under all names that it answers to.
#[track_caller]
pub fn plumb(node: &Node) {
    let mut command = node.command(binaries::plumbctl());
    command
        .args(["install", "--bin-dir", host::PLUGINS, "--binary"])
        .arg(binaries::plumb());
    Finished::of(command).expect_success();
}

/// Writes a pool of the node, a `SpiderIPPool`.
#[track_caller]
pub fn pool(node: &Node, manifest: &Value) {
    let name = manifest["metadata"]["name"]
        .as_str()
        .expect("a pool has a name");
    node.write(format!("{POOLS}/{name}.json"), &manifest.to_string());
}

/// The leases of the node, as `plumbctl leases --json` prints them; none when there is no store.
#[track_caller]
pub fn leases(node: &Node) -> Vec<Value> {
    if !node.path("/run/plumb/leases.db").exists() {
        return Vec::new();
    }
    let mut command = node.command(binaries::plumbctl());
    command.args(["leases", "--json"]);
    let text = Finished::of(command).expect_success();
    let leases: Value = serde_json::from_str(&text).expect("plumbctl leases prints JSON");
    leases
        .as_array()
        .expect("plumbctl leases prints an array")
        .clone()
}
