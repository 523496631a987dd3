//! Bytes in hexadecimal with a separator, as hardware addresses and GUIDs are written.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{Formatter, Result, Write};

/// `02:00:5e:10:00:01`
pub fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    // Writing to a string cannot fail.
    let _ = write(bytes, &mut text);
    text
}

/// Parses bytes with `:` or `-` between them, in any letter case. How many there have to be
/// is the caller's business.
pub fn parse(text: &str) -> Option<Vec<u8>> {
    parts(text).map(parse_byte).collect()
}

/// As [`parse`], for a known number of bytes.
pub(crate) fn parse_array<const LENGTH: usize>(text: &str) -> Option<[u8; LENGTH]> {
    let mut parts = parts(text);
    let mut bytes = [0; LENGTH];
    for byte in &mut bytes {
        *byte = parse_byte(parts.next()?)?;
    }
    parts.next().is_none().then_some(bytes)
}

/// For `Display` of what is made of bytes.
pub(crate) fn display(bytes: &[u8], formatter: &mut Formatter<'_>) -> Result {
    write(bytes, formatter)
}

fn write(bytes: &[u8], to: &mut impl Write) -> Result {
    for (index, byte) in bytes.iter().enumerate() {
        let separator = if index == 0 { "" } else { ":" };
        write!(to, "{separator}{byte:02x}")?;
    }
    Ok(())
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(if text.contains(':') { ':' } else { '-' })
}

fn parse_byte(part: &str) -> Option<u8> {
    // from_str_radix takes a sign, too.
    let is_byte = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_byte.then(|| u8::from_str_radix(part, 16).ok())?
}

#[cfg(test)]
mod tests;
