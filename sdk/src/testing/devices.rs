//! Devices as they usually are. A test changes what it is about.

use crate::facts::{LinkFacts, LinkType, PciFacts, VirtualFunction};

/// An Ethernet interface that is up, with carrier and an MTU of 1500 bytes.
pub fn link(name: &str) -> LinkFacts {
    LinkFacts {
        name: name.to_owned(),
        index: 2,
        link_type: LinkType::Ethernet,
        kind: None,
        mac: vec![0x02, 0, 0, 0, 0, 0x01],
        mtu: 1500,
        up: true,
        carrier: true,
        pci: None,
        rdma_devices: Vec::new(),
        partition_keys: Vec::new(),
    }
}

/// An IPoIB interface that is up, with carrier, the GUID `02:00:00:00:00:00:00:01`, an MTU of
/// 2044 bytes, the RDMA device `mlx5_0`, and the default partition in its port's table.
pub fn infiniband_link(name: &str) -> LinkFacts {
    LinkFacts {
        link_type: LinkType::Infiniband,
        kind: Some("ipoib".to_owned()),
        // Flags and queue pair number, then the GID: a subnet prefix and the port's GUID.
        mac: vec![
            0x80, 0, 0, 0x48, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0x01,
        ],
        mtu: 2044,
        rdma_devices: vec!["mlx5_0".to_owned()],
        partition_keys: vec![0xffff],
        ..link(name)
    }
}

/// The first virtual function of `0000:3b:00.0`, whose interface is `ens1f0np0`: bound to
/// `mlx5_core`, with the Ethernet interface `ens1f0v0` and the RDMA device `mlx5_2`.
pub fn virtual_function(address: &str) -> PciFacts {
    function_with_links(address, link("ens1f0v0"), link("ens1f0np0"))
}

/// The first virtual function of `0000:3b:00.0`, whose interface is `ib0`: bound to
/// `mlx5_core`, with the IPoIB interface `ib1` and the RDMA device `mlx5_2`.
pub fn infiniband_virtual_function(address: &str) -> PciFacts {
    function_with_links(address, infiniband_link("ib1"), infiniband_link("ib0"))
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

fn function_with_links(address: &str, link: LinkFacts, parent_link: LinkFacts) -> PciFacts {
    const PARENT: &str = "0000:3b:00.0";
    let rdma_devices = vec!["mlx5_2".to_owned()];
    PciFacts {
        address: address.to_owned(),
        driver: Some("mlx5_core".to_owned()),
        virtual_function: Some(VirtualFunction {
            parent: PARENT.to_owned(),
            index: 0,
        }),
        links: vec![LinkFacts {
            pci: Some(address.to_owned()),
            rdma_devices: rdma_devices.clone(),
            ..link
        }],
        rdma_devices,
        parent_link: Some(LinkFacts {
            pci: Some(PARENT.to_owned()),
            ..parent_link
        }),
    }
}
