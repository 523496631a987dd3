//! A folder for targets whose subject is a file.

use std::fs;
use std::path::{Path, PathBuf};

/// An empty folder, for one input; it goes away with it. `tests/fuzz/run` points `TMPDIR` at
/// memory: thousands of files a second need no disk.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes the folder. There is one in a process at a time.
    ///
    /// # Panics
    ///
    /// When `TMPDIR` cannot be written to.
    #[expect(
        clippy::new_without_default,
        reason = "a default that makes a folder would surprise"
    )]
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("plumb-fuzz-{}", std::process::id()));
        // An input that crashed the process left its own behind, and numbers come again.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).expect("TMPDIR is writable");
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
