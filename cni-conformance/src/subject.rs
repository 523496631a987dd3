//! The plugin under test and what the suite has to know of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::Value;

use crate::Version;

/// What a plugin does for a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Makes the interface `CNI_IFNAME`, or brings it into the pod.
    Interface,
    /// Adjusts an interface that an earlier plugin of the chain made.
    Chained,
    /// Hands out addresses to another plugin.
    Ipam,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Interface, Self::Chained, Self::Ipam];

    /// As on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interface => "interface",
            Self::Chained => "chained",
            Self::Ipam => "ipam",
        }
    }
}

/// A plugin with a configuration.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The binary.
    pub plugin: PathBuf,
    /// The configuration of one plugin, with `${POD}` where the number of the pod goes.
    pub configuration: Value,
    /// What it does.
    pub kind: Kind,
    /// `CNI_PATH`
    pub cni_path: String,
    /// Shell commands that prepare the node.
    pub node_script: Option<String>,
    /// Shell commands that prepare the node for one pod, with `POD` and `NETNS` set.
    pub pod_script: Option<String>,
    /// Shell commands that list what the plugin keeps in a form that only it can read.
    pub state_script: Option<String>,
    /// Files that stay by design: absolute paths, or beginnings of some with `*` at the end.
    pub stays: Vec<String>,
    /// Versions to test, oldest first; all of them are advertised by the plugin.
    pub versions: Vec<Version>,
}

impl Subject {
    /// Reads a network configuration, or a list of one plugin.
    ///
    /// # Errors
    ///
    /// A sentence with the path.
    pub fn read_configuration(path: &Path) -> Result<Value, String> {
        let wrong = |what: String| format!("read the configuration {}: {what}", path.display());
        let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let value: Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if !value.is_object() {
            return Err(wrong("it is not a JSON object".into()));
        }
        let Some(plugins) = value.get("plugins") else {
            return Ok(value);
        };
        match plugins.as_array().map(Vec::as_slice) {
            Some([one]) if one.is_object() => {
                let mut plugin = one.clone();
                plugin["name"] = value["name"].clone();
                plugin["cniVersion"] = value["cniVersion"].clone();
                Ok(plugin)
            }
            _ => Err(wrong(
                "a list must have exactly one plugin, because the suite calls one plugin".into(),
            )),
        }
    }

    /// `type` of the configured IPAM plugin.
    pub fn ipam(&self) -> Option<&str> {
        self.configuration["ipam"]["type"].as_str()
    }

    /// Whether the configured IPAM plugin is a binary in `CNI_PATH`.
    pub fn calls_a_delegate(&self) -> bool {
        self.ipam().is_some_and(|name| {
            self.cni_path
                .split(':')
                .any(|folder| Path::new(folder).join(name).is_file())
        })
    }

    /// The newest tested version.
    pub fn newest(&self) -> Option<Version> {
        self.versions.last().copied()
    }

    /// Versions that the plugin advertises and the suite knows, oldest first.
    pub fn choose_versions(advertised: &[String], wanted: &[Version]) -> Vec<Version> {
        let advertised: BTreeSet<Version> = advertised
            .iter()
            .filter_map(|version| Version::parse(version))
            .filter(|version| wanted.is_empty() || wanted.contains(version))
            .collect();
        advertised.into_iter().collect()
    }
}
