//! The controller against a real API server, which one test starts for all others: they run inside of its network
//! namespace, one after the other, because they share the cluster and change what it serves.
//!
//! `PLUMB_CLUSTER_UP` names the program that starts it, `tests/cluster/up` of this repository where it is not set.

mod before;
mod controller;
mod definitions;
mod election;
mod kubectl;
mod networks;
mod pools;

use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn all_against_an_api_server() {
    let up = std::env::var_os("PLUMB_CLUSTER_UP")
        .map_or_else(|| root().join("tests/cluster/up"), PathBuf::from);
    let folder = std::env::temp_dir().join(format!("plumb-controller-{}", std::process::id()));
    let own = std::env::current_exe().expect("this program has a path");
    let output = Command::new(&up)
        .arg(&folder)
        .arg("0")
        .arg(own)
        .args(["--ignored", "--test-threads=1"])
        .args(std::env::var("PLUMB_API_TESTS").ok())
        .env("API_ONLY", "1")
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap_or_else(|error| panic!("run {}: {error}", up.display()));
    // A folder that it left.
    let _ = std::fs::remove_dir_all(&folder);
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(text.contains("test result: ok"), "{text}\n{errors}");
}

/// The folder of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
