//! One netlink socket for all families: send a request, collect the answers (netlink(7)).

use std::cell::{Cell, RefCell};
use std::io;
use std::marker::PhantomData;
use std::os::fd::AsRawFd;

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkDeserializable, NetlinkHeader, NetlinkMessage,
    NetlinkPayload, NetlinkSerializable,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::SocketAddr;
use netlink_sys::protocols::NETLINK_ROUTE;
use nix::libc;

use super::answers::{Answers, Refusal};
use super::route_answer::RouteAnswer;
use super::{Error, Result};

/// How often a dump that changed while it was read is read again. The kernel marks
/// such a dump with `NLM_F_DUMP_INTR`; on a busy node two or three in a row happen.
const DUMP_ATTEMPTS: usize = 10;

/// Bytes that one datagram may have: the kernel fills at most this much of a dump at once.
const DATAGRAM_BYTES: usize = 64 * 1024;

/// A family of netlink.
pub trait Family {
    /// `NETLINK_*` (linux/netlink.h)
    const PROTOCOL: isize;
    /// What it is asked.
    type Request: NetlinkSerializable + Clone;
    /// What it answers with.
    type Answer: NetlinkDeserializable;
}

/// The family of links, addresses, routes, rules and neighbours (rtnetlink(7)).
pub struct Route;

impl Family for Route {
    const PROTOCOL: isize = NETLINK_ROUTE;
    type Request = RouteNetlinkMessage;
    type Answer = RouteAnswer;
}

/// A socket of that family.
pub type RouteSocket = Socket<Route>;

impl RouteSocket {
    /// Opens a socket in the current network namespace.
    pub fn open() -> Result<Self> {
        Self::connect().map_err(|source| Error::Io {
            what: "open a netlink socket".into(),
            source,
        })
    }

    /// The cookie of the namespace in which it was opened (`SO_NETNS_COOKIE`); none before Linux 5.14.
    pub(super) fn netns_cookie(&self) -> Option<u64> {
        let mut cookie = 0u64;
        let mut length = size_of::<u64>() as libc::socklen_t;
        // SAFETY: the kernel writes at most `length` bytes to `cookie` and their number to `length`; both outlive the call.
        let answer = unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_SOCKET,
                SO_NETNS_COOKIE,
                (&raw mut cookie).cast(),
                &raw mut length,
            )
        };
        (answer == 0).then_some(cookie)
    }
}

/// `SO_NETNS_COOKIE` (asm-generic/socket.h)
const SO_NETNS_COOKIE: libc::c_int = 71;

/// A netlink socket. It stays bound to the namespace in which it was opened.
pub struct Socket<F> {
    socket: netlink_sys::Socket,
    sequence: Cell<u32>,
    buffer: RefCell<Vec<u8>>,
    family: PhantomData<F>,
}

impl<F: Family> Socket<F> {
    /// Opens a socket of the family in the current network namespace.
    pub(super) fn connect() -> io::Result<Self> {
        let socket = netlink_sys::Socket::new(F::PROTOCOL)?;
        socket.connect(&SocketAddr::new(0, 0))?;
        // Old kernels do not know them, and not every family looks at them; the answers are
        // only less precise then.
        let _ = socket.set_ext_ack(true);
        let _ = socket.set_cap_ack(true);
        let _ = socket.set_netlink_get_strict_chk(true);
        Ok(Self {
            socket,
            sequence: Cell::new(0),
            buffer: RefCell::new(Vec::with_capacity(DATAGRAM_BYTES)),
            family: PhantomData,
        })
    }

    /// Sends a request that changes something and waits for the acknowledgement.
    /// `what` says what is tried, for the error.
    pub fn change(&self, what: impl Fn() -> String, message: F::Request, flags: u16) -> Result<()> {
        self.exchange(&what, message, NLM_F_ACK | flags).map(drop)
    }

    /// Asks for one object.
    pub fn get(&self, what: impl Fn() -> String, message: F::Request) -> Result<Vec<F::Answer>> {
        Ok(self.exchange(&what, message, 0)?.messages)
    }

    /// Asks for all objects, again when they changed meanwhile.
    pub fn dump(&self, what: impl Fn() -> String, message: F::Request) -> Result<Vec<F::Answer>> {
        for _ in 0..DUMP_ATTEMPTS {
            let answers = self.exchange(&what, message.clone(), NLM_F_DUMP)?;
            if !answers.is_interrupted {
                return Ok(answers.messages);
            }
        }
        Err(Error::Decode {
            what: what(),
            reason: format!("it changed {DUMP_ATTEMPTS} times while it was read"),
        })
    }

    /// One request and its answers.
    fn exchange(
        &self,
        what: &dyn Fn() -> String,
        message: F::Request,
        flags: u16,
    ) -> Result<Answers<F::Answer>> {
        let io = |source| Error::Io {
            what: what(),
            source,
        };
        self.sequence.set(self.sequence.get().wrapping_add(1));
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | flags;
        header.sequence_number = self.sequence.get();
        let mut request = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message));
        request.finalize();
        let mut bytes = vec![0; request.buffer_len()];
        request.serialize(&mut bytes);
        self.socket.send(&bytes, 0).map_err(io)?;

        let is_one = flags & (NLM_F_DUMP | NLM_F_ACK) == 0;
        let mut answers = Answers::new(self.sequence.get(), is_one);
        let mut buffer = self.buffer.borrow_mut();
        loop {
            buffer.clear();
            match self.socket.recv(&mut &mut *buffer, 0) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                received => received.map_err(io)?,
            };
            match answers.take(&buffer) {
                Ok(true) => return Ok(answers),
                Ok(false) => {}
                Err(Refusal::Kernel { errno, explanation }) => {
                    return Err(Error::Netlink {
                        what: what(),
                        errno,
                        explanation,
                    });
                }
                Err(Refusal::Undecodable(reason)) => {
                    return Err(Error::Decode {
                        what: what(),
                        reason,
                    });
                }
            }
        }
    }
}
