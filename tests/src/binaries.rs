//! Where the programs under test are.

use std::path::{Path, PathBuf};

/// The CNI binary: `PLUMB_BIN`, else the release build of this workspace.
pub fn plumb() -> PathBuf {
    find("PLUMB_BIN", "plumb")
}

/// The operator's tool: `PLUMBCTL_BIN`, else the release build of this workspace.
pub fn plumbctl() -> PathBuf {
    find("PLUMBCTL_BIN", "plumbctl")
}

/// plumb with faults injected by `PLUMB_FAULT`: `PLUMB_FAULT_BIN`, else the release
/// build of this workspace.
pub fn plumb_with_faults() -> PathBuf {
    find("PLUMB_FAULT_BIN", "plumb-fault")
}

/// The agent of a node: `PLUMB_AGENT_BIN`, else what `make services` built.
pub fn agent() -> PathBuf {
    find("PLUMB_AGENT_BIN", "plumb-agent")
}

/// The controller of a cluster: `PLUMB_CONTROLLER_BIN`, else what `make services` built.
pub fn controller() -> PathBuf {
    find("PLUMB_CONTROLLER_BIN", "plumb-controller")
}

/// The program that moves addresses from other products: `PLUMB_MIGRATE_BIN`, else what `make services` built.
pub fn migrate() -> PathBuf {
    find("PLUMB_MIGRATE_BIN", "plumb-migrate")
}

/// The program that speaks to registries, which plumbctl looks for beside itself: what `make services` built.
pub fn registry() -> PathBuf {
    let path = plumbctl().with_file_name("plumb-registry");
    assert!(
        path.is_file(),
        "there is no {}: build it with `make services`, beside plumbctl",
        path.display()
    );
    path
}

/// A component as `make components` built it, such as `specimen`.
pub fn component(name: &str) -> PathBuf {
    target_folder()
        .join("components")
        .join(name)
        .with_extension("wasm")
}

fn find(variable: &str, name: &str) -> PathBuf {
    let path = match std::env::var_os(variable) {
        Some(path) => PathBuf::from(path),
        None => target_folder().join("release").join(name),
    };
    assert!(
        path.is_file(),
        "there is no {name} at {}: build it with `make build services`, or set {variable}",
        path.display()
    );
    path
}

fn target_folder() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
    }
}
