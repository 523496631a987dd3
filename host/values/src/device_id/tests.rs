use alloc::string::ToString;

use super::*;

#[test]
fn a_device_is_a_pci_function_or_one_of_the_auxiliary_bus() {
    for (text, written) in [
        ("0000:3B:00.2", "0000:3b:00.2"),
        ("mlx5_core.sf.4", "mlx5_core.sf.4"),
        ("mlx5_core.eth-rep.0", "mlx5_core.eth-rep.0"),
        ("ice.rdma.4294967295", "ice.rdma.4294967295"),
    ] {
        let device: DeviceId = text.parse().expect(text);
        assert_eq!(device.to_string(), written);
        let is_pci = matches!(device, DeviceId::Pci(_));
        assert_eq!(is_pci, text.contains(':'), "{text}");
    }
}

/// Names become parts of paths, and one device has one name.
#[test]
fn what_is_neither_is_refused() {
    for text in [
        "",
        "sf.4",
        ".sf.4",
        "mlx5_core..4",
        "mlx5_core.sf.",
        "mlx5_core.sf.x",
        "mlx5_core.sf.-1",
        "mlx5_core.sf.04",
        "mlx5_core.sf.4.5",
        "mlx5_core.sf.4.name",
        "a/b.sf.4",
        "../../x.sf.4",
        "..sf.4",
        "a b.sf.4",
        "mlx5_core.sf.4\n",
        "a_module_whose_name_is_longer_than_any_of_the_kernel.sf.4",
        "3b:00.2",
    ] {
        let refused = text.parse::<DeviceId>().expect_err(text);
        let message = refused.to_string();
        assert!(message.contains("0000:3b:00.2"), "{message}");
        assert!(message.contains("mlx5_core.sf.4"), "{message}");
    }
}

#[test]
fn a_sentence_says_which_of_them_it_is() {
    assert_eq!(
        Device("0000:3b:00.2").to_string(),
        "PCI function 0000:3b:00.2"
    );
    assert_eq!(
        Device("mlx5_core.sf.4").to_string(),
        "auxiliary device mlx5_core.sf.4"
    );
}
