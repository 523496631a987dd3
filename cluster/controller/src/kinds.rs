//! The kinds that the controller reads and writes. All are objects of any shape to it: one that is malformed must not stop
//! the others, as it would if a list of them were of one type.

use kube::api::{ApiResource, DynamicObject, GroupVersionKind};
use kube::{Api, Client};
use plumb_resources::{
    ATTACHMENT_KIND, COORDINATOR_KIND, GROUP, MULTUS_CONFIG_KIND, POOL_KIND, RESERVED_KIND,
    SUBNET_KIND, USERS_GROUP, USERS_VERSION, VERSION,
};

/// A kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `SpiderMultusConfig`
    Network,
    /// `NetworkAttachmentDefinition`
    Attachment,
    /// `SpiderIPPool`
    Pool,
    /// `SpiderReservedIP`
    Reserved,
    /// `SpiderCoordinator`
    Coordinator,
    /// `SpiderSubnet`
    Subnet,
    /// `IPBlock`
    Block,
    /// `PoolState`
    PoolState,
}

impl Kind {
    /// Group, version, kind, and the name in paths.
    const fn names(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Network => (
                USERS_GROUP,
                USERS_VERSION,
                MULTUS_CONFIG_KIND,
                "spidermultusconfigs",
            ),
            Self::Attachment => (
                "k8s.cni.cncf.io",
                "v1",
                ATTACHMENT_KIND,
                "network-attachment-definitions",
            ),
            Self::Pool => (USERS_GROUP, USERS_VERSION, POOL_KIND, "spiderippools"),
            Self::Reserved => (
                USERS_GROUP,
                USERS_VERSION,
                RESERVED_KIND,
                "spiderreservedips",
            ),
            Self::Coordinator => (
                USERS_GROUP,
                USERS_VERSION,
                COORDINATOR_KIND,
                "spidercoordinators",
            ),
            Self::Subnet => (USERS_GROUP, USERS_VERSION, SUBNET_KIND, "spidersubnets"),
            Self::Block => (GROUP, VERSION, "IPBlock", "ipblocks"),
            Self::PoolState => (GROUP, VERSION, "PoolState", "poolstates"),
        }
    }

    /// As a client addresses it.
    pub fn resource(self) -> ApiResource {
        let (group, version, kind, plural) = self.names();
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
    }

    /// Its name, as in a manifest.
    pub fn name(self) -> &'static str {
        self.names().2
    }

    /// Its name in paths and rules.
    pub fn plural(self) -> &'static str {
        self.names().3
    }

    /// `apiVersion`
    pub fn version(self) -> String {
        let (group, version, ..) = self.names();
        format!("{group}/{version}")
    }

    /// Objects of all namespaces.
    pub fn all(self, client: &Client) -> Api<DynamicObject> {
        Api::all_with(client.clone(), &self.resource())
    }

    /// Objects of a namespace; of the cluster where none is named.
    pub fn of(self, client: &Client, namespace: Option<&str>) -> Api<DynamicObject> {
        match namespace {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &self.resource()),
            None => self.all(client),
        }
    }
}
