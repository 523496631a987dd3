//! Marks on connections, by nftables (`NFNL_SUBSYS_NFTABLES`, linux/netfilter/nf_tables.h): what came by one interface is
//! answered by it, whatever routes the pod has. No crate of the ones that plumb links knows this family, and no program is
//! run for it.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use netlink_sys::{Socket, SocketAddr};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{Error, Result};

mod message;

use message::{Attributes, Message};

/// `NETLINK_NETFILTER` (linux/netlink.h)
const PROTOCOL: isize = 12;

/// How long an answer may take: the kernel loads modules for the first one.
const PATIENCE: Duration = Duration::from_secs(10);

/// `NFT_MSG_*`
const NEW_TABLE: u8 = 0;
const GET_TABLE: u8 = 1;
const DELETE_TABLE: u8 = 2;
const NEW_CHAIN: u8 = 3;
const NEW_RULE: u8 = 6;

/// `NFTA_TABLE_NAME`, and the same of a chain's and a rule's table.
const TABLE: u16 = 1;
/// `NFTA_RULE_CHAIN`, `NFTA_RULE_EXPRESSIONS`
const RULE_CHAIN: u16 = 2;
const RULE_EXPRESSIONS: u16 = 4;
/// `NFTA_CHAIN_NAME`, `NFTA_CHAIN_HOOK` with `NFTA_HOOK_HOOKNUM` and `NFTA_HOOK_PRIORITY`, `NFTA_CHAIN_TYPE`
const CHAIN_NAME: u16 = 3;
const CHAIN_HOOK: u16 = 4;
const HOOK_NUMBER: u16 = 1;
const HOOK_PRIORITY: u16 = 2;
const CHAIN_TYPE: u16 = 7;

/// `NF_INET_PRE_ROUTING`, `NF_INET_LOCAL_OUT` (linux/netfilter.h)
const BEFORE_ROUTING: u32 = 0;
const OUTPUT: u32 = 3;
/// `NF_IP_PRI_MANGLE` (linux/netfilter_ipv4.h): after connections are tracked, before addresses are translated.
const MANGLE: i32 = -150;

/// The first register.
const REGISTER: u32 = 1;
/// `NFT_META_MARK`, `NFT_META_IIFNAME`
const META_MARK: u32 = 3;
const META_INPUT_NAME: u32 = 6;
/// `NFT_CT_STATE`, `NFT_CT_MARK`
const CONNECTION_STATE: u32 = 0;
const CONNECTION_MARK: u32 = 3;
/// The bit of a connection's first packet (`NF_CT_STATE_BIT(IP_CT_NEW)`).
const NEW: u32 = 8;
/// `NFT_CMP_EQ`, `NFT_CMP_NEQ`
const EQUAL: u32 = 0;
const NOT_EQUAL: u32 = 1;
/// Bytes of an interface's name.
const NAME: usize = 16;

/// The tables of one network namespace.
pub struct Nftables(Socket);

impl Nftables {
    /// Opens a socket in the current network namespace.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; with EPROTONOSUPPORT from a kernel without netfilter's netlink.
    pub fn open() -> Result<Self> {
        let failed = |source| Error::Io {
            what: "open a socket for nftables".into(),
            source,
        };
        let socket = Socket::new(PROTOCOL).map_err(failed)?;
        socket.connect(&SocketAddr::new(0, 0)).map_err(failed)?;
        Ok(Self(socket))
    }

    /// Makes a table that marks connections whose first packet comes by an interface, and each packet that is sent in one
    /// of these, which is routed by the mark then.
    ///
    /// # Errors
    ///
    /// What the kernel says; nothing has been made then.
    pub fn mark_connections(&self, table: &str, interface: &str, mark: u32) -> Result<()> {
        let mut name = interface.as_bytes().to_vec();
        name.resize(NAME, 0);
        let incoming = Attributes::list(&[
            meta(META_INPUT_NAME, true),
            compare(EQUAL, &name),
            connection(CONNECTION_STATE, true),
            and(NEW),
            compare(NOT_EQUAL, &[0; 4]),
            immediate(mark),
            connection(CONNECTION_MARK, false),
        ]);
        let outgoing = Attributes::list(&[
            connection(CONNECTION_MARK, true),
            compare(EQUAL, &mark.to_ne_bytes()),
            meta(META_MARK, false),
        ]);
        self.change(
            &format!("make the nftables table {table}"),
            &[
                Message::new(NEW_TABLE, Attributes::new().text(TABLE, table)).creating(),
                chain(table, "incoming", "filter", BEFORE_ROUTING),
                rule(table, "incoming", incoming),
                chain(table, "outgoing", "route", OUTPUT),
                rule(table, "outgoing", outgoing),
            ],
        )
    }

    /// Whether there is a table of this name.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn has_table(&self, table: &str) -> Result<bool> {
        let what = format!("look for the nftables table {table}");
        let request = Message::new(GET_TABLE, Attributes::new().text(TABLE, table));
        self.send(&what, &request.bytes(1))?;
        absent_is_false(self.answers(&what, 1))
    }

    /// Removes a table with all that is in it; true when it was there.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn delete_table(&self, table: &str) -> Result<bool> {
        let what = format!("delete the nftables table {table}");
        let request = Message::new(DELETE_TABLE, Attributes::new().text(TABLE, table));
        absent_is_false(self.change(&what, &[request]))
    }

    /// All of the changes or none.
    fn change(&self, what: &str, messages: &[Message]) -> Result<()> {
        self.send(what, &message::batch(messages))?;
        self.answers(what, messages.len())
    }

    fn send(&self, what: &str, bytes: &[u8]) -> Result<()> {
        let sent = self.0.send(bytes, 0);
        sent.map(drop).map_err(|source| Error::Io {
            what: what.to_owned(),
            source,
        })
    }

    /// Waits until so many messages are acknowledged, or one is refused.
    fn answers(&self, what: &str, count: usize) -> Result<()> {
        let io = |source| Error::Io {
            what: what.to_owned(),
            source,
        };
        let mut acknowledged = 0;
        while acknowledged < count {
            let mut wanted = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
            let timeout = PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::MAX);
            match poll(&mut wanted, timeout) {
                Ok(0) => return Err(io(io::ErrorKind::TimedOut.into())),
                Err(Errno::EINTR) => continue,
                polled => polled.map_err(|errno| io(errno.into()))?,
            };
            let (datagram, _) = self.0.recv_from_full().map_err(io)?;
            for outcome in message::outcomes(&datagram) {
                match outcome {
                    0 => acknowledged += 1,
                    errno => {
                        return Err(Error::Netlink {
                            what: what.to_owned(),
                            errno: Errno::from_raw(errno),
                            explanation: None,
                        });
                    }
                }
            }
        }
        Ok(())
    }
}

fn absent_is_false(outcome: Result<()>) -> Result<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(error) if error.errno() == Some(Errno::ENOENT) => Ok(false),
        Err(error) => Err(error),
    }
}

fn chain(table: &str, name: &str, kind: &str, hook: u32) -> Message {
    let hook = Attributes::new()
        .number(HOOK_NUMBER, hook)
        .number(HOOK_PRIORITY, MANGLE.cast_unsigned());
    let attributes = Attributes::new()
        .text(TABLE, table)
        .text(CHAIN_NAME, name)
        .nested(CHAIN_HOOK, &hook)
        .text(CHAIN_TYPE, kind);
    Message::new(NEW_CHAIN, attributes).creating()
}

fn rule(table: &str, chain: &str, expressions: Attributes) -> Message {
    let attributes = Attributes::new()
        .text(TABLE, table)
        .text(RULE_CHAIN, chain)
        .nested(RULE_EXPRESSIONS, &expressions);
    Message::new(NEW_RULE, attributes).creating()
}

/// Reads something of a packet into the register (`NFTA_META_DREG`), or sets it from there (`NFTA_META_SREG`).
fn meta(key: u32, is_read: bool) -> Attributes {
    let register = if is_read { 1 } else { 3 };
    let data = Attributes::new().number(2, key).number(register, REGISTER);
    Attributes::expression("meta", &data)
}

/// The same of a packet's connection (`NFTA_CT_DREG`, `NFTA_CT_SREG`).
fn connection(key: u32, is_read: bool) -> Attributes {
    let register = if is_read { 1 } else { 4 };
    let data = Attributes::new().number(2, key).number(register, REGISTER);
    Attributes::expression("ct", &data)
}

/// Goes on where the register compares so with the value (`NFTA_CMP_*`).
fn compare(operator: u32, value: &[u8]) -> Attributes {
    let data = Attributes::new()
        .number(1, REGISTER)
        .number(2, operator)
        .value(3, value);
    Attributes::expression("cmp", &data)
}

/// Keeps these bits of the register (`NFTA_BITWISE_*`).
fn and(mask: u32) -> Attributes {
    let data = Attributes::new()
        .number(1, REGISTER)
        .number(2, REGISTER)
        .number(3, 4)
        .value(4, &mask.to_ne_bytes())
        .value(5, &[0; 4]);
    Attributes::expression("bitwise", &data)
}

/// Puts a value into the register (`NFTA_IMMEDIATE_*`).
fn immediate(value: u32) -> Attributes {
    let data = Attributes::new()
        .number(1, REGISTER)
        .value(2, &value.to_ne_bytes());
    Attributes::expression("immediate", &data)
}
