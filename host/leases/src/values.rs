//! The parts of a value: texts with their length in front, addresses and numbers, all big-endian.

use std::net::IpAddr;

use crate::address::{from_bytes, to_bytes};
use crate::error::Fault;

/// Writes a value, part by part.
#[derive(Debug, Default)]
pub(crate) struct Value(Vec<u8>);

impl Value {
    pub(crate) fn text(mut self, text: &str) -> Self {
        // Longer than any text that is checked, and what is too long does not decode.
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    pub(crate) fn address(mut self, address: IpAddr) -> Self {
        self.0.extend_from_slice(&to_bytes(address));
        self
    }

    pub(crate) fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Reads a value, part by part, and finds that it ends with the last.
#[derive(Debug)]
pub(crate) struct Parts<'value> {
    of: &'static str,
    rest: &'value [u8],
}

impl<'value> Parts<'value> {
    /// Begins with a value of an entry that is `of` this kind, as an error says it.
    pub(crate) fn new(of: &'static str, value: &'value [u8]) -> Self {
        Self { of, rest: value }
    }

    pub(crate) fn text(&mut self) -> Result<String, Fault> {
        let length = self.array()?;
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| self.wrong())?;
        let text = self.take(length)?;
        match std::str::from_utf8(text) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(self.wrong()),
        }
    }

    pub(crate) fn address(&mut self) -> Result<IpAddr, Fault> {
        let address: [u8; 17] = self.array()?;
        from_bytes(&address).ok_or_else(|| self.wrong())
    }

    pub(crate) fn number(&mut self) -> Result<u64, Fault> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Refuses what is behind the last part.
    pub(crate) fn end(self) -> Result<(), Fault> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.wrong())
        }
    }

    fn array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], Fault> {
        let bytes = self.take(LENGTH)?;
        bytes.try_into().map_err(|_| self.wrong())
    }

    fn take(&mut self, length: usize) -> Result<&'value [u8], Fault> {
        let (part, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| self.wrong())?;
        self.rest = rest;
        Ok(part)
    }

    fn wrong(&self) -> Fault {
        Fault::Damaged(format!(
            "a value of its {} is not what is written there",
            self.of
        ))
    }
}
