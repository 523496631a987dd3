//! Multus and cnitool, built by `tests/peers/build`.

use std::path::PathBuf;

use plumb_tests::peers;

/// The folder that has the programs.
pub struct Tools {
    folder: &'static PathBuf,
}

impl Tools {
    /// Finds the programs, or builds them. Ask for them before the test has a node: a node
    /// has no way to the modules' sources.
    ///
    /// # Panics
    ///
    /// With what the script says, when it cannot build them.
    #[track_caller]
    pub fn find() -> Self {
        Self {
            folder: peers::multus(),
        }
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
