//! One rtnetlink socket: send a request, collect the answers (rtnetlink(7)).

use std::cell::{Cell, RefCell};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use nix::errno::Errno;

use super::{Error, Result};

/// How often a dump that changed while it was read is read again. The kernel marks
/// such a dump with `NLM_F_DUMP_INTR`; on a busy node two or three in a row happen.
const DUMP_ATTEMPTS: usize = 10;

/// `NLM_F_DUMP_INTR` (linux/netlink.h): the dump is not consistent.
const DUMP_INTERRUPTED: u16 = 0x10;

/// `NLM_F_ACK_TLVS` (linux/netlink.h): attributes follow the error code.
const ACKNOWLEDGEMENT_HAS_ATTRIBUTES: u16 = 0x200;

/// `NLM_F_CAPPED` (linux/netlink.h): the error does not repeat the request.
const ACKNOWLEDGEMENT_IS_CAPPED: u16 = 0x100;

/// `NLMSGERR_ATTR_MSG` (linux/netlink.h): the kernel's explanation.
const EXPLANATION: u16 = 1;

/// An rtnetlink socket. It stays bound to the namespace in which it was opened.
pub struct RouteSocket {
    socket: Socket,
    sequence: Cell<u32>,
    buffer: RefCell<Vec<u8>>,
}

impl RouteSocket {
    /// Opens a socket in the current network namespace.
    pub fn open() -> Result<Self> {
        let failed = |source| Error::Io {
            what: "open a netlink socket".into(),
            source,
        };
        let socket = Socket::new(NETLINK_ROUTE).map_err(failed)?;
        socket.connect(&SocketAddr::new(0, 0)).map_err(failed)?;
        // Old kernels know neither; the answers are only less precise then.
        let _ = socket.set_ext_ack(true);
        let _ = socket.set_cap_ack(true);
        let _ = socket.set_netlink_get_strict_chk(true);
        Ok(Self {
            socket,
            sequence: Cell::new(0),
            buffer: RefCell::new(Vec::with_capacity(64 * 1024)),
        })
    }

    /// Sends a request that changes something and waits for the acknowledgement.
    /// `what` says what is tried, for the error.
    pub fn change(
        &self,
        what: impl Fn() -> String,
        message: RouteNetlinkMessage,
        flags: u16,
    ) -> Result<()> {
        self.exchange(&what, message, NLM_F_ACK | flags).map(drop)
    }

    /// Asks for one object.
    pub fn get(
        &self,
        what: impl Fn() -> String,
        message: RouteNetlinkMessage,
    ) -> Result<Vec<RouteNetlinkMessage>> {
        Ok(self.exchange(&what, message, 0)?.0)
    }

    /// Asks for all objects, again when they changed meanwhile.
    pub fn dump(
        &self,
        what: impl Fn() -> String,
        message: RouteNetlinkMessage,
    ) -> Result<Vec<RouteNetlinkMessage>> {
        for _ in 0..DUMP_ATTEMPTS {
            let (answers, interrupted) = self.exchange(&what, message.clone(), NLM_F_DUMP)?;
            if !interrupted {
                return Ok(answers);
            }
        }
        Err(Error::Decode {
            what: what(),
            reason: format!("it changed {DUMP_ATTEMPTS} times while it was read"),
        })
    }

    /// One request and its answers; true when the kernel marked a dump as interrupted.
    fn exchange(
        &self,
        what: &dyn Fn() -> String,
        message: RouteNetlinkMessage,
        flags: u16,
    ) -> Result<(Vec<RouteNetlinkMessage>, bool)> {
        self.sequence.set(self.sequence.get().wrapping_add(1));
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | flags;
        header.sequence_number = self.sequence.get();
        let mut request = NetlinkMessage::new(header, NetlinkPayload::from(message));
        request.finalize();
        let mut bytes = vec![0; request.buffer_len()];
        request.serialize(&mut bytes);
        let io = |source| Error::Io {
            what: what(),
            source,
        };
        self.socket.send(&bytes, 0).map_err(io)?;

        let dump = flags & NLM_F_DUMP == NLM_F_DUMP;
        let mut answers = Vec::new();
        let mut interrupted = false;
        let mut buffer = self.buffer.borrow_mut();
        loop {
            buffer.clear();
            match self.socket.recv(&mut &mut *buffer, 0) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                result => result.map_err(io)?,
            };
            let mut rest: &[u8] = &buffer;
            while rest.len() >= 16 {
                let length = u32::from_ne_bytes([rest[0], rest[1], rest[2], rest[3]]) as usize;
                if length < 16 || length > rest.len() {
                    return Err(Error::Decode {
                        what: what(),
                        reason: format!("a message of {length} bytes"),
                    });
                }
                let (bytes, tail) = rest.split_at(length);
                rest = &tail[(length.next_multiple_of(4) - length).min(tail.len())..];
                let answer =
                    NetlinkMessage::<RouteNetlinkMessage>::deserialize(bytes).map_err(|error| {
                        Error::Decode {
                            what: what(),
                            reason: error.to_string(),
                        }
                    })?;
                if answer.header.sequence_number != self.sequence.get() {
                    continue;
                }
                interrupted |= answer.header.flags & DUMP_INTERRUPTED != 0;
                match answer.payload {
                    NetlinkPayload::Error(error) => match error.code {
                        None => return Ok((answers, interrupted)),
                        Some(code) => {
                            return Err(Error::Netlink {
                                what: what(),
                                errno: Errno::from_raw(-code.get()),
                                explanation: explanation(bytes, answer.header.flags),
                            });
                        }
                    },
                    NetlinkPayload::Done(_) => return Ok((answers, interrupted)),
                    NetlinkPayload::InnerMessage(message) => {
                        answers.push(message);
                        if !dump && flags & NLM_F_ACK == 0 {
                            return Ok((answers, interrupted));
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

/// The kernel's own words in an error message, if there are any: attributes behind the
/// error code and the repeated request, which is cut to its header when capped.
fn explanation(message: &[u8], flags: u16) -> Option<String> {
    if flags & ACKNOWLEDGEMENT_HAS_ATTRIBUTES == 0 {
        return None;
    }
    let request = message.get(20..)?;
    let repeated = if flags & ACKNOWLEDGEMENT_IS_CAPPED != 0 {
        16
    } else {
        u32::from_ne_bytes(request.get(..4)?.try_into().ok()?) as usize
    };
    let mut rest = request.get(repeated.next_multiple_of(4)..)?;
    while rest.len() >= 4 {
        let length = u16::from_ne_bytes([rest[0], rest[1]]) as usize;
        let kind = u16::from_ne_bytes([rest[2], rest[3]]);
        let value = rest.get(4..length)?;
        if kind == EXPLANATION {
            let text = value.split(|byte| *byte == 0).next()?;
            return Some(String::from_utf8_lossy(text).into_owned());
        }
        rest = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}
