//! The clock behind the fuel: an alarm that raises the engine's epoch.
//!
//! A timer and a signal instead of a thread: starting one costs as much as a component's
//! whole call, and a second thread would stand in the way of fork and setns.

use std::sync::atomic::{AtomicPtr, Ordering};

use nix::errno::Errno;
use nix::sys::signal::{
    SaFlags, SigAction, SigEvent, SigHandler, SigSet, SigevNotify, Signal, sigaction,
};
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::time::ClockId;
use plumb_engine::limits;
use wasmtime::Engine;

/// The engine whose time is running. It is never freed: the handler may be on its way
/// to it at any moment.
static ENGINE: AtomicPtr<Engine> = AtomicPtr::new(std::ptr::null_mut());

/// A deadline that runs until it is dropped.
pub struct Deadline {
    _timer: Timer,
}

impl Deadline {
    /// Begins the time that components have.
    pub fn begin(engine: &Engine) -> Result<Self, Errno> {
        ENGINE.store(Box::into_raw(Box::new(engine.clone())), Ordering::Release);
        let handler = SigAction::new(
            SigHandler::Handler(on_alarm),
            SaFlags::SA_RESTART | SaFlags::SA_ONSTACK,
            SigSet::empty(),
        );
        // SAFETY: the handler does nothing but load a pointer and add to an atomic
        // counter, both of which may be done in a signal handler.
        unsafe { sigaction(Signal::SIGALRM, &handler) }?;
        // Whoever started the process may have left the signal blocked.
        let mut alarm = SigSet::empty();
        alarm.add(Signal::SIGALRM);
        alarm.thread_unblock()?;
        let notify = SigevNotify::SigevSignal {
            signal: Signal::SIGALRM,
            si_value: 0,
        };
        let mut timer = Timer::new(ClockId::CLOCK_PROCESS_CPUTIME_ID, SigEvent::new(notify))?;
        timer.set(
            Expiration::OneShot(limits::DEADLINE.into()),
            TimerSetTimeFlags::empty(),
        )?;
        Ok(Self { _timer: timer })
    }
}

extern "C" fn on_alarm(_signal: i32) {
    // SAFETY: the pointer is null or that of an engine that is never freed.
    if let Some(engine) = unsafe { ENGINE.load(Ordering::Acquire).as_ref() } {
        engine.increment_epoch();
    }
}
