//! When something was done: for people, and for comparisons.

use std::time::{SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};

/// A moment by two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970. Somebody may set this clock, to and fro.
    pub since_1970: u64,
    /// Milliseconds since the machine was started, suspended or not (`CLOCK_BOOTTIME`, clock_gettime(2)).
    pub uptime: u64,
}

impl Moment {
    /// Now.
    pub fn now() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        // It cannot fail: the kernel has had this clock since 2.6.39.
        let uptime = clock_gettime(ClockId::CLOCK_BOOTTIME).map(std::time::Duration::from);
        let milliseconds =
            |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            since_1970: milliseconds(since_1970.unwrap_or_default()),
            uptime: milliseconds(uptime.unwrap_or_default()),
        }
    }
}
