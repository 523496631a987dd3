//! Why something cannot be done.

use std::fmt::{Display, Formatter};

use crate::contract::types;

/// Why something cannot be done. The message is for the person who reads the pod's events at
/// night: what was tried, on which object, what would be right. Lower case, without a full
/// stop, with the offending value in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// For programs; it becomes the CNI error code.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// Longer text for the log: a list of candidates, a hint.
    pub details: Option<String>,
}

/// What can fail in a component.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of [`Error`] it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorCode {
    /// A value in the network configuration is wrong. CNI code 7.
    InvalidConfiguration,
    /// A key is understood but cannot be honoured. CNI code 2.
    UnsupportedField,
    /// A value in `CNI_ARGS` is wrong. CNI code 4.
    InvalidEnvironment,
    /// It may work soon, without a change by the user. CNI code 11.
    TryAgainLater,
    /// The node cannot serve this network as it is set up now. CNI code 50.
    NotAvailable,
    /// What the configuration names does not exist. CNI code 50.
    NotFound,
    /// No grant, or a device that the configuration does not name. CNI code 108.
    Denied,
    /// The host cannot perform it in this version. CNI code 109.
    UnsupportedOperation,
    /// Anything else. CNI code 103.
    Failed,
    /// A CNI error code of 100 or above in decimal digits, or a word that this crate does not
    /// know: hosts of later versions have more.
    Other(String),
}

impl ErrorCode {
    /// The contract's word for it.
    pub fn word(&self) -> &str {
        match self {
            Self::InvalidConfiguration => "invalid-configuration",
            Self::UnsupportedField => "unsupported-field",
            Self::InvalidEnvironment => "invalid-environment",
            Self::TryAgainLater => "try-again-later",
            Self::NotAvailable => "not-available",
            Self::NotFound => "not-found",
            Self::Denied => "denied",
            Self::UnsupportedOperation => "unsupported-operation",
            Self::Failed => "failed",
            Self::Other(word) => word,
        }
    }

    fn of(word: String) -> Self {
        let known = KNOWN.iter().find(|known| known.word() == word);
        known.cloned().unwrap_or(Self::Other(word))
    }
}

/// All but `Other`.
static KNOWN: [ErrorCode; 9] = [
    ErrorCode::InvalidConfiguration,
    ErrorCode::UnsupportedField,
    ErrorCode::InvalidEnvironment,
    ErrorCode::TryAgainLater,
    ErrorCode::NotAvailable,
    ErrorCode::NotFound,
    ErrorCode::Denied,
    ErrorCode::UnsupportedOperation,
    ErrorCode::Failed,
];

impl Error {
    /// A value in the network configuration is wrong. CNI code 7.
    pub fn invalid_configuration(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidConfiguration, message)
    }

    /// A key is understood but cannot be honoured; `reason` says why and what would be
    /// right. CNI code 2, for which the specification wants key and value in the message.
    pub fn unsupported_field(key: &str, value: &str, reason: &str) -> Self {
        Self::new(
            ErrorCode::UnsupportedField,
            format!("cannot honour {key:?} with the value {value:?}: {reason}"),
        )
    }

    /// A value that the runtime passed in `CNI_ARGS` is wrong. CNI code 4.
    pub fn invalid_environment(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidEnvironment, message)
    }

    /// It may work soon, without a change by the user. CNI code 11.
    pub fn try_again_later(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::TryAgainLater, message)
    }

    /// The node cannot serve the network as it is set up now. CNI code 50.
    pub fn not_available(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotAvailable, message)
    }

    /// What the configuration names does not exist. CNI code 50.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, message)
    }

    /// The component is not entitled to it. CNI code 108.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Denied, message)
    }

    /// Anything else. CNI code 103.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Failed, message)
    }

    /// Anything else, with a CNI error code of 100 or above.
    pub fn other(code: u32, message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Other(code.to_string()), message)
    }

    /// Adds longer text for the log: a list of candidates, a hint.
    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }

    fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: None,
        }
    }
}

impl Display for Error {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<types::Error> for Error {
    fn from(error: types::Error) -> Self {
        Self {
            code: ErrorCode::of(error.code),
            message: error.message,
            details: error.details,
        }
    }
}

impl From<Error> for types::Error {
    fn from(error: Error) -> Self {
        Self {
            code: error.code.word().to_owned(),
            message: error.message,
            details: error.details,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_crosses_the_border_as_its_word_and_back() {
        for (code, word) in [
            (ErrorCode::InvalidConfiguration, "invalid-configuration"),
            (ErrorCode::UnsupportedField, "unsupported-field"),
            (ErrorCode::InvalidEnvironment, "invalid-environment"),
            (ErrorCode::TryAgainLater, "try-again-later"),
            (ErrorCode::NotAvailable, "not-available"),
            (ErrorCode::NotFound, "not-found"),
            (ErrorCode::Denied, "denied"),
            (ErrorCode::UnsupportedOperation, "unsupported-operation"),
            (ErrorCode::Failed, "failed"),
        ] {
            let error = Error::new(code, "no link eth9").with_details("there are: eth0");
            let crossed = types::Error::from(error.clone());
            assert_eq!(crossed.code, word);
            assert_eq!(Error::from(crossed), error);
        }
    }

    #[test]
    fn a_code_that_is_not_known_here_is_passed_on_as_it_came() {
        let crossed = types::Error::from(Error::other(117, "the switch said no"));
        assert_eq!(crossed.code, "117");
        let later = types::Error {
            code: "quota-exceeded".to_owned(),
            ..crossed
        };
        let error = Error::from(later.clone());
        assert_eq!(error.code, ErrorCode::Other("quota-exceeded".to_owned()));
        assert_eq!(types::Error::from(error), later);
    }
}
