//! Waiting for something that another process does.

use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);

const LONGEST_PAUSE: Duration = Duration::from_millis(320);

/// Asks until the condition holds.
///
/// # Panics
///
/// When it does not hold within ten seconds.
#[track_caller]
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Looks until there is no difference, or for `patience`; what is different then.
#[track_caller]
pub fn settled(patience: Duration, mut difference: impl FnMut() -> String) -> String {
    let started = Instant::now();
    let mut pause = Duration::from_millis(5);
    loop {
        let text = difference();
        if text.is_empty() || started.elapsed() > patience {
            return text;
        }
        std::thread::sleep(pause);
        // To look may cost as much as what is waited for, and what takes long rarely ends
        // just now.
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
