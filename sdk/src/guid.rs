//! GUIDs of InfiniBand ports: eight bytes, by which the fabric's subnet manager knows a port.

use plumb_values::Guid;

use crate::{Error, Request};

/// What a GUID has to be.
const EXAMPLE: &str = "use eight bytes of which the first is even, as in 02:00:00:00:00:00:00:01";

/// The GUID that a port is to have: the runtime's ([`Request::infiniband_guid`]), else
/// `configured`, the key `guid` of the configuration.
///
/// Errors: `invalid-configuration` when no port can have it.
pub fn requested(request: &Request, configured: Option<Guid>) -> Result<Option<Guid>, Error> {
    let guid = request.infiniband_guid().or(configured);
    guid.map(check).transpose()
}

/// Drivers give all zero to a fresh virtual function, and all ones to one whose GUID was taken
/// away. No port can have either.
fn check(guid: Guid) -> Result<Guid, Error> {
    if guid.is_zero() {
        Err(refusal(guid, "is all zero"))
    } else if guid.is_multicast() {
        Err(refusal(guid, "is a multicast one"))
    } else {
        Ok(guid)
    }
}

fn refusal(guid: Guid, fault: &str) -> Error {
    Error::invalid_configuration(format!("the InfiniBand GUID \"{guid}\" {fault}: {EXAMPLE}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::testing::request;

    #[test]
    fn the_runtimes_goes_before_the_arguments_and_the_configurations() {
        let asked = |text: &str, key: &str| requested(&request(text), key.parse().ok()).unwrap();
        let ending = |last| Some(Guid::new([2, 0, 0, 0, 0, 0, 0, last]));
        let (runtime, argument, key) = (
            r#"{"runtimeConfig": {"infinibandGUID": "02:00:00:00:00:00:00:aa"},
                "args": {"cni": {"guid": "02:00:00:00:00:00:00:bb"}}}"#,
            r#"{"args": {"cni": {"guid": "02:00:00:00:00:00:00:BB"}}}"#,
            "02-00-00-00-00-00-00-cc",
        );
        assert_eq!(asked(runtime, key), ending(0xaa));
        assert_eq!(asked(argument, key), ending(0xbb));
        assert_eq!(asked("{}", key), ending(0xcc));
        assert_eq!(asked("{}", ""), None);
    }

    #[test]
    fn what_no_port_can_have_is_refused_with_its_text() {
        for (text, reason) in [
            ("00:00:00:00:00:00:00:00", "all zero"),
            ("ff:ff:ff:ff:ff:ff:ff:ff", "multicast"),
            ("03:00:00:00:00:00:00:01", "multicast"),
        ] {
            let error = requested(&request("{}"), text.parse().ok()).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidConfiguration);
            for part in [text, reason, "02:00:00:00:00:00:00:01"] {
                assert!(error.message.contains(part), "{part} in {}", error.message);
            }
        }
        let zero = r#"{"runtimeConfig": {"infinibandGUID": "00:00:00:00:00:00:00:00"}}"#;
        let message = requested(&request(zero), None).unwrap_err().message;
        assert!(message.contains("00:00:00:00:00:00:00:00"), "{message}");
    }
}
