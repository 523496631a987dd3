//! Standard input and output, for a time that has an end: a runtime that dies, or hangs, would keep this process for
//! ever.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc::{self, PIPE_BUF};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{SFlag, fstat, makedev};
use nix::unistd::{read, write};

/// How long the configuration may take from its first byte to the end of the file, and the result until it is taken. A
/// runtime writes the one at once and waits for the other.
const PATIENCE: Duration = Duration::from_secs(8);

/// Before anything is opened: puts /dev/null in the place of each standard stream that was closed, for reading and
/// writing, so that no file gets its number; a stream that nobody reads any more becomes an error, and no signal that ends
/// the process.
pub fn begin() {
    for number in 0..=2 {
        // SAFETY: it looks whether there is a descriptor of this number, and changes nothing.
        if unsafe { libc::fcntl(number, libc::F_GETFD) } >= 0 {
            continue;
        }
        // It gets the lowest number that is free.
        match OpenOptions::new().read(true).write(true).open("/dev/null") {
            Ok(null) => null.into_raw_fd(),
            Err(_) => std::process::abort(),
        };
    }
    // SAFETY: no handler is set, and there is no other thread.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// Standard input until it ends, or the patience does.
pub struct Input {
    deadline: Instant,
    /// What was read.
    pub text: Vec<u8>,
}

impl Input {
    /// From now on.
    pub fn standard() -> Self {
        Self {
            deadline: Instant::now() + PATIENCE,
            text: Vec::new(),
        }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let input = io::stdin();
        wait(input.as_fd(), PollFlags::POLLIN, self.deadline).map_err(|error| {
            let reason = "it has not come to its end within 8 s: the runtime must close it";
            explained(error, reason)
        })?;
        let length = read(&input, buffer)?;
        self.text.extend_from_slice(&buffer[..length]);
        Ok(length)
    }
}

/// Writes to standard output.
pub fn print(text: &str) -> io::Result<()> {
    let output = io::stdout();
    if was_closed(&output)? {
        return Err(io::Error::other("it was closed when plumb was started"));
    }
    let deadline = Instant::now() + PATIENCE;
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        wait(output.as_fd(), PollFlags::POLLOUT, deadline)
            .map_err(|error| explained(error, "nobody has read it for 8 s"))?;
        // A pipe that polls writable takes so much at once (pipe(7)).
        let written = write(&output, &rest[..rest.len().min(PIPE_BUF)])?;
        rest = &rest[written..];
    }
    Ok(())
}

/// Whether a stream was closed at the start of the program, by what [`begin`] has put in its place: a redirection to
/// /dev/null is for writing alone.
fn was_closed(stream: impl AsFd) -> io::Result<bool> {
    let status = fstat(&stream)?;
    let is_null = SFlag::from_bits_truncate(status.st_mode).contains(SFlag::S_IFCHR)
        && status.st_rdev == makedev(1, 3);
    let access = fcntl(&stream, FcntlArg::F_GETFL)? & OFlag::O_ACCMODE.bits();
    Ok(is_null && access == OFlag::O_RDWR.bits())
}

fn explained(error: io::Error, reason: &str) -> io::Error {
    match error.kind() {
        ErrorKind::TimedOut => io::Error::new(ErrorKind::TimedOut, reason),
        _ => error,
    }
}

/// Waits until a stream is ready, or broken, which the next call says.
fn wait(stream: BorrowedFd<'_>, events: PollFlags, deadline: Instant) -> io::Result<()> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
        match poll(&mut [PollFd::new(stream, events)], timeout) {
            Ok(0) if left.is_zero() => return Err(ErrorKind::TimedOut.into()),
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
    }
}
