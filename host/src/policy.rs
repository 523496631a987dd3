//! What the node's administrator allows: one file, `/etc/plumb/plumb.toml`.
//!
//! A network configuration is written by whoever may create a NetworkAttachmentDefinition: a tenant. Nothing in one
//! decides where root writes; what a tenant may use of the node is decided here.
//!
//! - [`file`](mod@file) and `read`: opening and understanding it
//! - [`folders`]: where plumb keeps things, and whether a network may name other folders
//! - `log`: where the trace goes
//! - [`networks`]: what networks may use of the node
//! - `wires`: where addresses must be unique

mod file;
mod folders;
mod log;
mod networks;
mod read;
mod wires;

use std::path::{Path, PathBuf};

use ipnetwork::IpNetwork;

pub use file::{DEFAULT_FILE, Reader};
pub use folders::{Folders, is_plain};
pub use log::{Level, Log, file_name};
pub use networks::{Networks, driver, function_names, links_of_default_route, names};
pub use wires::{NODE_SPACE, Wire, space_of_record};

/// What is allowed that the file does not mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// What the replaced plugins allow: for a node whose network configurations are all the administrator's own.
    #[default]
    Compatible,
    /// Nothing: for a node that tenants share.
    Shared,
}

/// The file, or what holds without one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Policy {
    /// What is allowed that is not mentioned.
    pub profile: Profile,
    /// The node's name in Kubernetes, see [`Policy::node_name`].
    pub node: Option<String>,
    /// The socket of the node's agent, where the file says that there is one, see [`Policy::agent_socket`].
    pub agent: Option<PathBuf>,
    /// Whether no pod is attached of which the agent has not said what its annotations ask for.
    pub needs_pod_choice: bool,
    /// Where plumb keeps things.
    pub folders: Folders,
    /// Where the trace goes.
    pub log: Log,
    /// What networks may use.
    pub networks: Networks,
    /// Wires that are separate from each other.
    pub wires: Vec<Wire>,
    /// The networks of the cluster's pods and services, to which a pod with its first interface on the fabric comes by the node.
    pub cluster_networks: Vec<IpNetwork>,
    /// Where all this was read; none when there is no file.
    pub file: Option<PathBuf>,
}

impl Policy {
    /// The node's name in Kubernetes: what the file says, else what a `variable` does (`NODE_NAME`), else the host's
    /// name. The kubelet registers a node by the host's name in lower case, unless it has `--hostname-override` or a
    /// cloud provider names the node.
    pub fn node_name(&self, variable: Option<&str>) -> String {
        match self.node.as_deref().or(variable) {
            Some(name) => name.to_owned(),
            None => nix::unistd::gethostname()
                .ok()
                .and_then(|name| name.into_string().ok())
                .unwrap_or_default()
                .trim()
                .to_lowercase(),
        }
    }

    /// Where the node's agent listens.
    pub fn agent_socket(&self) -> &Path {
        self.agent
            .as_deref()
            .unwrap_or(Path::new(plumb_protocol::SOCKET))
    }

    /// Whether the node has an agent: the file says so, or its socket is there.
    pub fn has_agent(&self) -> bool {
        self.agent.is_some() || self.needs_pod_choice || self.agent_socket().exists()
    }

    /// The file in words, for a refusal: what to change.
    pub fn place(&self) -> std::path::Display<'_> {
        self.file
            .as_deref()
            .unwrap_or(Path::new(DEFAULT_FILE))
            .display()
    }
}

#[cfg(test)]
mod tests;
