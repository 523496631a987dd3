//! Failures and deaths at every step of a call, injected by `PLUMB_FAULT`.

use cni_harness::Outcome;

/// When a step can be interrupted: its intent is on disk, the kernel has done it, that
/// it was done is on disk.
pub const MOMENTS: [&str; 3] = ["intent", "done", "recorded"];

/// More than any attachment has.
const LIMIT: usize = 60;

/// Calls `visit` with 1, 2 and so on, until it says that the fault was behind the last step.
///
/// # Panics
///
/// When there were not at least so many steps: then the faults did not strike.
#[track_caller]
pub fn every_step(at_least: usize, mut visit: impl FnMut(usize) -> bool) {
    let last = (1..LIMIT)
        .find(|number| !visit(*number))
        .expect("there is an end");
    assert!(
        last > at_least,
        "only {} steps were interrupted, not {at_least}: this plumb does not obey PLUMB_FAULT, or does less than it should",
        last - 1
    );
}

/// Whether the kill struck; an ordinary success otherwise.
#[track_caller]
pub fn was_killed(outcome: &Outcome) -> bool {
    assert!(
        outcome.was_killed() || outcome.succeeded(),
        "neither killed nor an ordinary call\n{outcome}"
    );
    outcome.was_killed()
}
