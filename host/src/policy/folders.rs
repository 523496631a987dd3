//! Where plumb keeps things.

use std::path::{Component, Path, PathBuf};

use super::Policy;
use crate::{Error, Result};

/// The folders of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// Records and leases. Pods, their namespaces and leases do not outlive a boot, so neither does `/run`.
    pub state: PathBuf,
    /// Vendors' components.
    pub components: PathBuf,
    /// Pools of networks that state none themselves.
    pub pools: PathBuf,
    /// What the agent says of each pod of the node.
    pub pods: PathBuf,
    /// Traces.
    pub log: PathBuf,
    /// Where Multus may have information about devices written ("Device Information Specification" 1.1.0, 3.2).
    pub device_info: PathBuf,
    /// The kubelet's, where it remembers which pod has which device.
    pub kubelet: PathBuf,
    /// Whether a network may name its own with `stateFolder`, `componentFolder` and `poolFolder`: it then decides where
    /// root writes and what root runs.
    pub chosen_by_networks: bool,
}

impl Default for Folders {
    fn default() -> Self {
        Self {
            state: "/run/plumb".into(),
            components: "/var/lib/plumb/components".into(),
            pools: "/etc/plumb/pools".into(),
            pods: "/run/plumb/pods".into(),
            log: "/var/log/plumb".into(),
            device_info: "/run/k8s.cni.cncf.io/devinfo".into(),
            kubelet: "/var/lib/kubelet".into(),
            chosen_by_networks: false,
        }
    }
}

impl Policy {
    /// The file that Multus wants information about a device in.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_CONFIGURATION`](crate::Code::INVALID_CONFIGURATION) for a path that is not below the folder for such files.
    pub fn check_device_info(&self, path: &Path) -> Result<PathBuf> {
        // What a distribution has as a link to /run.
        let path = match path.strip_prefix("/var/run") {
            Ok(rest) => Path::new("/run").join(rest),
            Err(_) => path.to_owned(),
        };
        let folder = &self.folders.device_info;
        if is_plain(&path) && path.starts_with(folder) && path != *folder {
            return Ok(path);
        }
        Err(Error::configuration(format!(
            "runtimeConfig.CNIDeviceInfoFile must be a file below {} (folders.device-info in {}), not {}",
            folder.display(),
            self.place(),
            path.display()
        )))
    }
}

/// Whether a path is absolute and leads nowhere but down.
pub fn is_plain(path: &Path) -> bool {
    path.is_absolute()
        && path
            .components()
            .all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
}
