use alloc::string::ToString;

use super::*;

const GUID: Guid = Guid::new([0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77]);

#[test]
fn a_guid_survives_text_and_number() {
    assert_eq!(GUID.to_string(), "02:11:22:33:44:55:66:77");
    assert_eq!("02-11-22-33-44-55-66-77".parse(), Ok(GUID));
    assert_eq!(Guid::from(0x0211_2233_4455_6677), GUID);
    assert_eq!(u64::from(GUID), 0x0211_2233_4455_6677);
    for text in ["", "02:11:22:33:44:55:66", "0211223344556677"] {
        let refused = text.parse::<Guid>().expect_err(text);
        assert!(refused.to_string().contains("eight bytes"), "{refused}");
    }
}

/// Records of older releases have the bytes as a list of numbers.
#[test]
fn serde_has_the_bytes_as_numbers() {
    let text = "[2,17,34,51,68,85,102,119]";
    assert_eq!(serde_json::from_str::<Guid>(text).unwrap(), GUID);
    assert_eq!(serde_json::to_string(&GUID).unwrap(), text);
}

#[test]
fn the_groups_of_sysfs_are_eight_bytes() {
    assert_eq!(Guid::parse_groups("0211:2233:4455:6677"), Some(GUID));
    for text in [
        "0211:2233:4455",
        "0211:2233:4455:6677:8899",
        "0211:2233:4455:+677",
    ] {
        assert_eq!(Guid::parse_groups(text), None, "{text}");
    }
}

#[test]
fn what_no_port_can_have_is_known() {
    assert!(Guid::new([0; 8]).is_zero() && Guid::UNSET.is_multicast());
    assert!(!GUID.is_zero() && !GUID.is_multicast());
}
