use super::*;

#[test]
fn addresses_keep_their_byte_order() {
    for text in ["10.1.2.3", "fd00:1:2:3:4:5:6:7"] {
        let address: IpAddr = text.parse().unwrap();
        assert_eq!(IpAddr::from(types::IpAddress::from(address)), address);
    }
    assert_eq!(
        types::IpAddress::from(IpAddr::from([10, 1, 2, 3])),
        types::IpAddress::Ipv4((10, 1, 2, 3))
    );
    let network: IpNetwork = "10.0.0.5/24".parse().unwrap();
    assert_eq!(IpNetwork::from(types::IpNetwork::from(network)), network);
}

#[test]
fn a_pci_address_keeps_its_numbers() {
    let address: PciAddress = "10000:e1:1f.7".parse().unwrap();
    let converted = types::PciAddress::from(address);
    assert_eq!(
        (
            converted.domain,
            converted.bus,
            converted.device,
            converted.function
        ),
        (0x10000, 0xe1, 0x1f, 7)
    );
    assert_eq!(PciAddress::from(converted), address);
}

#[test]
fn the_first_byte_of_a_guid_is_its_most_significant() {
    let guid: Guid = "02:00:00:00:00:00:00:01".parse().unwrap();
    let converted = types::Guid::from(guid);
    assert_eq!(converted.number, 0x0200_0000_0000_0001);
    assert_eq!(Guid::from(converted), guid);
}

#[test]
fn a_hardware_address_has_the_kind_of_its_length() {
    let of_kind =
        |bytes: &[u8]| types::HardwareAddress::from(&HardwareAddress::from(bytes.to_vec()));
    assert_eq!(
        of_kind(&[2, 0, 0, 0, 0, 1]),
        types::HardwareAddress::Ethernet((2, 0, 0, 0, 0, 1))
    );
    let infiniband = [
        0x80, 0, 0, 0x48, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1,
    ];
    assert_eq!(
        of_kind(&infiniband),
        types::HardwareAddress::Infiniband(types::InfinibandAddress {
            queue_pair: 0x8000_0048,
            subnet_prefix: 0xfe80_0000_0000_0000,
            port: types::Guid {
                number: 0x0200_0000_0000_0001
            },
        })
    );
    for bytes in [&[2, 0, 0, 0, 0, 1][..], &infiniband, &[10, 0, 0, 1], &[]] {
        assert_eq!(&HardwareAddress::from(of_kind(bytes))[..], bytes);
    }
}
