//! Multus and cnitool, built by `tests/runtimes/tools`.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The folder that has the programs.
pub struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Finds the programs, or builds them. Ask for them before the test has a node: a node
    /// has no way to the modules' sources.
    ///
    /// # Panics
    ///
    /// With what the script says, when it cannot build them.
    #[track_caller]
    pub fn find() -> &'static Self {
        static TOOLS: OnceLock<Tools> = OnceLock::new();
        TOOLS.get_or_init(|| {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tools");
            let output = Command::new(script)
                .output()
                .unwrap_or_else(|error| panic!("run {script}: {error}"));
            assert!(
                output.status.success(),
                "{script} failed: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            Tools {
                folder: String::from_utf8_lossy(&output.stdout).trim().into(),
            }
        })
    }

    /// The thin plugin of Multus.
    pub fn multus(&self) -> PathBuf {
        self.folder.join("multus")
    }

    /// libcni's own command.
    pub fn cnitool(&self) -> PathBuf {
        self.folder.join("cnitool")
    }
}
