//! Why something cannot be done, in whatever version of the contract it is said: the host refuses
//! what a component calls, and a component refuses what it is asked for.

use plumb_engine::limits;
use serde::{Deserialize, Serialize};

use crate::{Code, Error};

/// The kinds of refusal that the contract knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// A value in the network configuration is wrong.
    InvalidConfiguration,
    /// A field is understood but cannot be honoured.
    UnsupportedField,
    /// A value in `CNI_ARGS` is wrong.
    InvalidEnvironment,
    /// It may work soon, without a change by the user.
    TryAgainLater,
    /// The node cannot serve this network as it is set up now.
    NotAvailable,
    /// What the configuration names does not exist.
    NotFound,
    /// No grant, or a device that the configuration does not name.
    Denied,
    /// The host cannot perform it in this version.
    UnsupportedOperation,
    /// Anything else, with the CNI error code that the component chose.
    Other(u32),
}

impl Reason {
    /// The code in the CNI result (CNI specification, section 5).
    fn code(self) -> Code {
        match self {
            Self::InvalidConfiguration => Code::INVALID_CONFIGURATION,
            Self::UnsupportedField => Code::UNSUPPORTED_FIELD,
            Self::InvalidEnvironment => Code::INVALID_ENVIRONMENT,
            Self::TryAgainLater => Code::TRY_AGAIN_LATER,
            Self::NotAvailable | Self::NotFound => Code::NOT_AVAILABLE,
            Self::Denied => Code::DENIED,
            Self::UnsupportedOperation => Code::NOT_PERFORMED,
            // The specification keeps the numbers below 100 for itself.
            Self::Other(code) if code >= 100 => Code(code),
            Self::Other(_) => Code::COMPONENT_FAILED,
        }
    }
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// For programs.
    pub reason: Reason,
    /// For people.
    pub message: String,
    /// Longer text for the log.
    pub details: Option<String>,
}

impl Refusal {
    /// A refusal without details.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            details: None,
        }
    }

    /// A value that is out of range.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Reason::InvalidConfiguration, message)
    }

    /// What a component may not see or do.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(Reason::Denied, message)
    }

    /// The error of a call in which a component refused.
    pub fn of_component(self, component: &str) -> Error {
        let error = Error::new(
            self.reason.code(),
            format!("{component}: {}", cut(self.message)),
        );
        match self.details {
            Some(details) => error.with_details(cut(details)),
            None => error,
        }
    }
}

/// A fact that could not be had is the component's to report: it names the object.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::new(Reason::NotAvailable, error.to_string())
    }
}

/// What the rules for arguments say (`plumb_values::arguments`).
impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self::invalid(message)
    }
}

/// Text of a component as an error may have it.
pub fn cut(text: String) -> String {
    let end = text.floor_char_boundary(limits::STRING_BYTES);
    plain(&text[..end])
}

/// Text of a component without line breaks and escape sequences: it must not pass for
/// something that plumb says, nor steer a terminal.
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect()
}
