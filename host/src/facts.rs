//! What can be known of the devices: asked of the kernel, or read from a file so that a
//! plan can be made and tested anywhere (`plumbctl plan --facts`).

mod kernel;
mod recorded;

use ipnetwork::IpNetwork;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::kernel::rdma::NamespaceMode;
use crate::kernel::route::Route;
use crate::kernel::rule::Rule;

pub use kernel::KernelFacts;
pub use recorded::RecordedFacts;

/// Which network namespace is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// The node's.
    Host,
    /// The pod's.
    Pod,
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Host => "the host",
            Self::Pod => "the pod",
        })
    }
}

/// A link, as components see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LinkFacts {
    /// Its name.
    pub name: String,
    /// Its index.
    pub index: u32,
    /// `ARPHRD_*` (linux/if_arp.h); 1 is Ethernet, 32 InfiniBand.
    #[serde(default = "ethernet")]
    pub hardware_type: u16,
    /// Other names that it goes by.
    #[serde(default)]
    pub alternative_names: Vec<String>,
    /// Such as `macvlan`; hardware has none.
    #[serde(default)]
    pub kind: Option<String>,
    /// As text.
    pub mac: String,
    /// Bytes.
    pub mtu: u32,
    /// Set up by the administrator.
    #[serde(default = "yes")]
    pub up: bool,
    /// Has carrier.
    #[serde(default = "yes")]
    pub carrier: bool,
    /// The device below it.
    #[serde(default)]
    pub pci: Option<String>,
    /// RDMA devices of the same function.
    #[serde(default)]
    pub rdma_devices: Vec<String>,
    /// Partition keys of the InfiniBand port below it.
    #[serde(default)]
    pub partition_keys: Vec<u16>,
    /// Text that an administrator, or plumb, gave it (`IFLA_IFALIAS`).
    #[serde(default)]
    pub alias: Option<String>,
}

impl LinkFacts {
    /// A link of the host that is to be made: its index is no link's, and a hardware address it has none.
    pub fn to_come(name: &str, kind: &str, mtu: u32) -> Self {
        Self {
            name: name.to_owned(),
            index: 0,
            hardware_type: ethernet(),
            alternative_names: Vec::new(),
            kind: Some(kind.to_owned()),
            mac: String::new(),
            mtu,
            up: false,
            carrier: false,
            pci: None,
            rdma_devices: Vec::new(),
            partition_keys: Vec::new(),
            alias: None,
        }
    }
}

/// A PCI function, or a part of one, as components see it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PciFacts {
    /// Such as `0000:3b:00.2`, or the name of an auxiliary device such as `mlx5_core.sf.4`.
    pub address: String,
    /// For an auxiliary device: the address of the PCI function that it is a part of.
    #[serde(default)]
    pub part_of: Option<String>,
    /// Such as `mlx5_core` or `vfio-pci`.
    #[serde(default)]
    pub driver: Option<String>,
    /// For a virtual function: its place below the physical one.
    #[serde(default)]
    pub virtual_function: Option<VirtualFunction>,
    /// Its netdevs on the host, without IPoIB children and without those that stand for its virtual functions on the
    /// adapter's switch.
    #[serde(default)]
    pub links: Vec<LinkFacts>,
    /// Its RDMA devices on the host.
    #[serde(default)]
    pub rdma_devices: Vec<String>,
    /// The netdev of the physical function, or of the one that an auxiliary device is a part of.
    #[serde(default)]
    pub parent_link: Option<LinkFacts>,
    /// Its NUMA node.
    #[serde(default)]
    pub numa_node: Option<u32>,
}

/// A virtual function's place below its physical function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VirtualFunction {
    /// PCI address of the physical function.
    pub parent: String,
    /// From 0 (`virtfnN`).
    pub index: u32,
}

/// How a pod routes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodRouting {
    /// Its interfaces, without the loopback.
    pub interfaces: Vec<PodInterface>,
    /// Its rules that look a table up.
    pub rules: Vec<Rule>,
}

/// An interface of a pod, as far as it routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodInterface {
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpNetwork>,
    /// The routes by it of all tables but the local one.
    pub routes: Vec<Route>,
}

/// `ARPHRD_LOOPBACK` (linux/if_arp.h)
pub const LOOPBACK: u16 = 772;

fn ethernet() -> u16 {
    crate::kernel::link::ETHERNET
}

fn yes() -> bool {
    true
}

/// A source of facts. Nothing here changes anything.
pub trait Facts {
    /// The link of this name, if there is one.
    fn link(&self, place: Place, name: &str) -> Result<Option<LinkFacts>>;
    /// The names of all links.
    fn link_names(&self, place: Place) -> Result<Vec<String>>;
    /// All links, without the loopback.
    fn links(&self, place: Place) -> Result<Vec<LinkFacts>>;
    /// The link of the default route in the main table: the IPv4 one, else the IPv6 one.
    fn default_route_link(&self, place: Place) -> Result<Option<LinkFacts>>;
    /// The PCI function or auxiliary device of a checked [`DeviceId`](plumb_values::DeviceId), if there is one.
    fn pci_function(&self, id: &str) -> Result<Option<PciFacts>>;
    /// The NUMA node of a link's device.
    fn numa_node(&self, place: Place, link: &LinkFacts) -> Option<u32>;
    /// The speed of a link in Mbit/s; none without carrier and where the driver does not say.
    fn speed(&self, place: Place, link: &LinkFacts) -> Option<u32>;
    /// The addresses of a link.
    fn addresses(&self, place: Place, link: &LinkFacts) -> Result<Vec<IpNetwork>>;
    /// The links of the host that one of them consists of or is on: a bond's members, a VLAN's parent.
    fn links_below(&self, link: &LinkFacts) -> Result<Vec<LinkFacts>>;
    /// The addresses of all links of the host.
    fn host_addresses(&self) -> Result<Vec<IpNetwork>>;
    /// The routes by a link of all tables but the local one.
    fn routes(&self, place: Place, link: &LinkFacts) -> Result<Vec<Route>>;
    /// How the pod routes; nothing for a plan that is made without a pod.
    fn pod_routing(&self) -> Result<PodRouting>;
    /// How RDMA devices relate to network namespaces.
    fn rdma_namespace_mode(&self) -> Result<NamespaceMode>;
}
