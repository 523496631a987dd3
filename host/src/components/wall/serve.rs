//! The parent's side of the channel: takes a child's messages, answers its calls, and waits for no
//! child that does not come to an end.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::time::{ClockId, clock_gettime};
use plumb_engine::limits;

use super::channel::{Answer, HEAD, Message, decode, encode, length};
use super::{no_process, too_slow};
use crate::components::end::End;
use crate::components::failure::{Failure, Limit};
use crate::components::refusal::{Refusal, cut};
use crate::components::session::{Authority, HostCall};

/// Bytes that are read at a time.
const PIECE: usize = 4096;

/// Why there is no answer.
pub enum Broken {
    /// The child is gone; what it died of, its parent learns by waiting for it.
    Gone,
    /// It did what it may not.
    Failed(Failure),
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Answers one child.
pub struct Server<'a> {
    socket: &'a UnixStream,
    authority: &'a mut Authority,
    /// The time on the wall that it has.
    until: Instant,
    /// The processor time of plumb itself that its calls may take.
    processor_until: Duration,
    /// What has come and was not looked at yet.
    bytes: Vec<u8>,
}

impl<'a> Server<'a> {
    /// For a child that begins now.
    pub fn new(socket: &'a UnixStream, authority: &'a mut Authority) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            authority,
            until: Instant::now() + limits::WALL_TIME,
            processor_until: processor_time()? + limits::DEADLINE,
            bytes: Vec::new(),
        })
    }

    /// Answers calls until the child has said its last.
    pub fn serve(&mut self) -> Result<End, Broken> {
        // Its own session counts as well, and says it in the same words.
        for _ in 0..=limits::HOST_CALLS {
            match self.receive()? {
                Message::End(end) => return Ok(end),
                Message::Note(call) => self.take_note(call)?,
                Message::Call(call) => self.answer(call)?,
            }
            if processor_time().is_ok_and(|now| now > self.processor_until) {
                return Err(Broken::Failed(Failure::over(
                    Limit::Time,
                    format!(
                        "it used more than {} s of processor time",
                        limits::DEADLINE.as_secs()
                    ),
                )));
            }
        }
        Err(Broken::Failed(Failure::over(
            Limit::Calls,
            format!("it called the host more than {} times", limits::HOST_CALLS),
        )))
    }

    /// Answers a call, behind which nothing may have been sent before its answer.
    fn answer(&mut self, call: HostCall) -> Result<(), Broken> {
        if !self.bytes.is_empty() {
            return Err(no_message());
        }
        let answer = self.authority.answer(call).map_err(|refusal| Refusal {
            message: cut(refusal.message),
            ..refusal
        });
        self.send(&answer)
    }

    /// Does what needs no answer. The child was plumb's copy and has asked the same authority before, so a refusal here
    /// means that it is something else by now.
    fn take_note(&mut self, call: HostCall) -> Result<(), Broken> {
        if !call.needs_no_answer() {
            return Err(no_message());
        }
        match self.authority.answer(call) {
            Ok(_) => Ok(()),
            Err(refusal) => Err(Broken::Failed(Failure::failed(format!(
                "was stopped: it went on after a refusal: {}",
                cut(refusal.message)
            )))),
        }
    }

    fn receive(&mut self) -> Result<Message, Broken> {
        loop {
            let wanted = match length(&self.bytes) {
                None => PIECE,
                Some(length) if length > limits::MESSAGE_BYTES => {
                    return Err(Broken::Failed(Failure::failed(format!(
                        "was stopped: it sent a message of {length} bytes, more than {}",
                        limits::MESSAGE_BYTES
                    ))));
                }
                Some(length) if self.bytes.len() >= HEAD + length => {
                    let message = decode(&self.bytes[HEAD..HEAD + length]);
                    self.bytes.drain(..HEAD + length);
                    return message.ok_or_else(no_message);
                }
                Some(length) => (HEAD + length).max(PIECE),
            };
            self.wait(PollFlags::POLLIN)?;
            let filled = self.bytes.len();
            // Mostly it is whole with the first piece, and so are the notes before it.
            self.bytes.resize(wanted.max(filled + HEAD), 0);
            let read = self.socket.read(&mut self.bytes[filled..]);
            self.bytes.truncate(filled + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => return Err(Broken::Gone),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Broken::Gone),
            }
        }
    }

    fn send(&mut self, answer: &Answer) -> Result<(), Broken> {
        let bytes = encode(answer);
        let mut left = &bytes[..];
        while !left.is_empty() {
            match self.socket.write(left) {
                Ok(written) => left = &left[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let ready = self.wait(PollFlags::POLLOUT | PollFlags::POLLIN)?;
                    // It is owed an answer, and has said something else instead of taking it.
                    if ready.contains(PollFlags::POLLIN) {
                        return Err(no_message());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Broken::Gone),
            }
        }
        Ok(())
    }

    fn wait(&self, flags: PollFlags) -> Result<PollFlags, Broken> {
        match wait(self.socket, flags, self.until) {
            Ok(Some(ready)) => Ok(ready),
            Ok(None) => Err(Broken::Failed(too_slow(limits::WALL_TIME))),
            Err(_) => Err(Broken::Gone),
        }
    }
}

/// What a child writes until it ends.
pub fn listen(socket: &UnixStream, time: Duration, most: usize) -> Result<Vec<u8>, Failure> {
    let until = Instant::now() + time;
    let mut bytes = Vec::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        let ready = wait(socket, PollFlags::POLLIN, until);
        match ready.map_err(|errno| no_process(&errno.desc()))? {
            None => return Err(too_slow(time)),
            Some(_) => match (&*socket).read(&mut piece) {
                Ok(0) => return Ok(bytes),
                Ok(read) => bytes.extend(&piece[..read]),
                // Dying with something unread in its end of the socket.
                Err(_) => return Ok(bytes),
            },
        }
        if bytes.len() > most {
            return Err(Failure::failed(format!(
                "was stopped: what became of it has more than {most} bytes"
            )));
        }
    }
}

/// Waits until a socket is ready; none when the time is over.
fn wait(socket: &UnixStream, flags: PollFlags, until: Instant) -> Result<Option<PollFlags>, Errno> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        let timeout = PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX);
        let mut polled = [PollFd::new(socket.as_fd(), flags)];
        match poll(&mut polled, timeout) {
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => return Ok(polled[0].revents()),
            Err(errno) => return Err(errno),
        }
    }
}

fn no_message() -> Broken {
    Broken::Failed(Failure::failed(
        "was stopped: what it sent to the host is no message",
    ))
}

/// What this process has used.
fn processor_time() -> io::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?.into())
}
