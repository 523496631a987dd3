//! The plugin under test, and what the harness has to know of it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Folder of the CNI project's own plugins as Debian has them (`containernetworking-plugins`).
pub const PACKAGED_PLUGINS: &str = "/usr/lib/cni";

/// Lists what a plugin holds that is not to be seen from the outside, one entry a line.
pub type Kept = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// A plugin. A node makes its calls with it, and the oracle looks for what it leaves.
#[derive(Clone)]
pub struct Plugin {
    /// The binary.
    pub program: PathBuf,
    /// `CNI_PATH`
    pub cni_path: String,
    /// Files that stay by design: absolute paths, or the beginnings of some, with `*` at
    /// the end.
    pub stays: Vec<String>,
    /// What it keeps in a form that only it can read, such as the leases in a data base.
    pub kept: Option<Kept>,
}

impl Plugin {
    /// A plugin that keeps nothing but files, all of which it removes.
    pub fn new(program: impl Into<PathBuf>, cni_path: &str) -> Self {
        Self {
            program: program.into(),
            cni_path: cni_path.to_owned(),
            stays: Vec::new(),
            kept: None,
        }
    }

    /// One of Debian's plugins, by its name.
    pub fn packaged(name: &str) -> Self {
        Self::new(Path::new(PACKAGED_PLUGINS).join(name), PACKAGED_PLUGINS)
    }

    /// Whether a file stays by design.
    pub(crate) fn leaves(&self, path: &Path) -> bool {
        let path = path.to_string_lossy();
        self.stays
            .iter()
            .any(|pattern| match pattern.strip_suffix('*') {
                Some(beginning) => path.starts_with(beginning),
                None => path == *pattern,
            })
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Plugin")
            .field("program", &self.program)
            .field("cni_path", &self.cni_path)
            .field("stays", &self.stays)
            .finish_non_exhaustive()
    }
}
