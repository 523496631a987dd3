use super::*;

#[test]
fn a_hardware_address_comes_back_as_it_was() {
    let infiniband: Vec<u8> = (0x80..0x94).collect();
    for bytes in [&[2, 0, 0, 0, 0, 1][..], &infiniband, &[127, 0, 0, 1], &[]] {
        assert_eq!(hardware_address(to_hardware_address(bytes)), bytes);
    }
    let types::HardwareAddress::Infiniband(address) = to_hardware_address(&infiniband) else {
        panic!("twenty bytes are an address of InfiniBand");
    };
    assert_eq!(address.queue_pair, 0x8081_8283);
    assert_eq!(address.subnet_prefix, 0x8485_8687_8889_8a8b);
    assert_eq!(address.port.number, 0x8c8d_8e8f_9091_9293);
}

#[test]
fn a_pci_address_is_written_as_sysfs_writes_it() {
    for text in ["0000:3b:00.2", "10000:e1:1f.7"] {
        let address = to_pci_address(text).expect("an address");
        assert_eq!(pci_address(address), text);
    }
    assert!(to_pci_address("net1").is_none());
}

#[test]
fn a_component_may_choose_a_code_from_100_on_and_words_to_come_are_failures() {
    let code = |code: &str| {
        let error = types::Error {
            code: code.to_owned(),
            message: "no rail".to_owned(),
            details: None,
        };
        Refusal::from(error).of_component("acme").code.0
    };
    assert_eq!(code("invalid-configuration"), 7);
    assert_eq!(code("try-again-later"), 11);
    assert_eq!(code("120"), 120);
    let failed = code("failed");
    assert_eq!(code("11"), failed, "the specification's");
    assert_eq!(code("a-word-of-tomorrow"), failed);
    assert_eq!(code("4294967296"), failed);
}
