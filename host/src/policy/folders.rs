//! Where plumb keeps things.

use std::path::{Component, Path, PathBuf};

use super::Policy;
use crate::cni::{Configuration, Verb};
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
    /// Traces.
    pub log: PathBuf,
    /// Where Multus may have information about devices written ("Device Information Specification" 1.1.0, 3.2).
    pub device_info: PathBuf,
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
            log: "/var/log/plumb".into(),
            device_info: "/run/k8s.cni.cncf.io/devinfo".into(),
            chosen_by_networks: false,
        }
    }
}

impl Policy {
    /// The folders of one call: the node's, or those that the network names, where it may. And the keys of those that
    /// are left out of account: for DEL and GC, because a pod that could not be attached by one has nothing there.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_CONFIGURATION`](crate::Code::INVALID_CONFIGURATION) for a folder that a network may not name.
    pub fn folders_of(
        &self,
        verb: Verb,
        configuration: &Configuration,
    ) -> Result<(Folders, Vec<String>)> {
        let mut folders = self.folders.clone();
        let mut unused = Vec::new();
        let ipam = configuration.ipam();
        let keys = &configuration.lower;
        let named = [
            ("stateFolder", keys.get("statefolder"), &mut folders.state),
            (
                "componentFolder",
                keys.get("componentfolder"),
                &mut folders.components,
            ),
            (
                "ipam.poolFolder",
                ipam.and_then(|ipam| ipam.get("poolfolder")),
                &mut folders.pools,
            ),
        ];
        for (key, value, folder) in named {
            let Some(value) = value.filter(|value| !value.is_null() && *value != "") else {
                continue;
            };
            let path = value.as_str().map(Path::new).filter(|path| is_plain(path));
            match path {
                // The node's own, spelled out.
                Some(path) if path == folder => {}
                Some(path) if self.folders.chosen_by_networks => path.clone_into(folder),
                _ if matches!(verb, Verb::Del | Verb::Gc) => {
                    unused.push(format!("{key:?} {value}"))
                }
                Some(_) => {
                    return Err(Error::configuration(format!(
                        "a network may not choose {key:?} ({value}): this node uses {}, and folders.chosen-by-networks \
                         in {} would allow another",
                        folder.display(),
                        self.place()
                    )));
                }
                None => {
                    return Err(Error::configuration(format!(
                        "{key:?} must be an absolute path without \"..\", not {value}"
                    )));
                }
            }
        }
        Ok((folders, unused))
    }

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
pub(super) fn is_plain(path: &Path) -> bool {
    path.is_absolute()
        && path
            .components()
            .all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
}
