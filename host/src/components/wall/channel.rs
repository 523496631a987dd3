//! What passes through the wall: messages, each its length (four bytes, the lowest first) and its
//! content in postcard's format, which has no names in it and allocates no more than it was given.

use std::fs::File;
use std::io::{Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{FromRawFd, RawFd};

use plumb_engine::limits;
use serde::{Deserialize, Serialize};

use super::{OVER, exit};
use crate::components::end::End;
use crate::components::refusal::Refusal;
use crate::components::session::{HostAnswer, HostCall};

/// The child's one descriptor.
pub const DESCRIPTOR: RawFd = 0;

/// Bytes before a message.
pub const HEAD: usize = 4;

/// What a child says.
#[derive(Debug, Serialize, Deserialize)]
pub enum Message {
    /// A call, which is answered.
    Call(HostCall),
    /// The last.
    End(End),
    /// A call whose answer the child knows: it is not refused, see [`HostCall::needs_no_answer`].
    Note(HostCall),
}

/// What it is answered.
pub type Answer = Result<HostAnswer, Refusal>;

/// A message as it is sent.
pub fn encode(message: &impl Serialize) -> Vec<u8> {
    // A vector takes all that is written, and the messages have no type that cannot be.
    let mut bytes = postcard::to_extend(message, vec![0; HEAD]).unwrap_or_default();
    let length = bytes.len().saturating_sub(HEAD) as u32;
    bytes[..HEAD].copy_from_slice(&length.to_le_bytes());
    bytes
}

/// The length of the message that begins here, when its head is complete.
pub fn length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.first_chunk::<HEAD>()?;
    Some(u32::from_le_bytes(*head) as usize)
}

/// A message's content; none of bytes that are none, or more than one.
pub fn decode<'a, T: Deserialize<'a>>(content: &'a [u8]) -> Option<T> {
    match postcard::take_from_bytes(content) {
        Ok((message, [])) => Some(message),
        _ => None,
    }
}

/// The child's end of the channel.
pub struct Channel {
    // By read(2) and write(2): a socket's own functions are other system calls.
    file: ManuallyDrop<File>,
    /// Notes that go with the next message: each that is sent alone wakes the parent.
    notes: Vec<u8>,
}

/// Bytes of notes after which they are sent.
const NOTES_BYTES: usize = 32 << 10;

impl Channel {
    /// The end at its descriptor.
    pub(super) fn new() -> Self {
        // SAFETY: nothing else in the child has descriptors, and this one is never closed.
        let file = unsafe { File::from_raw_fd(DESCRIPTOR) };
        Self {
            file: ManuallyDrop::new(file),
            notes: Vec::new(),
        }
    }

    /// Has the parent answer a call.
    pub fn ask(&mut self, call: HostCall) -> Answer {
        self.send(&Message::Call(call));
        let mut bytes = vec![0; 4096];
        let mut filled = 0;
        loop {
            match self.file.read(&mut bytes[filled..]) {
                // Nobody is there any more.
                Ok(0) | Err(_) => exit(OVER),
                Ok(read) => filled += read,
            }
            let Some(length) = length(&bytes[..filled]) else {
                continue;
            };
            if filled == HEAD + length {
                let answer = decode(&bytes[HEAD..filled]);
                return answer.unwrap_or_else(|| exit(OVER));
            }
            bytes.resize(bytes.len().max(HEAD + length), 0);
        }
    }

    /// Tells the parent of a call without waiting for it.
    pub fn note(&mut self, call: HostCall) {
        self.keep(&Message::Note(call));
        if self.notes.len() > NOTES_BYTES {
            self.send_notes();
        }
    }

    /// Says the last.
    pub fn tell(&mut self, end: End) {
        self.send(&Message::End(end));
    }

    /// Writes bytes that are no messages.
    pub(super) fn write(mut self, work: impl FnOnce(&mut dyn Write)) {
        work(&mut *self.file);
    }

    fn send(&mut self, message: &Message) {
        self.keep(message);
        self.send_notes();
    }

    fn keep(&mut self, message: &Message) {
        let bytes = encode(message);
        match bytes.len() - HEAD > limits::MESSAGE_BYTES {
            // The parent reads no more than the head, and says so.
            true => self.notes.extend(&bytes[..HEAD]),
            false => self.notes.extend(bytes),
        }
    }

    fn send_notes(&mut self) {
        let notes = std::mem::take(&mut self.notes);
        if self.file.write_all(&notes).is_err() {
            exit(OVER);
        }
    }
}
