//! Messages of the RDMA netlink family's client for devices (`RDMA_NL_NLDEV`,
//! rdma/rdma_netlink.h). No crate knows this family.

use netlink_packet_core::{
    DecodeError, DefaultNla, Emitable, NetlinkDeserializable, NetlinkHeader, NetlinkSerializable,
    Nla, NlasIterator, Parseable,
};

/// `RDMA_NL_NLDEV`; a message's type has it above the ten bits of the command.
const CLIENT: u16 = 5 << 10;
/// The bits of a command.
const COMMAND: u16 = 0x3ff;

/// A command and its attributes: a request of ours, or an object in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    command: u16,
    attributes: Vec<DefaultNla>,
}

impl Message {
    /// A command without attributes.
    pub fn new(command: u16) -> Self {
        Self {
            command,
            attributes: Vec::new(),
        }
    }

    /// Adds an attribute of four bytes.
    #[must_use]
    pub fn with_number(mut self, kind: u16, value: u32) -> Self {
        let value = value.to_ne_bytes().to_vec();
        self.attributes.push(DefaultNla::new(kind, value));
        self
    }

    /// Adds an attribute of text, with a zero at its end.
    #[must_use]
    pub fn with_text(mut self, kind: u16, value: &str) -> Self {
        let value = [value.as_bytes(), &[0]].concat();
        self.attributes.push(DefaultNla::new(kind, value));
        self
    }

    /// An attribute of one byte.
    pub fn byte(&self, kind: u16) -> Option<u8> {
        self.value(kind)?.first().copied()
    }

    /// An attribute of four bytes.
    pub fn number(&self, kind: u16) -> Option<u32> {
        let value = self.value(kind)?;
        Some(u32::from_ne_bytes(value.get(..4)?.try_into().ok()?))
    }

    /// An attribute of text.
    pub fn text(&self, kind: u16) -> Option<String> {
        let value = self.value(kind)?;
        let text = value.split(|byte| *byte == 0).next()?;
        Some(String::from_utf8_lossy(text).into_owned())
    }

    fn value(&self, kind: u16) -> Option<Vec<u8>> {
        let found = self.attributes.iter().find(|found| found.kind() == kind)?;
        let mut value = vec![0; found.value_len()];
        found.emit_value(&mut value);
        Some(value)
    }
}

impl NetlinkSerializable for Message {
    fn message_type(&self) -> u16 {
        CLIENT | self.command
    }

    fn buffer_len(&self) -> usize {
        self.attributes.as_slice().buffer_len()
    }

    fn serialize(&self, buffer: &mut [u8]) {
        self.attributes.as_slice().emit(buffer);
    }
}

impl NetlinkDeserializable for Message {
    type Error = DecodeError;

    fn deserialize(header: &NetlinkHeader, payload: &[u8]) -> Result<Self, DecodeError> {
        let attributes = NlasIterator::new(payload)
            .map(|attribute| DefaultNla::parse(&attribute?))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            command: header.message_type & COMMAND,
            attributes,
        })
    }
}

#[cfg(test)]
mod tests;
