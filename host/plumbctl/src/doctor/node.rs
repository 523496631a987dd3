//! What the checks look at.

use std::path::PathBuf;

use plumb::kernel::Sysfs;
use plumb::policy::{Policy, Reader};
use plumb::state::StateFolder;

/// The node.
pub struct Node {
    /// Reads the policy.
    pub reader: Reader,
    /// Of a policy that cannot be read the folders, as far as they are understood.
    pub policy: Policy,
    /// What plumb knows between two calls.
    pub state: StateFolder,
    /// Where runtimes look for plugins.
    pub plugins: PathBuf,
    /// Where runtimes look for network configurations.
    pub configurations: PathBuf,
    /// Where the kernel's modules are.
    pub modules: PathBuf,
    /// The devices.
    pub sysfs: Sysfs,
}

impl Node {
    /// What to call a folder of the policy in a remedy: its key and the file.
    pub fn key(&self, key: &str) -> String {
        format!("{key} in {}", self.policy.place())
    }
}
