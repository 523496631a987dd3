//! What the plugins that plumb replaces wrote down of the functions that they gave to pods.
//!
//! sriov-cni, ib-sriov-cni and rdma-cni keep a file for each interface below `/var/lib/cni` until their own DEL: what the
//! function was like before, and where it is. When plumb is put in their place on a node with pods, it is plumb that
//! deletes these pods, and nothing else knows to what their functions belong back. Such a file is made a hold, as if plumb
//! had taken the function itself; from there on there is the one way back, with its locks and its patience.
//!
//! The files are another program's: they are only read from folders that root alone can write to, up to a size, and each
//! value is checked before it becomes part of a path or of a message to the kernel.

mod adopt;
mod cache;
mod ib_sriov;
mod rdma;
mod sriov;

use std::fs;
use std::path::{Path, PathBuf};

use plumb_values::DeviceId;
use serde_json::Value;

use crate::attachment::Attachment;
use crate::trace::Trace;

pub use adopt::{
    adopt_of_attachment, adopt_of_function, adopt_of_network, fresh_settings, mend_of_attachment,
};
pub use cache::{Cache, Known};

/// Where all three keep their folders.
const FOLDER: &str = "/var/lib/cni";

/// A plugin that plumb replaces.
#[derive(Debug)]
pub struct Plugin {
    /// As people know it.
    pub name: &'static str,
    /// Its folder below `/var/lib/cni`.
    folder: &'static str,
    /// Whether its files have the network in their names; without it, container and interface are all.
    names_network: bool,
    /// Understands a file.
    read: fn(&Value) -> Result<Known, String>,
}

/// Those that give a netdev to the pod, and the one that comes later in a chain.
static PLUGINS: [Plugin; 3] = [
    Plugin {
        name: "sriov-cni",
        folder: "sriov",
        names_network: false,
        read: sriov::read,
    },
    Plugin {
        name: "ib-sriov-cni",
        folder: "ib-sriov",
        names_network: false,
        read: ib_sriov::read,
    },
    Plugin {
        name: "rdma-cni",
        folder: "rdma",
        names_network: true,
        read: rdma::read,
    },
];

impl Plugin {
    /// What it calls the file of an attachment.
    fn file_name(&self, attachment: &Attachment) -> String {
        let interface = format!("{}-{}", attachment.container_id, attachment.interface_name);
        match self.names_network {
            true => format!("{}-{interface}", attachment.network),
            false => interface,
        }
    }
}

/// The files of a node.
pub struct Caches<'a> {
    folder: PathBuf,
    trace: &'a Trace,
}

impl<'a> Caches<'a> {
    /// Those of this node.
    pub fn of_node(trace: &'a Trace) -> Self {
        Self::at(Path::new(FOLDER), trace)
    }

    /// Those below a folder.
    pub fn at(folder: &Path, trace: &'a Trace) -> Self {
        Self {
            folder: folder.to_owned(),
            trace,
        }
    }

    /// The files of an attachment: that of rdma-cni where a plugin of its type is meant, else those of the others.
    pub fn of_attachment(&self, attachment: &Attachment) -> Vec<Cache> {
        let is_meant =
            |plugin: &&'static Plugin| plugin.names_network == attachment.plugin.is_some();
        let plugins = PLUGINS.iter().filter(is_meant);
        plugins
            .filter_map(|plugin| self.read(plugin, &plugin.file_name(attachment)))
            .collect()
    }

    /// A file of an attachment that is there and cannot be used, with whose it is.
    pub fn damaged_of_attachment(
        &self,
        attachment: &Attachment,
    ) -> Option<(PathBuf, &'static str)> {
        let mut plugins = PLUGINS.iter().filter(|plugin| !plugin.names_network);
        plugins.find_map(|plugin| {
            let path = self.path(plugin, &plugin.file_name(attachment));
            Cache::read(plugin, &path)
                .err()
                .map(|_| (path, plugin.name))
        })
    }

    fn path(&self, plugin: &Plugin, name: &str) -> PathBuf {
        self.folder.join(plugin.folder).join(name)
    }

    /// All files about a function, the oldest first.
    pub fn of_function(&self, address: &DeviceId) -> Vec<Cache> {
        let mut caches = self.all();
        caches.retain(|cache| cache.known.address == *address);
        caches
    }

    /// All of them, the oldest first.
    pub fn all(&self) -> Vec<Cache> {
        let mut caches: Vec<Cache> = Vec::new();
        for plugin in &PLUGINS {
            let names = self.names(plugin);
            caches.extend(names.iter().filter_map(|name| self.read(plugin, name)));
        }
        caches.sort_by_key(|cache| cache.modified);
        caches
    }

    /// The names of a plugin's files. Most nodes have no such folder.
    fn names(&self, plugin: &Plugin) -> Vec<String> {
        let folder = self.folder.join(plugin.folder);
        let Ok(entries) = fs::read_dir(folder) else {
            return Vec::new();
        };
        let files = entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
        let names = files.filter_map(|entry| entry.file_name().into_string().ok());
        names.take(cache::MOST_FILES).collect()
    }

    /// One file; none where it is not there. One that cannot be used is reported and stays where it is, for a person.
    fn read(&self, plugin: &'static Plugin, name: &str) -> Option<Cache> {
        let path = self.path(plugin, name);
        match Cache::read(plugin, &path) {
            Ok(cache) => cache,
            Err(reason) => {
                self.trace.warning(format_args!(
                    "{} of {} is not used: {reason}; what the function of its pod was like before is not known",
                    path.display(),
                    plugin.name
                ));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
