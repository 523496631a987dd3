//! Messages of nftables: attributes within attributes, numbers with the highest byte first, and changes that count together
//! (linux/netfilter/nfnetlink.h).

/// `NFNL_SUBSYS_NFTABLES`; a message's type has it above the eight bits of the command.
const SUBSYSTEM: u16 = 10;
/// `NFNL_MSG_BATCH_BEGIN`, `NFNL_MSG_BATCH_END`
const BEGIN: u16 = 0x10;
const END: u16 = 0x11;
/// `NFPROTO_INET`: IPv4 and IPv6.
const FAMILY: u8 = 1;
/// `NLMSG_ERROR` (linux/netlink.h), which an acknowledgement is, too.
const ERROR: u16 = 2;
/// `NLM_F_*`
const REQUEST: u16 = 1;
const ACKNOWLEDGE: u16 = 4;
const CREATE: u16 = 0x400;
/// Behind those that are there (`NLM_F_APPEND`).
const APPEND: u16 = 0x800;
/// `NLA_F_NESTED`
const NESTED: u16 = 0x8000;
/// Bytes of a message's header.
const HEADER: usize = 16;
/// `NFTA_LIST_ELEM`, `NFTA_EXPR_NAME`, `NFTA_EXPR_DATA`, `NFTA_DATA_VALUE`
const ELEMENT: u16 = 1;
const EXPRESSION_NAME: u16 = 1;
const EXPRESSION_DATA: u16 = 2;
const VALUE: u16 = 1;

/// Attributes, one behind the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attributes(Vec<u8>);

impl Attributes {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    fn add(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
        self.0.extend_from_slice(&length.to_ne_bytes());
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.0.extend_from_slice(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    pub(super) fn text(self, kind: u16, text: &str) -> Self {
        self.add(kind, &[text.as_bytes(), &[0]].concat())
    }

    pub(super) fn number(self, kind: u16, number: u32) -> Self {
        self.add(kind, &number.to_be_bytes())
    }

    pub(super) fn nested(self, kind: u16, inner: &Self) -> Self {
        self.add(kind | NESTED, &inner.0)
    }

    /// Bytes that are compared with a register, as they are in it.
    pub(super) fn value(self, kind: u16, value: &[u8]) -> Self {
        let inner = Self::new().add(VALUE, value);
        self.nested(kind, &inner)
    }

    pub(super) fn expression(name: &str, data: &Self) -> Self {
        Self::new()
            .text(EXPRESSION_NAME, name)
            .nested(EXPRESSION_DATA, data)
    }

    pub(super) fn list(items: &[Self]) -> Self {
        let none = Self::new();
        items
            .iter()
            .fold(none, |list, item| list.nested(ELEMENT, item))
    }
}

/// A command with its attributes.
pub(super) struct Message {
    command: u8,
    flags: u16,
    attributes: Attributes,
}

impl Message {
    pub(super) fn new(command: u8, attributes: Attributes) -> Self {
        Self {
            command,
            flags: REQUEST | ACKNOWLEDGE,
            attributes,
        }
    }

    pub(super) fn creating(mut self) -> Self {
        self.flags |= CREATE | APPEND;
        self
    }

    pub(super) fn bytes(&self, sequence: u32) -> Vec<u8> {
        let kind = SUBSYSTEM << 8 | u16::from(self.command);
        encode(kind, self.flags, sequence, (FAMILY, 0), &self.attributes.0)
    }
}

/// Changes that the kernel makes together.
pub(super) fn batch(messages: &[Message]) -> Vec<u8> {
    let mut bytes = encode(BEGIN, REQUEST, 0, (0, SUBSYSTEM), &[]);
    for (message, sequence) in messages.iter().zip(1..) {
        bytes.extend(message.bytes(sequence));
    }
    bytes.extend(encode(END, REQUEST, u32::MAX, (0, SUBSYSTEM), &[]));
    bytes
}

fn encode(
    kind: u16,
    flags: u16,
    sequence: u32,
    (family, resource): (u8, u16),
    attributes: &[u8],
) -> Vec<u8> {
    let length = u32::try_from(HEADER + 4 + attributes.len()).unwrap_or(u32::MAX);
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(&flags.to_ne_bytes());
    bytes.extend_from_slice(&sequence.to_ne_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&[family, 0]);
    bytes.extend_from_slice(&resource.to_be_bytes());
    bytes.extend_from_slice(attributes);
    bytes
}

/// The errors in an answer, as positive numbers; 0 for an acknowledgement.
pub(super) fn outcomes(mut datagram: &[u8]) -> Vec<i32> {
    let mut outcomes = Vec::new();
    while let Some((header, _)) = datagram.split_at_checked(HEADER) {
        let length = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some((message, rest)) = datagram.split_at_checked(length.next_multiple_of(4)) else {
            break;
        };
        if length < HEADER {
            break;
        }
        if u16::from_ne_bytes([header[4], header[5]]) == ERROR
            && let Some(error) = message.get(HEADER..HEADER + 4)
        {
            let error = i32::from_ne_bytes([error[0], error[1], error[2], error[3]]);
            outcomes.push(error.wrapping_neg());
        }
        datagram = rest;
    }
    outcomes
}
