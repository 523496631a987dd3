//! Partition keys of InfiniBand (InfiniBand Architecture Specification, volume 1, section
//! 10.9): like the tag of a VLAN, given to a port by the fabric's subnet manager.

use std::fmt;

use crate::facts::Link;
use crate::keys::{Fault, Reader, Schema, Value};
use crate::{Error, log};

/// Bit 15: a full member talks to all of the partition, a limited one to full members only.
pub const FULL_MEMBER: u16 = 0x8000;

/// The key `pkey` as a configuration has it, to be a field of a component's own keys: text, or a
/// number of JSON.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Configured {
    /// Missing, null or empty text.
    #[default]
    Absent,
    /// Such as `"0x5"`.
    Text(String),
    /// Such as `5`.
    Number(u64),
}

impl Configured {
    /// The partition that it asks for; none where it is absent.
    ///
    /// Errors: `invalid-configuration`, with what was written.
    pub fn key(&self) -> Result<Option<u16>, Error> {
        match self {
            Self::Absent => Ok(None),
            Self::Text(text) => parse(text).map(Some),
            Self::Number(number) => {
                let key = u16::try_from(*number).ok().filter(is_key);
                key.map(Some).ok_or_else(|| not_a_key(number))
            }
        }
    }
}

impl Value for Configured {
    const EXPECTED: &'static str = "text such as \"0x5\", or a number";
    const SCHEMA: Schema = Schema::TextOrNumber {
        what: "a partition key, such as \"0x5\"",
    };

    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Fault> {
        Ok(Some(match reader.is_text() {
            true => match reader.text(Self::EXPECTED)? {
                text if text.is_empty() => Self::Absent,
                text => Self::Text(text.into_owned()),
            },
            false => Self::Number(number(reader)?),
        }))
    }
}

fn number(reader: &mut Reader<'_>) -> Result<u64, Fault> {
    let number = reader.integer((0, i128::from(u64::MAX)), Configured::EXPECTED)?;
    // It is in range.
    Ok(number as u64)
}

/// Reads a key such as `0x5`, with or without the bit of full membership. Text must be in
/// hexadecimal and begin with `0x`, as ib-kubernetes wants it (its `ParsePKey`), which has the
/// subnet manager add the port to the partition: to take `1000` for the one or the other number
/// would be a guess about who may talk to whom.
///
/// Errors: `invalid-configuration`, with the text in it.
pub fn parse(text: &str) -> Result<u16, Error> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let key = digits
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .and_then(|digits| u16::from_str_radix(digits, 16).ok())
        .filter(is_key);
    key.ok_or_else(|| not_a_key(&format_args!("{text:?}")))
}

/// Whether a number names a partition: more than the bit of full membership.
fn is_key(number: &u16) -> bool {
    number & !FULL_MEMBER != 0
}

fn not_a_key(written: &dyn fmt::Display) -> Error {
    Error::invalid_configuration(format!(
        "pkey {written} is not a partition key: use 0x0001 to 0x7fff in hexadecimal, or with \
         the bit of full membership 0x8001 to 0xffff"
    ))
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
    fn text_is_hexadecimal_and_a_number_is_a_number() {
        let read = |json: &str| crate::keys::read::<Configured>(json).map(|written| written.key());
        let key = |json: &str| read(json).unwrap().unwrap();
        for (json, expected) in [
            ("\"0x1000\"", Some(0x1000)),
            ("1000", Some(1000)),
            ("32769", Some(0x8001)),
            ("\"\"", None),
        ] {
            assert_eq!(key(json), expected, "{json}");
        }
        // What ib-kubernetes refuses, and numbers that are no key.
        for json in ["\"1000\"", "0", "32768", "65536", "18446744073709551615"] {
            let message = read(json).unwrap().unwrap_err().message;
            assert!(message.contains(json), "{json} in {message}");
            assert!(message.contains("0x7fff"), "{message}");
        }
        for json in ["-1", "1.5", "true", "[5]", "{}"] {
            assert!(read(json).is_err(), "{json}");
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
