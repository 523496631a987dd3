//! Who is attached to what: the identities that every part of the program shares.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::leases;

/// What an attachment is known by: one interface of one container on one network.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Attachment {
    /// `name` of the configuration.
    pub network: String,
    /// `CNI_CONTAINERID`
    pub container_id: String,
    /// `CNI_IFNAME`
    pub interface_name: String,
    /// The plugin, when it is one that works on the interface of an earlier plugin of its
    /// chain: network, container and interface are the same for both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
}

impl Attachment {
    /// Whether both are about the same interface, by whatever plugin of a chain.
    pub fn is_interface_of(&self, other: &Self) -> bool {
        self.network == other.network
            && self.container_id == other.container_id
            && self.interface_name == other.interface_name
    }

    /// Parses what `Display` writes, of an attachment that makes its interface.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let attachment = Self {
            network: parts.next()?.to_owned(),
            container_id: parts.next()?.to_owned(),
            interface_name: parts.next()?.to_owned(),
            plugin: None,
        };
        parts.next().is_none().then_some(attachment)
    }

    /// The interface and the plugin, as the record's file is called. The name of an
    /// interface has no colon.
    pub fn file_name(&self) -> String {
        match &self.plugin {
            Some(plugin) => format!("{}:{plugin}", self.interface_name),
            None => self.interface_name.clone(),
        }
    }
}

impl fmt::Display for Attachment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}/{}/{}",
            self.network,
            self.container_id,
            self.file_name()
        )
    }
}

impl From<&Attachment> for leases::Owner {
    fn from(attachment: &Attachment) -> Self {
        Self {
            network: attachment.network.clone(),
            container_id: attachment.container_id.clone(),
            interface_name: attachment.interface_name.clone(),
        }
    }
}

impl From<leases::Owner> for Attachment {
    fn from(owner: leases::Owner) -> Self {
        Self {
            network: owner.network,
            container_id: owner.container_id,
            interface_name: owner.interface_name,
            plugin: None,
        }
    }
}

impl From<&PodIdentity> for leases::Pod {
    fn from(pod: &PodIdentity) -> Self {
        Self {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
        }
    }
}

/// The pod as its runtime names it (`K8S_POD_*` in `CNI_ARGS`; podman gives a name alone).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodIdentity {
    /// `K8S_POD_NAMESPACE`
    pub namespace: String,
    /// `K8S_POD_NAME`
    pub name: String,
    /// `K8S_POD_UID`
    pub uid: String,
}

impl fmt::Display for PodIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        leases::Pod::from(self).fmt(formatter)
    }
}
