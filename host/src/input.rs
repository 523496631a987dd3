//! Standard input, for a time that has an end: a runtime that dies, or hangs, between the configuration and the end
//! of the file would keep this process for ever.

use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::read;

/// How long the configuration may take from its first byte to the end of the file. A runtime writes it at once.
const PATIENCE: Duration = Duration::from_secs(8);

/// Standard input until it ends, or the patience does.
pub struct Input {
    deadline: Instant,
}

impl Input {
    /// From now on.
    pub fn standard() -> Self {
        Self {
            deadline: Instant::now() + PATIENCE,
        }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let input = io::stdin();
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
            match poll(
                &mut [PollFd::new(input.as_fd(), PollFlags::POLLIN)],
                timeout,
            ) {
                Ok(0) if left.is_zero() => {
                    let seconds = PATIENCE.as_secs();
                    let reason = format!(
                        "it has not come to its end within {seconds} s: the runtime must close it"
                    );
                    return Err(io::Error::new(ErrorKind::TimedOut, reason));
                }
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => return Ok(read(&input, buffer)?),
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}
