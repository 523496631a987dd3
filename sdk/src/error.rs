//! Constructors for [`Error`]. Messages are lower case without a full stop and have the
//! offending value in them: they are what a person reads in the pod's events.

use crate::{Error, ErrorCode};

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

    /// Anything else, with a CNI error code of 100 or above.
    pub fn other(code: u32, message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Other(code), message)
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
