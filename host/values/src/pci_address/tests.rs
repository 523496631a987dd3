use alloc::string::ToString;

use super::*;

#[test]
fn the_text_is_the_kernels_own() {
    for (text, canonical) in [
        ("0000:3b:00.2", "0000:3b:00.2"),
        ("0000:3B:1F.7", "0000:3b:1f.7"),
        // VMD makes domains above 0xffff; nvidia-smi writes eight digits for all.
        ("10000:e1:00.0", "10000:e1:00.0"),
        ("00000000:3B:00.2", "0000:3b:00.2"),
        ("ffffffff:ff:1f.7", "ffffffff:ff:1f.7"),
    ] {
        let address: PciAddress = text.parse().expect(text);
        assert_eq!(address.to_string(), canonical);
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for text in [
        "",
        "3b:00.2",
        "000:3b:00.2",
        "100000000:3b:00.2",
        "0000:3b:00.8",
        "0000:3b:20.0",
        "0000:3b:00.",
        "0000:3b:00.10",
        "0000:3b:00",
        "0000:3b:00.2:1",
        "0000:3b:00.2/..",
        "+000:3b:00.2",
        " 0000:3b:00.2",
        "../../../etc",
        "mlx5_core.sf.4",
    ] {
        let refused = text.parse::<PciAddress>().expect_err(text);
        assert!(refused.to_string().contains("0000:3b:00.2"), "{refused}");
    }
}

#[test]
fn serde_has_the_text_of_a_record() {
    let address: PciAddress = serde_json::from_str("\"0000:3B:00.2\"").expect("an address");
    let text = serde_json::to_string(&address).expect("a text");
    assert_eq!(text, "\"0000:3b:00.2\"");
    let refused = serde_json::from_str::<PciAddress>("\"eth0\"").expect_err("no address");
    assert!(refused.to_string().contains("\"eth0\" is not"), "{refused}");
}
