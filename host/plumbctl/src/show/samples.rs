//! A pod for the tests of the printers: an InfiniBand function with everything, and its partition.

use super::model::*;

/// The pod.
pub fn infiniband() -> Shown {
    let both = Places {
        recorded: true,
        in_pod: Some(true),
    };
    let mac = "20:00:55:04:01:fe:80:00:00:00:00:00:00:02:00:c9:03:00:00:00:01";
    Shown {
        pod: None,
        container_id: "c0ffee".to_owned(),
        netns: "/run/netns/pod".to_owned(),
        netns_state: NetnsState::Present,
        problems: Vec::new(),
        interfaces: vec![Interface {
            name: "net1".to_owned(),
            attachments: vec![Attachment {
                network: "ib0".to_owned(),
                plugin: None,
                condition: "attached".to_owned(),
                since: "2026-01-01T00:00:00.000Z".to_owned(),
            }],
            flavour: Some("PCI function".to_owned()),
            link: Some(Link {
                name: "net1".to_owned(),
                up: true,
                carrier: true,
                mtu: 2044,
                mac: mac.to_owned(),
                kind: None,
            }),
            addresses: vec![Address {
                address: "172.16.11.10/24".parse().expect("an address"),
                pool: Some("ib".to_owned()),
                ipam_plugin: None,
                places: both,
            }],
            gateways: vec![Gateway {
                address: "172.16.11.254".parse().expect("an address"),
                state: Some("failed".to_owned()),
                mac: None,
            }],
            function: Some(Function {
                address: "0000:3b:00.2".to_owned(),
                present: true,
                driver: Some("mlx5_core".to_owned()),
                physical_function: Some("0000:3b:00.0".to_owned()),
                number: Some(4),
                numa_node: Some(1),
                rdma_devices: vec![RdmaDevice {
                    name: "mlx5_6".to_owned(),
                    in_pod: true,
                }],
            }),
            guid: Some("02:00:c9:03:00:00:00:01".to_owned()),
            partition_key: Some("0x8001".to_owned()),
            ..Interface::default()
        }],
    }
}
