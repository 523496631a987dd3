//! Work in a child process, whose namespaces and faults are its own.

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::libc;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How a child ended that has not told what came of its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By a signal.
    Killed(Signal),
    /// With an exit status: of a panic, 101.
    Exited(i32),
    /// In a way that nobody knows, or it did not begin.
    Unknown,
}

/// Does `work` in a child process. What came of it.
///
/// # Errors
///
/// How the child ended, when it ended before its work.
///
/// # Panics
///
/// In a process with several threads: a child has only the one that made it, and the locks of the others.
pub fn apart<T: Serialize + DeserializeOwned>(work: impl FnOnce() -> T) -> Result<T, Ended> {
    let (mut reader, writer) = std::io::pipe().map_err(|_| Ended::Unknown)?;
    // SAFETY: the program has one thread, as the sandbox demands of it as well.
    match unsafe { fork() }.map_err(|_| Ended::Unknown)? {
        ForkResult::Child => {
            drop(reader);
            let _ = set_pdeathsig(Signal::SIGKILL);
            let status = match catch_unwind(AssertUnwindSafe(work)) {
                Ok(done) => tell(writer, &done),
                Err(_) => PANICKED,
            };
            // SAFETY: it does not return; what would be done at a program's end is the parent's to do.
            unsafe { libc::_exit(status) }
        }
        ForkResult::Parent { child } => {
            drop(writer);
            let mut told = Vec::new();
            let read = reader.read_to_end(&mut told);
            let ended = loop {
                match waitpid(child, None) {
                    Err(nix::errno::Errno::EINTR) => {}
                    ended => break ended,
                }
            };
            let ended = match ended {
                Ok(WaitStatus::Signaled(_, signal, _)) => Ended::Killed(signal),
                Ok(WaitStatus::Exited(_, 0)) if read.is_ok() => {
                    return serde_json::from_slice(&told).map_err(|_| Ended::Unknown);
                }
                Ok(WaitStatus::Exited(_, status)) => Ended::Exited(status),
                _ => Ended::Unknown,
            };
            Err(ended)
        }
    }
}

/// The exit status of a child that panicked, as the standard library has it.
const PANICKED: i32 = 101;

fn tell(mut writer: std::io::PipeWriter, done: &impl Serialize) -> i32 {
    let text = serde_json::to_vec(done).unwrap_or_default();
    i32::from(writer.write_all(&text).is_err())
}
