//! Hardware addresses that users and runtimes ask for.

use plumb_values::Mac;

use crate::{Error, Request, log};

/// The hardware address that an Ethernet interface is to have: the runtime's
/// ([`Request::mac`]), else `configured`, the key `mac` of the configuration.
///
/// Errors: `invalid-environment` for the runtime's and `invalid-configuration` for the
/// configured one, when no interface can have it.
pub fn requested(request: &Request, configured: Option<Mac>) -> Result<Option<Mac>, Error> {
    if let Some(address) = request.mac() {
        let Some(mac) = address.mac() else {
            return Err(Error::invalid_environment(format!(
                "hardware address {address} has {} bytes, Ethernet needs one of 6",
                address.len()
            )));
        };
        check_station(mac).map_err(|reason| {
            Error::invalid_environment(format!("hardware address {mac} {reason}"))
        })?;
        return Ok(Some(mac));
    }
    if let Some(mac) = configured {
        check_station(mac).map_err(|reason| {
            Error::invalid_configuration(format!("hardware address \"{mac}\" {reason}"))
        })?;
    }
    Ok(configured)
}

/// Says that an InfiniBand interface cannot have the runtime's hardware address. Its plugins have always passed it over.
pub fn pass_over_on_infiniband(request: &Request) {
    if let Some(address) = request.mac() {
        log::warning(format!(
            "\"mac\" {address} is passed over: the hardware address of an InfiniBand interface is made of its port's GUID"
        ));
    }
}

/// Reads an Ethernet address, `02:00:00:00:00:01`, `02-00-00-00-00-01` or `0200.0000.0001`, in any case.
///
/// Errors: `invalid-configuration`, with the text in it.
pub fn parse(text: &str) -> Result<Mac, Error> {
    text.parse()
        .map_err(|error| Error::invalid_configuration(format!("hardware address {text:?} {error}")))
}

/// What the kernel's `is_valid_ether_addr` checks; its own error is a bare EADDRNOTAVAIL.
fn check_station(mac: Mac) -> Result<(), &'static str> {
    if mac.is_multicast() {
        return Err("is a multicast address: the first byte must be even, as in 02:00:00:00:00:01");
    }
    if mac.is_zero() {
        return Err("is all zero: use a locally administered one, as in 02:00:00:00:00:01");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::testing::request;

    #[test]
    fn the_runtimes_address_goes_first_and_must_be_one_that_an_interface_can_have() {
        let asked = |configuration: &str| request(configuration);
        let runtime = asked(r#"{"runtimeConfig": {"mac": "02:00:00:00:00:0b"}}"#);
        let configured = Some(Mac::new([2, 0, 0, 0, 0, 0x0a]));
        let ending = |last| Some(Mac::new([2, 0, 0, 0, 0, last]));
        let address = requested(&runtime, configured).unwrap();
        assert_eq!(address, ending(0x0b));
        let address = requested(&asked("{}"), configured).unwrap();
        assert_eq!(address, ending(0x0a));
        assert_eq!(requested(&asked("{}"), None).unwrap(), None);

        for (text, reason) in [
            ("01:00:00:00:00:0c", "multicast"),
            ("00:00:00:00:00:00", "all zero"),
        ] {
            let error = requested(&asked("{}"), text.parse().ok()).unwrap_err();
            error.assert_says(ErrorCode::InvalidConfiguration, &[text, reason]);
            let runtime = asked(&format!(r#"{{"runtimeConfig": {{"mac": "{text}"}}}}"#));
            let error = requested(&runtime, configured).unwrap_err();
            error.assert_says(ErrorCode::InvalidEnvironment, &[text, reason]);
        }
    }
}
