//! Hardware addresses as text: 6 bytes for Ethernet, 20 for InfiniBand.

use std::fmt::Write;

use crate::{Error, MacAddress};

/// Writes an address as `02:00:00:00:00:01`.
pub fn format(address: &[u8]) -> String {
    let mut text = String::with_capacity(address.len() * 3);
    for (index, byte) in address.iter().enumerate() {
        let separator = if index == 0 { "" } else { ":" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}{byte:02x}");
    }
    text
}

/// Reads an Ethernet address, `02:00:00:00:00:01` or `02-00-00-00-00-01`, in any case.
///
/// Errors: `invalid-configuration`, with the text in it.
pub fn parse_ethernet(text: &str) -> Result<MacAddress, Error> {
    let separator = if text.contains('-') { '-' } else { ':' };
    let bytes: Option<MacAddress> = text.split(separator).map(parse_byte).collect();
    match bytes {
        Some(bytes) if bytes.len() == 6 => Ok(bytes),
        _ => Err(Error::invalid_configuration(format!(
            "hardware address {text:?} is not six bytes in hexadecimal, as in 02:00:00:00:00:01"
        ))),
    }
}

/// Whether an Ethernet address stands for a group of stations. No interface can have it.
pub fn is_multicast(address: &[u8]) -> bool {
    address.first().is_some_and(|first| first & 1 == 1)
}

fn parse_byte(text: &str) -> Option<u8> {
    let hexadecimal = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal.then(|| u8::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_text() {
        let address = parse_ethernet("02:00:5E:10:00:Ff").unwrap();
        assert_eq!(address, [0x02, 0x00, 0x5e, 0x10, 0x00, 0xff]);
        assert_eq!(format(&address), "02:00:5e:10:00:ff");
        assert_eq!(parse_ethernet("02-00-5e-10-00-ff").unwrap(), address);
    }

    #[test]
    fn what_is_no_address_is_refused_with_its_text() {
        for text in [
            "",
            "02:00:00:00:00",
            "02:00:00:00:00:01:02",
            "2:0:0:0:0:1",
            "02:00:00:00:00:+1",
            "02:00:00:00-00:01",
            "zz:00:00:00:00:01",
        ] {
            let error = parse_ethernet(text).unwrap_err();
            assert!(
                error.message.contains(&format!("{text:?}")),
                "{}",
                error.message
            );
        }
    }

    #[test]
    fn the_lowest_bit_of_the_first_byte_marks_a_group() {
        assert!(is_multicast(&[0x01, 0, 0x5e, 0, 0, 1]));
        assert!(!is_multicast(&[0x02, 0, 0, 0, 0, 1]));
    }
}
