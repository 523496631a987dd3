//! The programs that plumb is compared with or called by, built by `tests/peers/build`.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The folder of the CNI project's plugins of today.
///
/// # Panics
///
/// As [`multus`].
#[track_caller]
pub fn plugins() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| build("plugins"))
}

/// The folder of Multus and cnitool.
///
/// Ask for it before the test has a node: a node has no way to the modules' sources.
///
/// # Panics
///
/// With what the script says, when it cannot build them.
#[track_caller]
pub fn multus() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| build("multus"))
}

/// The folder of the programs of this name in `tests/peers`.
///
/// # Panics
///
/// As [`multus`].
#[track_caller]
pub fn build(name: &str) -> PathBuf {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/build");
    let output = Command::new(script)
        .arg(name)
        .output()
        .unwrap_or_else(|error| panic!("run {script}: {error}"));
    assert!(
        output.status.success(),
        "{script} {name} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().into()
}
