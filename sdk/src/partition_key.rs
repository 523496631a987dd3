//! Partition keys of InfiniBand (InfiniBand Architecture Specification, volume 1, section
//! 10.9): like the tag of a VLAN, given to a port by the fabric's subnet manager.

use crate::facts::Link;
use crate::{Error, log};

/// Bit 15: a full member talks to all of the partition, a limited one to full members only.
pub const FULL_MEMBER: u16 = 0x8000;

/// The partition that a configuration asks for: [`parse`] of its key `pkey`; empty is absent.
///
/// Errors: `invalid-configuration`, with the text in it.
pub fn requested(configured: &str) -> Result<Option<u16>, Error> {
    match configured {
        "" => Ok(None),
        text => parse(text).map(Some),
    }
}

/// Reads a key such as `0x5`, with or without the bit of full membership. It must be written
/// in hexadecimal: to take `1000` for the one or the other number would be a guess about who
/// may talk to whom.
///
/// Errors: `invalid-configuration`, with the text in it.
pub fn parse(text: &str) -> Result<u16, Error> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let key = digits
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .and_then(|digits| u16::from_str_radix(digits, 16).ok())
        .filter(|key| key & !FULL_MEMBER != 0);
    key.ok_or_else(|| {
        Error::invalid_configuration(format!(
            "pkey {text:?} is not a partition key: use 0x0001 to 0x7fff in hexadecimal, or with \
             the bit of full membership 0x8001 to 0xffff"
        ))
    })
}

/// Checks that the port below an interface is in the partition: without that, an interface is
/// made and never gets carrier.
///
/// Errors: `not-available`, with the keys that the port has.
pub fn check_in_table(key: u16, link: &Link) -> Result<(), Error> {
    let table = link.partition_keys();
    let is_same = |other: &u16| (other ^ key) & !FULL_MEMBER == 0;
    if !table.iter().any(is_same) {
        let table: Vec<String> = table.iter().map(|key| format(*key)).collect();
        return Err(Error::not_available(format!(
            "pkey {} is not in the table of the port of {}, which has {}: let the subnet manager \
             add the port to the partition, or use one of these",
            format(key),
            link.name(),
            if table.is_empty() {
                "none".to_owned()
            } else {
                table.join(", ")
            }
        )));
    }
    if key & FULL_MEMBER != 0 && !table.contains(&key) {
        log::warning(format!(
            "the port of {} is a limited member of partition {}: it reaches full members only",
            link.name(),
            format(key)
        ));
    }
    Ok(())
}

/// Writes a key as `0x8001`.
pub fn format(key: u16) -> String {
    format!("{key:#06x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::testing::infiniband_link;

    #[test]
    fn a_key_may_have_the_bit_of_full_membership() {
        for (text, key) in [
            ("0x5", 0x0005),
            ("0x0005", 0x0005),
            ("0X8005", 0x8005),
            ("0x7fff", 0x7fff),
            ("0xFFFF", 0xffff),
        ] {
            assert_eq!(parse(text).unwrap(), key, "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_with_its_text_and_the_range() {
        for text in [
            "0x0", "0x8000", "0x10000", "1000", "5", "0x", "0x+5", "", "0xzz",
        ] {
            let message = parse(text).unwrap_err().message;
            for part in [&format!("{text:?}"), "0x0001", "0x7fff", "0x8001"] {
                assert!(message.contains(part), "{part} in {message}");
            }
        }
    }

    #[test]
    fn a_port_is_in_the_partitions_of_its_table_however_it_is_a_member() {
        let with = |keys: &[u16]| {
            let mut facts = infiniband_link("ib0");
            facts.partition_keys = keys.to_vec();
            Link::from(facts)
        };
        let link = with(&[0xffff, 0x8001, 0x0002]);
        for key in [0x7fff, 0xffff, 0x0001, 0x8001, 0x0002, 0x8002] {
            check_in_table(key, &link).unwrap();
        }
        let error = check_in_table(0x0003, &link).unwrap_err();
        assert_eq!(error.code, ErrorCode::NotAvailable);
        for part in ["0x0003", "ib0", "0xffff, 0x8001, 0x0002"] {
            assert!(error.message.contains(part), "{part} in {}", error.message);
        }
        assert!(check_in_table(0x0001, &with(&[])).is_err());
    }
}
