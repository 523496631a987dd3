//! A program that serves until it is killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::processes;

/// A running program. It gets SIGKILL when this is dropped.
pub struct Daemon {
    /// nsenter, which waits for the program that it has started, and ends as that ends.
    child: Child,
    log: PathBuf,
}

impl Daemon {
    pub(crate) fn new(child: Child, log: PathBuf) -> Self {
        Self { child, log }
    }

    /// Whether it runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its processes, as the machine numbers them.
    pub fn processes(&self) -> Vec<i32> {
        processes::children(i32::try_from(self.child.id()).expect("a process id"))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        for process in self.processes() {
            // One that has ended by itself is no failure.
            let _ = kill(Pid::from_raw(process), signal);
        }
    }

    /// Sends a signal and waits for the end; the exit code, or `None` if the signal ended it.
    #[track_caller]
    pub fn end(mut self, signal: Signal) -> Option<i32> {
        self.signal(signal);
        let status = self.child.wait().expect("wait for a daemon");
        status.code()
    }

    /// What it has written.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Where its log is.
    pub fn log_file(&self) -> &Path {
        &self.log
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.runs() {
            self.signal(Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}
