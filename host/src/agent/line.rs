//! One question and one answer over a unix socket, each a line of JSON, within a time.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use plumb_protocol::{Answer, LIMIT, Question};
use plumb_values::text::shorten;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect as to, socket_with,
};

/// What went wrong, in words.
type Result<T> = std::result::Result<T, String>;

/// How long until the next try while too many wait to be let in.
const INTERVAL: Duration = Duration::from_millis(10);

/// How much of an answer that is none is shown.
const SHOWN_BYTES: usize = 200;

/// Connects, without waiting in the kernel for one who never lets anybody in.
pub(super) fn connect(path: &Path, end: Instant) -> Result<UnixStream> {
    let failed = |errno: Errno| match errno {
        Errno::CONNREFUSED => "nobody listens there".to_owned(),
        errno => format!("cannot connect: {errno}"),
    };
    let address = SocketAddrUnix::new(path).map_err(failed)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    loop {
        let socket =
            socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).map_err(failed)?;
        match to(&socket, &address) {
            Ok(()) => {
                let stream = UnixStream::from(socket);
                stream
                    .set_nonblocking(false)
                    .map_err(|error| format!("cannot connect: {error}"))?;
                return Ok(stream);
            }
            Err(Errno::AGAIN) if Instant::now() < end => std::thread::sleep(INTERVAL),
            Err(Errno::AGAIN) => return Err("it lets nobody in".to_owned()),
            Err(errno) => return Err(failed(errno)),
        }
    }
}

/// Repeats what is interrupted, as long as there is time.
fn within<T>(end: Instant, mut attempt: impl FnMut(Duration) -> std::io::Result<T>) -> Result<T> {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        // No time at all would be time without an end (setsockopt(2), SO_RCVTIMEO).
        let outcome = match left.is_zero() {
            true => Err(ErrorKind::TimedOut.into()),
            false => attempt(left),
        };
        return match outcome {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Err(format!(
                    "it did not answer within {} s",
                    super::PATIENCE.as_secs()
                ))
            }
            outcome => outcome.map_err(|error| error.to_string()),
        };
    }
}

/// What comes before the end of the line, or of all.
fn read_line(stream: &mut UnixStream, end: Instant) -> Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut part = [0; 8192];
    loop {
        let count = within(end, |left| {
            stream.set_read_timeout(Some(left))?;
            stream.read(&mut part)
        })?;
        let part = &part[..count];
        let last = part.iter().position(|byte| *byte == b'\n');
        line.extend_from_slice(&part[..last.unwrap_or(count)]);
        if line.len() > LIMIT {
            return Err(format!("its answer has more than {LIMIT} bytes"));
        }
        match (last, count, line.is_empty()) {
            (None, 0, true) => return Err("it hung up without an answer".to_owned()),
            (None, 1.., _) => {}
            _ => return Ok(line),
        }
    }
}

/// Asks, and reads up to the end of the line.
pub(super) fn exchange(
    mut stream: UnixStream,
    question: &Question,
    end: Instant,
) -> Result<Answer> {
    let mut text = serde_json::to_vec(question).map_err(|error| format!("cannot ask: {error}"))?;
    text.push(b'\n');
    if text.len() > LIMIT {
        return Err(format!(
            "the question has {} bytes, and {LIMIT} are the most",
            text.len()
        ));
    }
    let mut rest = text.as_slice();
    while !rest.is_empty() {
        let written = within(end, |left| {
            stream.set_write_timeout(Some(left))?;
            stream.write(rest)
        })?;
        rest = &rest[written..];
    }
    let answer = read_line(&mut stream, end)?;
    serde_json::from_slice(&answer).map_err(|error| {
        let text = String::from_utf8_lossy(&answer);
        let text = shorten(text.trim_end(), SHOWN_BYTES);
        format!("it answered what is no answer, {text:?}: {error}")
    })
}
