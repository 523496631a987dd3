//! Hardware addresses as text: 6 bytes for Ethernet, 20 for InfiniBand.

use std::fmt::Write;

use crate::{Error, MacAddress, Request};

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

/// The hardware address that an Ethernet interface is to have: the runtime's
/// ([`Request::mac`]), else `configured`, the key `mac` of the configuration; empty is absent.
///
/// Errors: `invalid-environment` for the runtime's and `invalid-configuration` for the
/// configured one, when no interface can have it.
pub fn requested(request: &Request, configured: &str) -> Result<Option<MacAddress>, Error> {
    if let Some(address) = &request.mac {
        let text = format(address);
        if address.len() != 6 {
            return Err(Error::invalid_environment(format!(
                "hardware address {text} has {} bytes, Ethernet needs one of 6",
                address.len()
            )));
        }
        check_station(address).map_err(|reason| {
            Error::invalid_environment(format!("hardware address {text} {reason}"))
        })?;
        return Ok(Some(address.clone()));
    }
    if configured.is_empty() {
        return Ok(None);
    }
    let address = parse_ethernet(configured)?;
    check_station(&address).map_err(|reason| {
        Error::invalid_configuration(format!("hardware address {configured:?} {reason}"))
    })?;
    Ok(Some(address))
}

/// Refuses the runtime's hardware address for an InfiniBand interface.
///
/// Errors: `unsupported-field`.
pub fn refuse_on_infiniband(request: &Request) -> Result<(), Error> {
    match &request.mac {
        None => Ok(()),
        Some(address) => Err(Error::unsupported_field(
            "mac",
            &format(address),
            "the hardware address of an InfiniBand interface is made of its port's GUID",
        )),
    }
}

/// Reads an Ethernet address, `02:00:00:00:00:01` or `02-00-00-00-00-01`, in any case.
///
/// Errors: `invalid-configuration`, with the text in it.
pub fn parse_ethernet(text: &str) -> Result<MacAddress, Error> {
    match parse(text) {
        Some(bytes) if bytes.len() == 6 => Ok(bytes),
        _ => Err(Error::invalid_configuration(format!(
            "hardware address {text:?} is not six bytes in hexadecimal, as in 02:00:00:00:00:01"
        ))),
    }
}

/// Reads bytes in hexadecimal with `:` or `-` between them, in any case.
pub(crate) fn parse(text: &str) -> Option<Vec<u8>> {
    let separator = if text.contains('-') { '-' } else { ':' };
    text.split(separator).map(parse_byte).collect()
}

/// Whether an Ethernet address stands for a group of stations. No interface can have it.
pub fn is_multicast(address: &[u8]) -> bool {
    address.first().is_some_and(|first| first & 1 == 1)
}

/// What the kernel's `is_valid_ether_addr` checks; its own error is a bare EADDRNOTAVAIL.
fn check_station(address: &[u8]) -> Result<(), &'static str> {
    if is_multicast(address) {
        return Err("is a multicast address: the first byte must be even, as in 02:00:00:00:00:01");
    }
    if address.iter().all(|byte| *byte == 0) {
        return Err("is all zero: use a locally administered one, as in 02:00:00:00:00:01");
    }
    Ok(())
}

fn parse_byte(text: &str) -> Option<u8> {
    let hexadecimal = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal.then(|| u8::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::testing::request;

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

    #[test]
    fn the_runtimes_address_goes_first_and_must_be_one_that_an_interface_can_have() {
        let asked = |configuration: &str| request(configuration);
        let runtime = asked(r#"{"runtimeConfig": {"mac": "02:00:00:00:00:0b"}}"#);
        let configured = "02:00:00:00:00:0a";
        let address = requested(&runtime, configured).unwrap();
        assert_eq!(address, Some(vec![2, 0, 0, 0, 0, 0x0b]));
        let address = requested(&asked("{}"), configured).unwrap();
        assert_eq!(address, Some(vec![2, 0, 0, 0, 0, 0x0a]));
        assert_eq!(requested(&asked("{}"), "").unwrap(), None);

        for (text, reason) in [
            ("01:00:00:00:00:0c", "multicast"),
            ("00:00:00:00:00:00", "all zero"),
        ] {
            let error = requested(&asked("{}"), text).unwrap_err();
            error.assert_says(ErrorCode::InvalidConfiguration, &[text, reason]);
            let runtime = asked(&format!(r#"{{"runtimeConfig": {{"mac": "{text}"}}}}"#));
            let error = requested(&runtime, configured).unwrap_err();
            error.assert_says(ErrorCode::InvalidEnvironment, &[text, reason]);
        }
    }

    #[test]
    fn an_infiniband_interface_cannot_have_the_runtimes_address() {
        refuse_on_infiniband(&request("{}")).unwrap();
        let runtime = request(r#"{"runtimeConfig": {"mac": "02:00:00:00:00:0b"}}"#);
        let error = refuse_on_infiniband(&runtime).unwrap_err();
        let words = ["mac", "02:00:00:00:00:0b", "GUID"];
        error.assert_says(ErrorCode::UnsupportedField, &words);
    }
}
