//! The second wall. wasmtime is the first: it lets a component compute and nothing else. Should a
//! vendor's component ever come through it, it is in a process that has nothing and may do nothing:
//! nobody's user, no capability, no descriptor but one channel, and a filter that kills it for any
//! system call but those of computing.
//!
//! ```text
//! plumb, as root                        child, as nobody
//!   Authority  ◄── HostCall, End ───      Session, contract, component
//!              ─── HostAnswer ────►
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

use std::os::unix::net::UnixStream;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getpid};
use plumb_engine::limits;
use wasmtime::Engine;

use super::deadline::Deadline;
use super::end::End;
use super::failure::Failure;
use super::session::Authority;

pub use channel::Channel;

use serve::{Broken, Server};

/// How a child ends whose code, ours, had a fault.
const PANICKED: i32 = 101;
/// How a child ends that has said all, or whose parent does not listen any more.
const OVER: i32 = 0;

/// Runs a component behind the wall: `inside` in the child, its calls answered by the authority.
///
/// # Errors
///
/// When the child gave no answer.
pub fn run(
    engine: &Engine,
    authority: &mut Authority,
    inside: impl FnOnce(Channel) -> End,
) -> Result<End, Failure> {
    debug_assert_eq!(threads(), 1, "a child has only the thread that made it");
    let broken = |error: &dyn std::fmt::Display| Failure::set_up("its process", error);
    let (own, other) = UnixStream::pair().map_err(|error| broken(&error))?;
    let parent = getpid();
    // SAFETY: the process has one thread, so the child holds no lock that nobody would give back.
    match unsafe { fork() }.map_err(|errno| broken(&errno.desc()))? {
        ForkResult::Child => behind(engine, other, parent, inside),
        ForkResult::Parent { child } => {
            drop(other);
            let child = Child(child);
            let served = Server::new(&own, authority)
                .map_err(|error| broken(&error))?
                .serve();
            served.map_err(|broken| match broken {
                Broken::Gone => child.death(),
                Broken::Failed(failure) => failure,
            })
        }
    }
}

/// The child's life.
fn behind(
    engine: &Engine,
    socket: UnixStream,
    parent: Pid,
    inside: impl FnOnce(Channel) -> End,
) -> ! {
    // The program's own hook would answer the runtime.
    std::panic::set_hook(Box::new(|_| exit(PANICKED)));
    let wall = confine::leave_descriptors(socket).and_then(|()| {
        // Timers are not inherited.
        let deadline = Deadline::begin(engine).map_err(|errno| ("timer_create", errno))?;
        std::mem::forget(deadline);
        confine::leave_rights(parent)?;
        filter::install()
    });
    let mut channel = Channel::new();
    let end = match wall {
        Ok(()) => inside(channel.again()),
        Err((call, errno)) => End::failed(Failure::set_up(call, errno.desc())),
    };
    channel.tell(end);
    exit(OVER)
}

/// Ends the process at once: what would be done at a program's end is the parent's to do.
fn exit(status: i32) -> ! {
    // SAFETY: it does not return and touches no memory.
    unsafe { nix::libc::_exit(status) }
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}

/// The child, as its parent has it: it never outlives this.
struct Child(Pid);

impl Child {
    /// What the child that is gone died of.
    fn death(self) -> Failure {
        let died = self.end();
        std::mem::forget(self);
        let reason = match died {
            Ok(WaitStatus::Signaled(_, Signal::SIGSYS, _)) => {
                "was stopped: it tried a system call that components may not make".to_owned()
            }
            Ok(WaitStatus::Signaled(_, Signal::SIGXCPU, _)) => format!(
                "was stopped: it used more than {} s of processor time",
                confine::PROCESSOR_SECONDS
            ),
            Ok(WaitStatus::Signaled(_, signal, _)) => {
                format!("failed: its process was ended by {}", signal.as_str())
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
        let _ = kill(self.0, Signal::SIGKILL);
        loop {
            match waitpid(self.0, None) {
                Err(nix::errno::Errno::EINTR) => {}
                ended => return ended,
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// For messages: the time on the wall.
fn too_slow() -> Failure {
    Failure::failed(format!(
        "was stopped: it gave no answer within {} s",
        limits::WALL_TIME.as_secs()
    ))
}
