//! The machine's clock.

use nix::libc;

/// Whether something sets the clock by a better one (adjtimex(2)); none where the kernel does not say.
#[must_use]
pub fn is_synchronised() -> Option<bool> {
    let mut state = std::mem::MaybeUninit::<libc::timex>::zeroed();
    // SAFETY: `modes` is zero, so the kernel changes nothing and writes no more than one `timex`, which outlives the call.
    let answer = unsafe { libc::adjtimex(state.as_mut_ptr()) };
    // SAFETY: all of it is zeros or what the kernel wrote, and it has only integers.
    let state = (answer >= 0).then(|| unsafe { state.assume_init() })?;
    Some(answer != libc::TIME_ERROR && state.status & libc::STA_UNSYNC == 0)
}
