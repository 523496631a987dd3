//! Devices as they usually are. A test changes what it is about.

use plumb_values::{Guid, HardwareAddress, IpNetwork, Mac, PciAddress};

use super::{RouteFacts, host};
use crate::facts::{Link, LinkType, PciFunction, Place};

/// A network interface; see the methods of [`Link`](crate::facts::Link).
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "each is the method of the same name")]
pub struct LinkFacts {
    pub name: String,
    pub index: u32,
    pub alternative_names: Vec<String>,
    pub link_type: LinkType,
    pub kind: Option<String>,
    pub mac: HardwareAddress,
    pub mtu: u32,
    pub is_up: bool,
    pub has_carrier: bool,
    pub pci_address: Option<PciAddress>,
    pub rdma_devices: Vec<String>,
    pub partition_keys: Vec<u16>,
    pub numa_node: Option<u32>,
    pub speed: Option<u32>,
    pub addresses: Vec<IpNetwork>,
    pub routes: Vec<RouteFacts>,
}

/// A PCI function; see the methods of [`PciFunction`](crate::facts::PciFunction).
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "each is the method of the same name")]
pub struct PciFacts {
    pub address: PciAddress,
    pub auxiliary_name: Option<String>,
    pub driver: Option<String>,
    pub parent: Option<PciAddress>,
    pub number: Option<u32>,
    pub links: Vec<LinkFacts>,
    pub rdma_devices: Vec<String>,
    pub parent_link: Option<LinkFacts>,
    pub numa_node: Option<u32>,
}

impl PciFacts {
    /// As in [`PciFunction::id`].
    pub(super) fn id(&self) -> String {
        match &self.auxiliary_name {
            Some(name) => name.clone(),
            None => self.address.to_string(),
        }
    }
}

/// A handle that no call was given, for tests of a single function: an interface of the node.
impl From<LinkFacts> for Link {
    fn from(facts: LinkFacts) -> Self {
        let place = Place::Host;
        Self(host::facts::Link { place, facts })
    }
}

/// As for an interface.
impl From<PciFacts> for PciFunction {
    fn from(facts: PciFacts) -> Self {
        Self(host::facts::PciFunction { facts })
    }
}

/// An Ethernet interface that is up, with carrier and an MTU of 1500 bytes.
pub fn link(name: &str) -> LinkFacts {
    LinkFacts {
        name: name.to_owned(),
        index: 2,
        alternative_names: Vec::new(),
        link_type: LinkType::Ethernet,
        kind: None,
        mac: Mac::new([0x02, 0, 0, 0, 0, 0x01]).into(),
        mtu: 1500,
        is_up: true,
        has_carrier: true,
        pci_address: None,
        rdma_devices: Vec::new(),
        partition_keys: Vec::new(),
        numa_node: None,
        speed: None,
        addresses: Vec::new(),
        routes: Vec::new(),
    }
}

/// An IPoIB interface that is up, with carrier, the GUID `02:00:00:00:00:00:00:01`, an MTU of
/// 2044 bytes, the RDMA device `mlx5_0`, and the default partition in its port's table.
pub fn infiniband_link(name: &str) -> LinkFacts {
    LinkFacts {
        link_type: LinkType::Infiniband,
        kind: Some("ipoib".to_owned()),
        mac: infiniband_address(Guid::new([0x02, 0, 0, 0, 0, 0, 0, 0x01])),
        mtu: 2044,
        rdma_devices: vec!["mlx5_0".to_owned()],
        partition_keys: vec![0xffff],
        ..link(name)
    }
}

/// The hardware address of an IPoIB interface whose port has this GUID: flags and the number of
/// the queue pair, then the GID, which is the default subnet prefix and the GUID.
pub fn infiniband_address(port: Guid) -> HardwareAddress {
    let mut bytes = vec![0x80, 0, 0, 0x48, 0xfe, 0x80, 0, 0, 0, 0, 0, 0];
    bytes.extend(port.bytes());
    HardwareAddress::from(bytes)
}

/// The first virtual function of `0000:3b:00.0`, whose interface is `ens1f0np0`: bound to
/// `mlx5_core`, with the Ethernet interface `ens1f0v0` and the RDMA device `mlx5_2`.
///
/// # Panics
///
/// When the address is none.
pub fn virtual_function(address: &str) -> PciFacts {
    function_with_links(address, link("ens1f0v0"), link("ens1f0np0"))
}

/// The first virtual function of `0000:3b:00.0`, whose interface is `ib0`: bound to
/// `mlx5_core`, with the IPoIB interface `ib1` and the RDMA device `mlx5_2`.
///
/// # Panics
///
/// When the address is none.
pub fn infiniband_virtual_function(address: &str) -> PciFacts {
    function_with_links(address, infiniband_link("ib1"), infiniband_link("ib0"))
}

/// A scalable function of `0000:3b:00.0`, whose interface is `ens1f0np0`: bound to `mlx5_core.sf`, with the Ethernet
/// interface `enp59s0f0s4` and the RDMA device `mlx5_4`.
pub fn scalable_function(name: &str) -> PciFacts {
    let uplink = link("ens1f0np0");
    let rdma_devices = vec!["mlx5_4".to_owned()];
    let own = LinkFacts {
        rdma_devices: rdma_devices.clone(),
        ..link("enp59s0f0s4")
    };
    PciFacts {
        auxiliary_name: Some(name.to_owned()),
        driver: Some("mlx5_core.sf".to_owned()),
        parent: None,
        number: None,
        links: vec![own],
        rdma_devices,
        ..function_with_links("0000:3b:00.0", uplink.clone(), uplink)
    }
}

/// A function as it is when it is bound to a driver of user space, such as `vfio-pci`.
pub fn bound_to(driver: &str, function: PciFacts) -> PciFacts {
    PciFacts {
        driver: Some(driver.to_owned()),
        links: Vec::new(),
        rdma_devices: Vec::new(),
        ..function
    }
}

/// A function that is a physical one.
pub fn physical(function: PciFacts) -> PciFacts {
    PciFacts {
        parent: None,
        number: None,
        parent_link: None,
        ..function
    }
}

fn function_with_links(address: &str, link: LinkFacts, parent_link: LinkFacts) -> PciFacts {
    const PARENT: PciAddress = PciAddress::new(0, 0x3b, 0, 0).expect("it is one");
    let address: PciAddress = address.parse().expect(address);
    let rdma_devices = vec!["mlx5_2".to_owned()];
    PciFacts {
        address,
        auxiliary_name: None,
        driver: Some("mlx5_core".to_owned()),
        parent: Some(PARENT),
        number: Some(0),
        links: vec![LinkFacts {
            pci_address: Some(address),
            rdma_devices: rdma_devices.clone(),
            ..link
        }],
        rdma_devices,
        parent_link: Some(LinkFacts {
            pci_address: Some(PARENT),
            ..parent_link
        }),
        numa_node: None,
    }
}
