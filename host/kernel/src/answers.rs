//! What the kernel sends in answer to one request: datagrams of one or more messages.

use netlink_packet_core::{NetlinkDeserializable, NetlinkMessage, NetlinkPayload};
use nix::errno::Errno;

use super::explanation;

/// `NLM_F_DUMP_INTR` (linux/netlink.h): the dump is not consistent.
const DUMP_INTERRUPTED: u16 = 0x10;

/// Bytes of `struct nlmsghdr`.
const HEADER: usize = 16;

/// The answers so far to the request with a sequence number.
pub struct Answers<M> {
    sequence: u32,
    /// Whether the first object is all of it; else an acknowledgement or the end of a dump
    /// follows.
    is_one: bool,
    /// The objects.
    pub messages: Vec<M>,
    /// Whether what was dumped changed while it was read.
    pub is_interrupted: bool,
}

/// Why there are no answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The kernel says no.
    Kernel {
        /// Its answer.
        errno: Errno,
        /// Its own words, where it gave some.
        explanation: Option<String>,
    },
    /// The answer cannot be understood; why.
    Undecodable(String),
}

impl<M: NetlinkDeserializable> Answers<M> {
    /// None yet.
    pub fn new(sequence: u32, is_one: bool) -> Self {
        Self {
            sequence,
            is_one,
            messages: Vec::new(),
            is_interrupted: false,
        }
    }

    /// Takes the messages of a datagram; true when they are the last ones. Answers to earlier
    /// requests, whose rest was not read, are passed over.
    pub fn take(&mut self, datagram: &[u8]) -> Result<bool, Refusal> {
        let mut rest = datagram;
        while rest.len() >= HEADER {
            let length = u32::from_ne_bytes([rest[0], rest[1], rest[2], rest[3]]) as usize;
            if length < HEADER || length > rest.len() {
                let there = rest.len();
                return Err(Refusal::Undecodable(format!(
                    "a message of {length} bytes, of which {there} are there"
                )));
            }
            let (message, behind) = rest.split_at(length);
            // Messages begin at multiples of four bytes; the last one may end without.
            rest = behind
                .get(length.next_multiple_of(4) - length..)
                .unwrap_or_default();
            if self.take_message(message)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn take_message(&mut self, bytes: &[u8]) -> Result<bool, Refusal> {
        let answered = u32::from_ne_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        if answered != self.sequence {
            return Ok(false);
        }
        let message = NetlinkMessage::<M>::deserialize(bytes)
            .map_err(|error| Refusal::Undecodable(error.to_string()))?;
        let flags = message.header.flags;
        self.is_interrupted |= flags & DUMP_INTERRUPTED != 0;
        match message.payload {
            NetlinkPayload::Error(error) => match error.code {
                None => Ok(true),
                Some(code) => Err(Refusal::Kernel {
                    errno: Errno::from_raw(-code.get()),
                    explanation: explanation::of_error(bytes, flags),
                }),
            },
            NetlinkPayload::Done(end) if end.code != 0 => Err(Refusal::Kernel {
                errno: Errno::from_raw(-end.code),
                explanation: explanation::of_end(bytes, flags),
            }),
            NetlinkPayload::Done(_) => Ok(true),
            NetlinkPayload::InnerMessage(message) => {
                self.messages.push(message);
                Ok(self.is_one)
            }
            _ => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests;
