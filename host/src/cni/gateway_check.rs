//! The key `gatewayCheck` of a network configuration, typed.

use plumb_values::similar::question;
use serde_json::Value;

use super::Configuration;
use crate::{Error, Result};

/// The words.
const WORDS: [&str; 3] = ["off", "warn", "fail"];

/// What is done when a gateway does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayCheck {
    /// Nobody asks it.
    Off,
    /// It is said in the log.
    Warn,
    /// The ADD fails.
    Fail,
}

impl GatewayCheck {
    /// Understands the key. Left out, it is `warn` for rails, whose gateway is the way to all other leaves, and `off` for
    /// others.
    ///
    /// # Errors
    ///
    /// [`crate::Code::INVALID_CONFIGURATION`] for anything but the three words.
    pub fn of(configuration: &Configuration, has_rails: bool) -> Result<Self> {
        match configuration.lower.get("gatewaycheck") {
            None | Some(Value::Null) if has_rails => Ok(Self::Warn),
            None | Some(Value::Null) => Ok(Self::Off),
            Some(Value::String(word)) if word == "off" => Ok(Self::Off),
            Some(Value::String(word)) if word == "warn" => Ok(Self::Warn),
            Some(Value::String(word)) if word == "fail" => Ok(Self::Fail),
            Some(other) => Err(Error::configuration(format!(
                "\"gatewayCheck\" is {other}: {}it is one of {}",
                question(other.as_str().unwrap_or_default(), WORDS),
                WORDS.join(", ")
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cni::Verb;

    fn check(value: Value, has_rails: bool) -> Result<GatewayCheck> {
        let network =
            json!({"cniVersion": "1.1.0", "name": "n", "type": "macvlan", "gatewayCheck": value});
        let text = network.to_string().into_bytes();
        GatewayCheck::of(&Configuration::parse(Verb::Add, text).unwrap(), has_rails)
    }

    #[test]
    fn rails_are_checked_where_nothing_is_said() {
        assert_eq!(check(Value::Null, true), Ok(GatewayCheck::Warn));
        assert_eq!(check(Value::Null, false), Ok(GatewayCheck::Off));
        assert_eq!(check(json!("off"), true), Ok(GatewayCheck::Off));
        assert_eq!(check(json!("fail"), false), Ok(GatewayCheck::Fail));
    }

    #[test]
    fn another_word_is_refused() {
        let misspelt = check(json!("fial"), false).unwrap_err();
        assert!(
            misspelt.message.contains("did you mean \"fail\"?"),
            "{misspelt}"
        );
        let wrong = check(json!(true), false).unwrap_err();
        assert!(
            wrong
                .message
                .contains("is true: it is one of off, warn, fail"),
            "{wrong}"
        );
    }
}
