//! The trace of one call.
//!
//! Lines go to a file of the node's log folder, else to standard error, never to standard output. A network names
//! the file and the level, as far as the node's policy goes. A trace that cannot be written never fails or holds up
//! a call.

mod file;

use std::cell::Cell;
use std::fmt::Display;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use plumb_values::Utc;
use plumb_values::text::{printable, shorten};

use crate::cni::{Configuration, Request};
use crate::policy::file_name;

pub use crate::policy::Level;

/// Most bytes of one line, which may quote megabytes of a configuration.
const LINE_BYTES: usize = 64 * 1024;

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

    /// No lines at all: for who asks a component a thousand times.
    pub fn none() -> Self {
        Self {
            silent: Cell::new(true),
            ..Self::early()
        }
    }

    /// The trace that a request asks for and the policy allows. Verb and attachment begin each line.
    pub fn new(request: &Request) -> Self {
        let (configuration, log) = (&request.configuration, &request.policy.log);
        let verb = request.environment.verb.as_str();
        let call = match request.attachment.container_id.as_str() {
            "" => format!("{verb} {}", request.attachment.network),
            _ => format!("{verb} {}", request.attachment),
        };
        let asked = asked(configuration, LEVEL_KEYS);
        let mut trace = Self {
            level: log.level_for(asked.as_deref().and_then(parse_level)),
            file: None,
            call,
            silent: Cell::new(false),
        };
        if let Some(text) = asked.filter(|text| parse_level(text).is_none()) {
            trace.warning(format_args!(
                "\"logLevel\" {text:?} is unknown: use error, warning, info or debug"
            ));
        }
        let asked = self::asked(configuration, FILE_KEYS);
        let name = asked.as_deref().and_then(file_name);
        if let (Some(asked), None) = (&asked, name) {
            trace.warning(format_args!("\"logFile\" {asked:?} names no file"));
        }
        if let Some(name) = name.or(log.file.as_deref()) {
            let folder = &request.folders.log;
            match file::open(folder, name, log.size_limit) {
                Ok(file) => trace.file = Some(file),
                Err(error) => trace.warning(format_args!(
                    "cannot open the log {}: {error}",
                    folder.join(name).display()
                )),
            }
        }
        trace
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
    pub fn operation<T, E: Display>(
        &self,
        what: impl Display,
        took: Duration,
        outcome: &std::result::Result<T, E>,
    ) {
        let microseconds = took.as_micros();
        match outcome {
            Ok(_) => self.info(format_args!("{what}: ok, {microseconds} us")),
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
            printable(&shorten(&line.to_string(), LINE_BYTES), true).replace('\n', "\n    "),
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

/// Where the replaced plugins look for the level: sriov-cni and Multus; whereabouts and Spiderpool; Spiderpool's
/// coordinator. Keys are in lower case here.
const LEVEL_KEYS: &[&[&str]] = &[
    &["loglevel"],
    &["log_level"],
    &["logoptions", "loglevel"],
    &["ipam", "log_level"],
];

/// As [`LEVEL_KEYS`], for the file.
const FILE_KEYS: &[&[&str]] = &[
    &["logfile"],
    &["log_file"],
    &["log_file_path"],
    &["logoptions", "logfile"],
    &["ipam", "log_file"],
    &["ipam", "log_file_path"],
];

/// The text under the first of some keys. Anything but a text is passed over: a log never stops a pod.
fn asked(configuration: &Configuration, keys: &[&[&str]]) -> Option<String> {
    let text = |path: &[&str]| {
        let (first, rest) = path.split_first()?;
        let mut value = configuration.lower.get(*first)?;
        for key in rest {
            value = value.get(key)?;
        }
        value.as_str().filter(|text| !text.is_empty())
    };
    keys.iter().copied().find_map(text).map(str::to_owned)
}

fn parse_level(text: &str) -> Option<Level> {
    let text = text.to_lowercase();
    Level::named(&text)
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
