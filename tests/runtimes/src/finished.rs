//! What a command said.

use std::fmt;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::Signal;

/// A command that has come to its end.
#[derive(Debug)]
pub struct Finished {
    command: String,
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Finished {
    /// Runs the command.
    #[track_caller]
    pub fn of(mut command: Command) -> Self {
        let name = format!("{command:?}");
        Self::wait(name, start(&mut command))
    }

    /// Waits for a command that was started by [`start`].
    #[track_caller]
    pub fn wait(command: String, child: Child) -> Self {
        let output = child.wait_with_output().expect("wait for the command");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
        Self {
            command,
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Whether it returned 0.
    pub fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// Its standard output, however it ended.
    pub fn stdout(&self) -> &str {
        &self.stdout
    }

    /// Its standard output.
    #[track_caller]
    pub fn expect_success(self) -> String {
        assert!(self.succeeded(), "this should have succeeded: {self}");
        self.stdout
    }

    /// Its standard output; it wrote nothing else.
    #[track_caller]
    pub fn expect_silent_success(self) -> String {
        assert!(
            self.stderr.is_empty(),
            "this should have been silent: {self}"
        );
        self.expect_success()
    }

    /// It ended because its container was killed, and had nothing to say about that.
    #[track_caller]
    pub fn expect_killed(self) {
        let killed = self.code == Some(128 + Signal::SIGKILL as i32);
        assert!(
            killed && self.stderr.is_empty(),
            "this should have been killed: {self}"
        );
    }

    /// Its standard error, which has to contain all of `parts`.
    #[track_caller]
    pub fn expect_failure(self, parts: &[&str]) -> String {
        assert!(!self.succeeded(), "this should have failed: {self}");
        for part in parts {
            assert!(
                self.stderr.contains(part),
                "it does not say {part:?}: {self}"
            );
        }
        self.stderr
    }
}

/// Starts a command whose output [`Finished::wait`] takes.
#[track_caller]
pub fn start(command: &mut Command) -> Child {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("start {command:?}: {error}"))
}

impl fmt::Display for Finished {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}\ncode: {:?}\nstdout: {}\nstderr: {}",
            self.command, self.code, self.stdout, self.stderr
        )
    }
}
