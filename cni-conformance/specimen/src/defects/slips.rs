//! The defects that take more than a line, by the moment at which they show. Each of these
//! functions does nothing in a correct plugin.

mod add;
mod call;
mod del;
mod network;

use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use super::has;
use crate::record;
use crate::request::Request;

pub use add::*;
pub use call::*;
pub use del::*;
pub use network::*;

/// Gives others the time to come between.
pub fn pause(name: &str, milliseconds: u64) {
    if has(name) {
        sleep(Duration::from_millis(milliseconds));
    }
}

fn remove_notes(request: &Request) {
    if has("version-leaves-a-note") || has("status-leaves-a-note") {
        let _ = fs::remove_file(record::root().join("note"));
        let _ = fs::remove_file(folder_of(request).join("note"));
    }
}

fn folder_of(request: &Request) -> PathBuf {
    record::folder(&request.network)
}
