//! The trace of one call: `logLevel` and `logFile` of the configuration.
//!
//! Lines go to the file, else to standard error, never to standard output. A trace that
//! cannot be written never fails or holds up a call.

use std::cell::Cell;
use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use plumb_values::Utc;

use crate::cni::Request;
use crate::{Error, Result};

/// How much is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What failed.
    Error,
    /// What is wrong but did not stop the call. The default.
    Warning,
    /// The request, the plan, each operation and the result.
    Info,
    /// The facts that were read and what components say.
    Debug,
}

impl Level {
    const NAMES: [(&'static str, Self); 4] = [
        ("error", Self::Error),
        ("warning", Self::Warning),
        ("info", Self::Info),
        ("debug", Self::Debug),
    ];

    fn name(self) -> &'static str {
        Self::NAMES
            .into_iter()
            .find_map(|(name, level)| (level == self).then_some(name))
            .unwrap_or_default()
    }
}

/// A place for lines about one call.
pub struct Trace {
    level: Level,
    file: Option<File>,
    call: String,
    /// Set when standard error takes no more: the rest is not tried.
    silent: Cell<bool>,
}

impl Trace {
    /// Warnings and errors on standard error: for what happens before the
    /// configuration is understood.
    pub fn early() -> Self {
        Self {
            level: Level::Warning,
            file: None,
            call: String::new(),
            silent: Cell::new(false),
        }
    }

    /// The trace that a request asks for. Verb and attachment begin each line.
    pub fn new(request: &Request) -> Result<Self> {
        let configuration = &request.configuration;
        let verb = request.environment.verb.as_str();
        let call = match request.attachment.container_id.as_str() {
            "" => format!("{verb} {}", request.attachment.network),
            _ => format!("{verb} {}", request.attachment),
        };
        let level = match configuration.string("loglevel")? {
            None => Level::Warning,
            Some(text) => parse_level(text).ok_or_else(|| {
                Error::configuration(format!(
                    "\"logLevel\" {text:?} is unknown: use error, warning, info or debug"
                ))
            })?,
        };
        let path = match configuration.string("logfile")? {
            Some(path) if !Path::new(path).is_absolute() => {
                return Err(Error::configuration(format!(
                    "\"logFile\" must be an absolute path, not {path:?}"
                )));
            }
            path => path,
        };
        let mut trace = Self {
            level,
            file: None,
            call,
            silent: Cell::new(false),
        };
        if let Some(path) = path {
            let opened = OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o640)
                // A link in a folder that others may write to would let them choose
                // the file that root writes to.
                .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK)
                .open(path);
            match opened {
                Ok(file) => trace.file = Some(file),
                Err(error) => {
                    trace.warning(format_args!("cannot open \"logFile\" {path}: {error}"))
                }
            }
        }
        Ok(trace)
    }

    /// Something failed.
    pub fn error(&self, line: impl Display) {
        self.write(Level::Error, line);
    }

    /// Something is wrong but does not stop the call.
    pub fn warning(&self, line: impl Display) {
        self.write(Level::Warning, line);
    }

    /// A part of the story.
    pub fn info(&self, line: impl Display) {
        self.write(Level::Info, line);
    }

    /// A detail.
    pub fn debug(&self, line: impl Display) {
        self.write(Level::Debug, line);
    }

    /// An operation or its undo, how long it took, and what the kernel said.
    pub fn operation<E: Display>(
        &self,
        what: impl Display,
        took: Duration,
        outcome: &std::result::Result<(), E>,
    ) {
        let microseconds = took.as_micros();
        match outcome {
            Ok(()) => self.info(format_args!("{what}: ok, {microseconds} us")),
            Err(error) => self.error(format_args!("{what}: {error}, {microseconds} us")),
        }
    }

    /// A line of a level that somebody else has chosen.
    pub fn write(&self, level: Level, line: impl Display) {
        if level > self.level || self.silent.get() {
            return;
        }
        let separator = if self.call.is_empty() { "" } else { " " };
        let text = format!(
            "{} plumb[{}] {}{separator}{}: {}\n",
            now(),
            std::process::id(),
            self.call,
            level.name(),
            line.to_string().replace('\n', "\n    "),
        );
        match &self.file {
            Some(file) => {
                let mut file: &File = file;
                let _ = file.write_all(text.as_bytes());
            }
            None => self.write_to_standard_error(text.as_bytes()),
        }
    }

    /// Nobody may be reading the other end of the pipe: what it does not take at once
    /// is dropped. A pipe that polls writable takes `PIPE_BUF` bytes (pipe(7)).
    fn write_to_standard_error(&self, text: &[u8]) {
        let mut error = std::io::stderr();
        for piece in text.chunks(nix::libc::PIPE_BUF) {
            let mut ready = [PollFd::new(error.as_fd(), PollFlags::POLLOUT)];
            let writable = poll(&mut ready, PollTimeout::ZERO).is_ok_and(|count| count > 0)
                && ready[0]
                    .revents()
                    .is_some_and(|events| events.contains(PollFlags::POLLOUT));
            if !writable || error.write_all(piece).is_err() {
                self.silent.set(true);
                return;
            }
        }
    }
}

fn parse_level(text: &str) -> Option<Level> {
    let text = text.to_lowercase();
    Level::NAMES
        .into_iter()
        .find_map(|(name, level)| (name == text).then_some(level))
        // The words of the plugins whose configurations are taken over.
        .or(match text.as_str() {
            "panic" | "fatal" => Some(Level::Error),
            "warn" => Some(Level::Warning),
            "verbose" | "trace" => Some(Level::Debug),
            _ => None,
        })
}

/// The time in UTC, `2026-11-21T03:04:05.678901Z`.
fn now() -> String {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    format!("{:.6}", Utc(elapsed))
}
