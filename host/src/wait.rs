//! Waiting for what the kernel does by itself: a driver that probes, a device that comes
//! back from a namespace that ended.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Result;

/// First and longest pause between two looks.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));

/// Looks until there is something to see; none when the time is over. The last look is
/// after the time.
pub fn until<T>(limit: Duration, mut look: impl FnMut() -> Result<Option<T>>) -> Result<Option<T>> {
    let begin = Instant::now();
    let mut pause = PAUSES.0;
    loop {
        let is_last = begin.elapsed() >= limit;
        if let Some(found) = look()? {
            return Ok(Some(found));
        }
        if is_last {
            return Ok(None);
        }
        sleep(pause);
        pause = (pause * 2).min(PAUSES.1);
    }
}
