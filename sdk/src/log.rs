//! Lines for the trace of a call (`logLevel` and `logFile` of the configuration).
//!
//! The host keeps the first 64 lines and 1 KiB of each. When the component traps, the
//! last ones are in the error that the runtime shows.
//!
//! The standard library's `println!` compiles in a component and its text goes nowhere: there is no standard
//! output. [`println!`](crate::println) and [`eprintln!`](crate::eprintln) of this crate write here. Import them by name:
//!
//! ```
//! use plumb_sdk::prelude::*;
//! use plumb_sdk::println;
//!
//! println!("chose {} of {}", "ens6f0np0", 4);
//! ```
//!
//! The [prelude](crate::prelude) has them too, so that a `println!` whose text would be lost does not compile:
//!
//! ```compile_fail,E0659
//! use plumb_sdk::prelude::*;
//!
//! println!("is this the standard library's or the SDK's?");
//! ```

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

/// [`info`](crate::log::info), with the text formatted as by `format!`.
#[macro_export]
macro_rules! println {
    () => { $crate::log::info("") };
    ($($arguments:tt)*) => { $crate::log::info(::std::format!($($arguments)*)) };
}

/// [`warning`](crate::log::warning), with the text formatted as by `format!`.
#[macro_export]
macro_rules! eprintln {
    () => { $crate::log::warning("") };
    ($($arguments:tt)*) => { $crate::log::warning(::std::format!($($arguments)*)) };
}
