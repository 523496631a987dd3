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

/// Parses bytes with `:` or `-` between them, or pairs of bytes with `.` between them, in any
/// letter case: what Go's `net.ParseMAC` reads, by which the plugins that plumb replaces read
/// them. How many there have to be is the caller's business.
pub fn parse(text: &str) -> Option<Vec<u8>> {
    bytes(text).collect()
}

/// As [`parse`], for a known number of bytes.
pub(crate) fn parse_array<const LENGTH: usize>(text: &str) -> Option<[u8; LENGTH]> {
    let mut found = bytes(text);
    let mut array = [0; LENGTH];
    for byte in &mut array {
        *byte = found.next()??;
    }
    found.next().is_none().then_some(array)
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

/// None in the place of a group that is none.
fn bytes(text: &str) -> impl Iterator<Item = Option<u8>> {
    let (separator, digits) = match text {
        text if text.contains(':') => (':', 2),
        text if text.contains('.') => ('.', 4),
        _ => ('-', 2),
    };
    text.split(separator).flat_map(move |group| {
        // from_str_radix takes a sign, too.
        let is_whole =
            group.len() == digits && group.bytes().all(|digit| digit.is_ascii_hexdigit());
        (0..digits)
            .step_by(2)
            .map(move |at| is_whole.then(|| u8::from_str_radix(&group[at..at + 2], 16).ok())?)
    })
}

#[cfg(test)]
mod tests;
