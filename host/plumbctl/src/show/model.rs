//! What is shown of a pod: gathered first, then printed as text, JSON or a picture. Its JSON is what programs read.

use std::fmt;
use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb::attachment::PodIdentity;
use serde::Serialize;

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// Its name, when the runtime reported one.
    pub pod: Option<PodIdentity>,
    /// `CNI_CONTAINERID`
    #[serde(rename = "containerID")]
    pub container_id: String,
    /// The path of its namespace when it was attached.
    pub netns: String,
    /// What has become of the namespace.
    pub netns_state: NetnsState,
    /// Those of the kernel in its order, then those that only the record knows.
    pub interfaces: Vec<Interface>,
    /// What could not be read, a sentence each.
    pub problems: Vec<String>,
}

/// What has become of a pod's namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum NetnsState {
    /// It is there, and its kernel was asked.
    Present,
    /// It has ended.
    Gone,
    /// Somebody keeps it where no way leads to it.
    Kept,
}

/// An interface of the pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Interface {
    /// Its name in the pod, as the record has it where there is one.
    pub name: String,
    /// The attachments that are about it; none: it is another plugin's.
    pub attachments: Vec<Attachment>,
    /// What the record made of it, such as `macvlan, mode bridge`.
    pub flavour: Option<String>,
    /// As the kernel shows it; none when the pod does not have it.
    pub link: Option<Link>,
    /// Those of the record and of the kernel.
    pub addresses: Vec<Address>,
    /// The table of its own.
    pub table: Option<u32>,
    /// The routes of that table by it.
    pub routes: Vec<Route>,
    /// The rules that select what has its addresses, or lead to its table.
    pub rules: Vec<Rule>,
    /// The next hops of its routes.
    pub gateways: Vec<Gateway>,
    /// The link below it; for a virtual function that of the physical one.
    pub parent: Option<Parent>,
    /// The PCI function that it is, or that its parent is.
    pub function: Option<Function>,
    /// The port's, on InfiniBand.
    pub guid: Option<String>,
    /// The partition, on InfiniBand, such as `0x8001`.
    pub partition_key: Option<String>,
    /// What plumb has set of it.
    pub sysctls: Vec<Sysctl>,
    /// What is not as the record says.
    pub differences: Vec<Difference>,
}

/// An attachment, by its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// `name` of its configuration.
    pub network: String,
    /// The plugin, for one that works on the interface of an earlier one of its chain.
    pub plugin: Option<String>,
    /// `attached`, `incomplete`, `stuck` or `pod gone`.
    pub condition: String,
    /// When its ADD began.
    pub since: String,
}

/// A link as the kernel shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// Its name now.
    pub name: String,
    /// Such as `macvlan`; hardware has none.
    pub kind: Option<String>,
    /// Set up by the administrator.
    pub up: bool,
    /// Has carrier.
    pub carrier: bool,
    /// Bytes.
    pub mtu: u32,
    /// The hardware address: six bytes on Ethernet, twenty on InfiniBand.
    pub mac: String,
}

/// Where something stands: in the record, in the pod, or in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Places {
    /// Whether the record has it.
    pub recorded: bool,
    /// Whether the pod's kernel has it; none where it cannot be asked.
    pub in_pod: Option<bool>,
}

/// An address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// With its prefix.
    pub address: IpNetwork,
    /// The pool of its lease.
    pub pool: Option<String>,
    /// The IPAM plugin of another maker that was asked for it.
    pub ipam_plugin: Option<String>,
    /// Where it stands.
    #[serde(flatten)]
    pub places: Places,
}

/// A route of an interface's own table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// Such as `default (ipv4) via 172.16.11.254 table 100`.
    pub text: String,
    /// Where it stands.
    #[serde(flatten)]
    pub places: Places,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Lower goes first.
    pub priority: Option<u32>,
    /// Such as `from 172.16.11.10/32 lookup 100`.
    pub text: String,
    /// The table that it looks up.
    pub table: u32,
    /// Where it stands.
    #[serde(flatten)]
    pub places: Places,
}

/// A gateway, and what the pod's kernel knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gateway {
    /// Its address.
    pub address: IpAddr,
    /// `reachable`, `stale`, `failed` and others of ip-neighbour(8); `not asked lately` without an entry; none where the kernel
    /// cannot be asked.
    pub state: Option<String>,
    /// Its hardware address, once it has answered.
    pub mac: Option<String>,
}

/// The link below an interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Parent {
    /// Its name now; that of the record where it is gone.
    pub name: String,
    /// Whether it lies in the pod instead of on the host.
    pub in_pod: bool,
    /// As the kernel shows it; none where it is gone.
    pub link: Option<Link>,
    /// The links below it on the host, such as the port of a VLAN.
    pub carriers: Vec<String>,
    /// Mbit/s, where its driver says.
    pub speed: Option<u32>,
}

/// A PCI function.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Function {
    /// Such as `0000:3b:00.2`.
    pub address: String,
    /// Whether the node has it.
    pub present: bool,
    /// Such as `mlx5_core`.
    pub driver: Option<String>,
    /// For a virtual function: the address of the physical one.
    pub physical_function: Option<String>,
    /// For a virtual function: its number below that.
    pub number: Option<u32>,
    /// The NUMA node that it is next to.
    pub numa_node: Option<u32>,
    /// Its RDMA devices.
    pub rdma_devices: Vec<RdmaDevice>,
}

/// An RDMA device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RdmaDevice {
    /// Such as `mlx5_2`.
    pub name: String,
    /// Whether it was moved into the pod.
    pub in_pod: bool,
}

/// A sysctl of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sysctl {
    /// Such as `net.ipv4.conf.net1.arp_ignore`.
    pub name: String,
    /// What plumb has set.
    pub value: String,
    /// What it is; none where it cannot be read.
    pub now: Option<String>,
}

/// What is not as the record says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// What the record says.
    pub record: String,
    /// Who has something else: `pod`, `node` or `leases`.
    pub place: &'static str,
    /// What there is instead.
    pub found: String,
}

impl Difference {
    /// Something else is in the pod.
    pub fn in_pod(record: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            record: record.into(),
            place: "pod",
            found: found.into(),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has = match self.place {
            "leases" => "the lease store has",
            "node" => "the node has",
            _ => "the pod has",
        };
        let Self { record, found, .. } = self;
        write!(formatter, "record says {record}, {has} {found}")
    }
}

impl Shown {
    /// The pod's name with its namespace, else the container.
    pub fn title(&self) -> String {
        match &self.pod {
            Some(pod) => format!("pod {pod}"),
            None => format!("container {}", self.container_id),
        }
    }
}
