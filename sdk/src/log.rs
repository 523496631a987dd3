//! Lines for the trace of a call (`logLevel` and `logFile` of the configuration).
//!
//! The host keeps the first 64 lines and 1 KiB of each. When the component traps, the
//! last ones are in the error that the runtime shows.

use crate::bindings::flavour::plumb::cni::log::Level;
use crate::contract::log::write;

/// A detail that helps to find a mistake in the component itself.
pub fn debug(message: impl AsRef<str>) {
    write(Level::Debug, message.as_ref());
}

/// What was decided, such as a device that was chosen.
pub fn info(message: impl AsRef<str>) {
    write(Level::Info, message.as_ref());
}

/// Something that the operator should know although the call succeeds.
pub fn warning(message: impl AsRef<str>) {
    write(Level::Warning, message.as_ref());
}

/// Why the call is about to fail, when the returned [`Error`](crate::Error) cannot say it.
pub fn error(message: impl AsRef<str>) {
    write(Level::Error, message.as_ref());
}
