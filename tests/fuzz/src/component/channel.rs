//! The process of a vendor's component, taken over: it sends what it likes, and waits for an answer
//! after each message as plumb expects it.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread;

use plumb::components::wall;

use super::attach;
use super::limits;

/// Bytes before a message: its length, the lowest first.
const HEAD: usize = 4;

/// With which a message begins that is a note (`wall::channel::Message`).
const NOTE: u8 = 2;

/// Sends messages, and looks at the plan that they made.
///
/// # Panics
///
/// When the plan has something that plumb promises to refuse.
pub fn run(messages: &[u8]) {
    let (plumb, child) = UnixStream::pair().expect("a pair of sockets");
    let mut authority = attach::authority(true);
    let is_over = thread::scope(|scope| {
        scope.spawn(|| say(child, messages));
        let is_over = wall::answer(&plumb, &mut authority);
        // A child that is not listened to any more would wait for its answer.
        let _ = plumb.shutdown(Shutdown::Both);
        is_over
    });
    limits::check_log(authority.log());
    let recorded = authority.into_recorded();
    // What did not come to an end is no plan.
    if is_over {
        limits::check_plan(recorded);
    }
}

/// Sends one message after the other, each when the one before it was answered.
fn say(mut child: UnixStream, mut messages: &[u8]) {
    while !messages.is_empty() {
        let length = messages.first_chunk::<HEAD>().copied();
        let length = length.map_or(0, u32::from_le_bytes) as usize;
        let end = HEAD.saturating_add(length).min(messages.len());
        let (message, rest) = messages.split_at(end);
        messages = rest;
        if child.write_all(message).is_err() {
            return;
        }
        if messages.is_empty() {
            // One that breaks off would be waited for.
            let _ = child.shutdown(Shutdown::Write);
        }
        // A note has no answer.
        if message.get(HEAD) == Some(&NOTE) {
            continue;
        }
        if answer(&mut child).is_none() {
            return;
        }
    }
}

/// Reads one answer. None when there is no more.
fn answer(child: &mut UnixStream) -> Option<()> {
    let mut head = [0; HEAD];
    child.read_exact(&mut head).ok()?;
    let mut content = vec![0; u32::from_le_bytes(head) as usize];
    child.read_exact(&mut content).ok()
}
