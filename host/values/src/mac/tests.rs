use alloc::string::ToString;

use super::*;

#[test]
fn an_address_survives_text() {
    let mac: Mac = "02:00:5E:10:00:Ff".parse().expect("an address");
    assert_eq!(mac, Mac::new([0x02, 0x00, 0x5e, 0x10, 0x00, 0xff]));
    assert_eq!(mac.to_string(), "02:00:5e:10:00:ff");
    assert_eq!("02-00-5e-10-00-ff".parse(), Ok(mac));
    let refused = "02:00:00:00:00".parse::<Mac>().expect_err("five bytes");
    assert!(refused.to_string().contains("six bytes"), "{refused}");
}

/// Records of older releases have the bytes as a list of numbers.
#[test]
fn serde_has_the_bytes_as_numbers() {
    let mac: Mac = serde_json::from_str("[2,0,0,0,0,255]").expect("as in a record");
    assert_eq!(mac, Mac::new([2, 0, 0, 0, 0, 255]));
    assert_eq!(serde_json::to_string(&mac).unwrap(), "[2,0,0,0,0,255]");
    assert!(serde_json::from_str::<Mac>("[2,0,0,0,0]").is_err());
}

#[test]
fn the_lowest_bits_of_the_first_byte_say_group_and_local() {
    assert!(Mac::new([0x01, 0, 0x5e, 0, 0, 1]).is_multicast());
    assert!(!Mac::new([0x02, 0, 0, 0, 0, 1]).is_multicast());
    for first in 0..=255 {
        let mac = Mac::local([first, 1, 2, 3, 4, 5]);
        assert_eq!(mac.bytes()[0] & 3, 2);
        assert_eq!(mac.bytes()[0] & 0xfc, first & 0xfc);
        assert_eq!(mac.bytes()[1..], [1, 2, 3, 4, 5]);
    }
}
