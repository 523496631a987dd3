//! The key `link_state`: whether a virtual function has carrier.

use crate::Error;
use crate::operations::VirtualFunctionLinkState;

/// Reads `auto` (as the physical function), `enable` or `disable`; empty is absent.
///
/// Errors: `invalid-configuration`, with the text in it.
pub fn parse(text: &str) -> Result<Option<VirtualFunctionLinkState>, Error> {
    Ok(Some(match text {
        "" => return Ok(None),
        "auto" => VirtualFunctionLinkState::Auto,
        "enable" => VirtualFunctionLinkState::Enable,
        "disable" => VirtualFunctionLinkState::Disable,
        state => {
            return Err(Error::invalid_configuration(format!(
                "unknown link_state {state:?}: use \"auto\", \"enable\" or \"disable\""
            )));
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_the_kernel_can_be_asked_for() {
        for (text, expected) in [
            ("", None),
            ("auto", Some(VirtualFunctionLinkState::Auto)),
            ("enable", Some(VirtualFunctionLinkState::Enable)),
            ("disable", Some(VirtualFunctionLinkState::Disable)),
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn an_unknown_state_is_answered_with_the_known_ones() {
        let message = parse("up").unwrap_err().message;
        for part in ["\"up\"", "\"auto\"", "\"enable\"", "\"disable\""] {
            assert!(message.contains(part), "{part} in {message}");
        }
    }
}
