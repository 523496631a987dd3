//! The second wall. wasmtime is the first: it lets a component compute and nothing else. Should a
//! vendor's component ever come through it, it is in a process that has nothing and may do nothing:
//! nobody's user, no capability, no descriptor but one channel, and a filter that kills it for any
//! system call but those of computing.
//!
//! ```text
//! plumb, as root                        child, as nobody
//!   Authority  ◄── HostCall, End ───      Session, contract, component,
//!              ─── HostAnswer ────►       a copy of the authority
//! ```
//!
//! The plan is made and performed in the parent. What comes through the channel are the calls that a
//! component makes anyway, answered by the same [`Authority`]: they get no further when hostile
//! code sends them. The child is plumb's copy, so the component can read in it what plumb knew at that
//! moment: the request, the environment, the policy. It can tell nobody but plumb.

mod channel;
mod confine;
mod filter;
mod serve;

use std::cell::Cell;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getpid};
use plumb_engine::{Allowance, limits};
use wasmtime::Engine;

use super::deadline::Deadline;
use super::end::End;
use super::failure::{Failure, Limit};
use super::session::Authority;

pub use channel::Channel;

use confine::Step;
use serve::{Broken, Server};

/// How a child ends whose code, ours, had a fault.
const PANICKED: i32 = 101;
/// How a child ends that has no wall around it.
const UNPROTECTED: i32 = 102;
/// How a child ends that has said all, or whose parent does not listen any more.
const OVER: i32 = 0;

/// What a child may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Seconds of processor time.
    pub processor: u64,
    /// Bytes of private memory.
    pub data: u64,
    /// Bytes of address space.
    pub address_space: u64,
    /// The time on the wall.
    pub time: Duration,
}

impl Limits {
    /// Those of a component: of processor time a second more than wasmtime gives it, for code that wasmtime has lost.
    pub fn of_a_component(allowance: Allowance) -> Self {
        let limits = allowance.limits();
        Self {
            processor: limits::DEADLINE.as_secs() + 1,
            data: limits.process_data_bytes,
            address_space: limits.process_address_space_bytes,
            time: limits::WALL_TIME,
        }
    }
}

/// Runs a component behind the wall: `inside` in the child, its calls answered by the authority.
///
/// # Errors
///
/// When the child gave no answer.
pub fn run(
    engine: &Engine,
    limits: &Limits,
    authority: &mut Authority,
    inside: impl FnOnce(Channel, Authority),
) -> Result<End, Failure> {
    // Timers are not inherited.
    let prepare = || match Deadline::begin(engine) {
        Ok(deadline) => {
            std::mem::forget(deadline);
            Ok(())
        }
        Err(errno) => Err(("timer_create", errno)),
    };
    let (socket, child) = raise(limits, prepare, |wall| {
        let mut channel = Channel::new();
        match wall {
            // SAFETY: the process ends without coming back to whoever owns it, and nothing uses it beside this copy.
            Ok(()) => inside(channel, unsafe { std::ptr::read(&raw const *authority) }),
            Err(failure) => channel.tell(End::failed(failure)),
        }
    })?;
    let served = Server::new(&socket, authority)
        .map_err(|error| no_process(&error))?
        .serve();
    match served {
        Ok(end) => {
            child.leave();
            Ok(end)
        }
        Err(Broken::Gone) => Err(child.death(limits)),
        Err(Broken::Failed(failure)) => Err(failure),
    }
}

/// Answers what comes through a socket as if a child were at its other end: whether it came to an end in order. For
/// `tests/fuzz`, whose children say what they like.
#[doc(hidden)]
pub fn answer(socket: &UnixStream, authority: &mut Authority) -> bool {
    Server::new(socket, authority).is_ok_and(|mut server| server.serve().is_ok())
}

/// Runs a part of a program behind the wall that needs nothing but what the program has in its memory: what it wrote.
///
/// # Errors
///
/// When it did not come to its end within the limits, or wrote more than `most` bytes.
pub fn alone(
    limits: &Limits,
    most: usize,
    work: impl FnOnce(&mut dyn Write),
) -> Result<Vec<u8>, Failure> {
    let (socket, child) = raise(
        limits,
        || Ok(()),
        |wall| match wall {
            Ok(()) => Channel::new().write(work),
            Err(_) => exit(UNPROTECTED),
        },
    )?;
    let written = serve::listen(&socket, limits.time, most)?;
    match child.wait() {
        Ok(WaitStatus::Exited(_, OVER)) => Ok(written),
        _ => Err(child.death(limits)),
    }
}

fn no_process(error: &dyn std::fmt::Display) -> Failure {
    Failure::set_up("its process", error)
}

/// Makes a child and the wall around it. `inside` learns whether the wall stands.
fn raise(
    limits: &Limits,
    prepare: impl FnOnce() -> Step,
    inside: impl FnOnce(Result<(), Failure>),
) -> Result<(UnixStream, Child), Failure> {
    debug_assert_eq!(threads(), 1, "a child has only the thread that made it");
    reap();
    let (own, other) = UnixStream::pair().map_err(|error| no_process(&error))?;
    let parent = getpid();
    // SAFETY: the process has one thread, so the child holds no lock that nobody would give back.
    match unsafe { fork() }.map_err(|errno| no_process(&errno.desc()))? {
        ForkResult::Child => {
            // The program's own hook would answer the runtime.
            std::panic::set_hook(Box::new(|_| exit(PANICKED)));
            let wall = confine::leave_descriptors(other)
                .and_then(|()| prepare())
                .and_then(|()| confine::leave_rights(parent, limits))
                .and_then(|()| filter::install());
            inside(wall.map_err(|(call, errno)| Failure::set_up(call, errno.desc())));
            exit(OVER)
        }
        ForkResult::Parent { child } => Ok((own, Child(child, Cell::new(None)))),
    }
}

/// Ends the process at once: what would be done at a program's end is the parent's to do.
fn exit(status: i32) -> ! {
    // SAFETY: it does not return and touches no memory.
    unsafe { nix::libc::_exit(status) }
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}

/// The child, as its parent has it, and how it ended: it never outlives this.
struct Child(Pid, Cell<Option<WaitStatus>>);

impl Child {
    /// What the child that is gone died of.
    fn death(&self, limits: &Limits) -> Failure {
        let reason = match self.end() {
            Ok(WaitStatus::Signaled(_, Signal::SIGSYS, _)) => {
                "was stopped: it tried a system call that components may not make".to_owned()
            }
            Ok(WaitStatus::Signaled(_, Signal::SIGXCPU, _)) => {
                return Failure::over(
                    Limit::Time,
                    format!("it used more than {} s of processor time", limits.processor),
                );
            }
            Ok(WaitStatus::Signaled(_, signal, _)) => {
                format!("failed: its process was ended by {}", signal.as_str())
            }
            Ok(WaitStatus::Exited(_, PANICKED)) => {
                "failed: there was a fault in the process around it".to_owned()
            }
            Ok(WaitStatus::Exited(_, UNPROTECTED)) => {
                "cannot be run: the kernel refused what protects plumb from it".to_owned()
            }
            Ok(WaitStatus::Exited(_, status)) => {
                format!("failed: its process ended with status {status} and without an answer")
            }
            _ => "failed: its process is gone".to_owned(),
        };
        Failure::failed(reason)
    }

    /// Kills and reaps it. One that dies already keeps the status of its death.
    fn end(&self) -> nix::Result<WaitStatus> {
        if let Some(status) = self.1.get() {
            return Ok(status);
        }
        let _ = kill(self.0, Signal::SIGKILL);
        self.wait()
    }

    /// Reaps one that has closed the channel, which it does by ending.
    fn wait(&self) -> nix::Result<WaitStatus> {
        loop {
            match waitpid(self.0, None) {
                Err(Errno::EINTR) => {}
                ended => {
                    self.1.set(ended.ok());
                    return ended;
                }
            }
        }
    }
}

/// Children that have said all and were killed, and whose end nobody has waited for.
static LEFT: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// Waits for the children that were left: for each a moment, unless it has ended while plumb did other things.
pub fn reap() {
    let left = std::mem::take(&mut *LEFT.lock().unwrap_or_else(PoisonError::into_inner));
    for child in left {
        while waitpid(child, None) == Err(Errno::EINTR) {}
    }
}

impl Child {
    /// Kills it, and leaves it to [`reap`]: taking a process apart takes longer than some of the calls that a component makes.
    fn leave(self) {
        let _ = kill(self.0, Signal::SIGKILL);
        let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
        left.push(self.0);
        std::mem::forget(self);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// For messages: the time on the wall.
fn too_slow(time: Duration) -> Failure {
    Failure::over(
        Limit::Time,
        format!("it gave no answer within {} s", time.as_secs()),
    )
}

#[cfg(test)]
mod tests;
