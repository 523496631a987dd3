//! The interface `log`.

use crate::bindings::flavour::plumb::cni::log::Level;
use crate::testing::session;

pub fn write(level: Level, message: &str) {
    let level = match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    session::log(format!("{level}: {message}"));
}
