//! Waiting for what others do.

use std::time::{Duration, Instant};

/// Between two looks: each starts a kubectl.
const PAUSE: Duration = Duration::from_millis(100);

/// Looks until there is what is waited for; what was seen instead is an error.
///
/// # Panics
///
/// With what was seen last, when `patience` is over.
#[track_caller]
pub fn until<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Result<T, String>) -> T {
    let started = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) if started.elapsed() > patience => panic!(
                "waited {} s in vain until {what}; what was seen last: {seen}",
                patience.as_secs()
            ),
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}
