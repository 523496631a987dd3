//! The one error that leaves the program: a code to branch on, a sentence to read.
//!
//! Every module has errors of its own; this file is the only place that gives them a
//! code of the CNI specification (section 5, "Error"), so that the whole mapping can
//! be read at once.

use std::fmt;
use std::io::ErrorKind;

use crate::kernel::netns::NetnsError;
use crate::{ipam_plugin, kernel, leases, owned, pools, state};

/// A CNI error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(pub u32);

impl Code {
    /// The configuration's `cniVersion` is not spoken, or not with this verb.
    pub const INCOMPATIBLE_VERSION: Self = Self(1);
    /// A field is understood but cannot be honoured.
    pub const UNSUPPORTED_FIELD: Self = Self(2);
    /// A `CNI_*` variable is missing or wrong.
    pub const INVALID_ENVIRONMENT: Self = Self(4);
    /// Standard input cannot be read.
    pub const IO: Self = Self(5);
    /// Standard input is not one JSON object.
    pub const DECODE: Self = Self(6);
    /// A value in the network configuration is wrong.
    pub const INVALID_CONFIGURATION: Self = Self(7);
    /// The same call may succeed soon.
    pub const TRY_AGAIN_LATER: Self = Self(11);
    /// The node cannot serve this network now.
    pub const NOT_AVAILABLE: Self = Self(50);
    /// The kernel refused an operation.
    pub const KERNEL: Self = Self(100);
    /// No pool has a free address.
    pub const POOL_EXHAUSTED: Self = Self(101);
    /// A requested address belongs to another interface.
    pub const ADDRESS_TAKEN: Self = Self(102);
    /// A component trapped or went over a limit.
    pub const COMPONENT_FAILED: Self = Self(103);
    /// A component cannot be loaded.
    pub const COMPONENT_NOT_LOADED: Self = Self(104);
    /// An IPAM plugin failed without a code of its own.
    pub const DELEGATE_FAILED: Self = Self(105);
    /// The interface or the attachment exists already.
    pub const ALREADY_EXISTS: Self = Self(106);
    /// The journal or the lease store cannot be used.
    pub const STATE: Self = Self(107);
    /// A component has no grant for what it asked for, or the node's policy does not let networks use something.
    pub const DENIED: Self = Self(108);
    /// This version cannot perform the operation.
    pub const NOT_PERFORMED: Self = Self(109);
    /// CHECK found a difference between the record and the kernel.
    pub const DIFFERENCE: Self = Self(110);
    /// A device belongs to another pod, or serves somebody.
    pub const IN_USE: Self = Self(111);
    /// The node's policy cannot be read.
    pub const POLICY: Self = Self(112);
    /// A gateway does not answer.
    pub const UNREACHABLE: Self = Self(113);
    /// A fault in plumb itself.
    pub const INTERNAL: Self = Self(999);
}

/// What the runtime gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// For programs.
    pub code: Code,
    /// For the person at night: lower case, no full stop, the value in it.
    pub message: String,
    /// What would help: a hint, the end of a component's log, the failures of the undo.
    pub details: Option<String>,
}

impl Error {
    /// An error without details.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: None,
        }
    }

    /// A wrong value in the network configuration.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(Code::INVALID_CONFIGURATION, message)
    }

    /// All failures of something that kept going: the first one, with the others in its
    /// details. None when there were none.
    pub fn all(failures: Vec<Self>) -> Option<Self> {
        let mut failures = failures.into_iter();
        let first = failures.next()?;
        Some(failures.fold(first, |error, other| error.with_details(other.to_string())))
    }

    /// Adds details behind those that are there.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        let details = details.into();
        self.details = Some(match self.details.take() {
            Some(before) => format!("{before}; {details}"),
            None => details,
        });
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        match &self.details {
            Some(details) => write!(formatter, " ({details})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// The result of a verb or of a part of it.
pub type Result<T> = std::result::Result<T, Error>;

impl From<kernel::Error> for Error {
    fn from(error: kernel::Error) -> Self {
        let code = match &error {
            kernel::Error::Netns(NetnsError::Open { source, .. })
                if source.kind() != ErrorKind::PermissionDenied =>
            {
                Code::KERNEL
            }
            // Wrong CNI_NETNS: the specification's code for a bad variable.
            kernel::Error::Netns(_) => Code::INVALID_ENVIRONMENT,
            kernel::Error::NoLink { .. } => Code::NOT_AVAILABLE,
            _ => Code::KERNEL,
        };
        Self::new(code, error.to_string())
    }
}

impl From<NetnsError> for Error {
    fn from(error: NetnsError) -> Self {
        kernel::Error::from(error).into()
    }
}

impl From<pools::Error> for Error {
    fn from(error: pools::Error) -> Self {
        Self::configuration(error.to_string())
    }
}

impl From<leases::Error> for Error {
    fn from(error: leases::Error) -> Self {
        let leases::Error::Busy { path, .. } = &error else {
            return Self::new(Code::STATE, error.to_string());
        };
        // The folder is locked by those who use the store and those who replace it, the file by transactions.
        let locked = path.parent().into_iter().chain([path.as_path()]);
        let holders = kernel::LockHolders::of(locked);
        Self::new(Code::TRY_AGAIN_LATER, format!("{error}; {holders}"))
    }
}

impl From<leases::ClaimError> for Error {
    fn from(error: leases::ClaimError) -> Self {
        let error = match error {
            leases::ClaimError::Store(error) => return error.into(),
            refusal => refusal,
        };
        let code = match &error {
            leases::ClaimError::Exhausted { .. } => Code::POOL_EXHAUSTED,
            leases::ClaimError::NotHeld { .. } => Code::TRY_AGAIN_LATER,
            leases::ClaimError::Taken { .. } => Code::ADDRESS_TAKEN,
            leases::ClaimError::OwnerHasLeases { .. } => Code::ALREADY_EXISTS,
            _ => Code::STATE,
        };
        Self::new(code, error.to_string())
    }
}

impl From<owned::Error> for Error {
    fn from(error: owned::Error) -> Self {
        Self::new(Code::STATE, error.to_string())
    }
}

impl From<state::Error> for Error {
    fn from(error: state::Error) -> Self {
        let code = match &error {
            state::Error::Busy { .. } => Code::TRY_AGAIN_LATER,
            _ => Code::STATE,
        };
        Self::new(code, error.to_string())
    }
}

impl From<ipam_plugin::Error> for Error {
    fn from(error: ipam_plugin::Error) -> Self {
        match error {
            // The plugin's own code and words reach the user as they are.
            ipam_plugin::Error::Refused {
                plugin,
                verb,
                code,
                message,
                details,
            } => {
                let error = Self::new(
                    code.map_or(Code::DELEGATE_FAILED, Code),
                    format!("ipam plugin {plugin} refused {verb}: {message}"),
                );
                match details {
                    Some(details) => error.with_details(details),
                    None => error,
                }
            }
            ipam_plugin::Error::Name { .. } | ipam_plugin::Error::Itself { .. } => {
                Self::configuration(error.to_string())
            }
            _ => Self::new(Code::DELEGATE_FAILED, error.to_string()),
        }
    }
}
