//! Text that somebody else wrote, made fit for a line of a log and for a person's terminal.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use core::fmt::Write;

/// The text without characters that move a cursor, end a line or turn the direction of what follows: each becomes
/// its escape, as in `\u{1b}`. Line feeds stay where `keep_lines` says so.
pub fn printable(text: &str, keep_lines: bool) -> Cow<'_, str> {
    let is_kept = |c: char| !is_control(c) || (keep_lines && c == '\n');
    if text.chars().all(is_kept) {
        return Cow::Borrowed(text);
    }
    let mut printable = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_kept(c) {
            printable.push(c);
        } else {
            // Writing into a String cannot fail.
            let _ = write!(printable, "{}", c.escape_default());
        }
    }
    Cow::Owned(printable)
}

/// C0, C1 and DEL; the separators of lines and paragraphs; what turns the direction of text (Unicode, UAX #9).
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with no more than about `limit` bytes: what is in the middle is left out, because the end of a sentence
/// says what to do.
pub fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit {
        return Cow::Borrowed(text);
    }
    let head = text.floor_char_boundary(limit / 3 * 2);
    let tail = text.ceil_char_boundary(text.len() - limit / 3);
    Cow::Owned(format!(
        "{} ... ({} bytes left out) ... {}",
        &text[..head],
        tail - head,
        &text[tail..]
    ))
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn what_plays_tricks_on_a_terminal_is_escaped() {
        assert_eq!(
            printable("ens6: no link, häßlich", false),
            "ens6: no link, häßlich"
        );
        assert_eq!(
            printable("a\n2026 plumb: ok\r\x1b[2Jb\u{202e}c\0", false),
            "a\\n2026 plumb: ok\\r\\u{1b}[2Jb\\u{202e}c\\u{0}"
        );
        assert_eq!(printable("a\nb\x07", true), "a\nb\\u{7}");
    }

    #[test]
    fn what_is_long_keeps_its_beginning_and_its_end() {
        let text = "ü".repeat(5000);
        let short = shorten(&text, 300);
        assert!(short.len() < 350, "{}", short.len());
        assert!(
            short.starts_with("üüü") && short.ends_with("üüü"),
            "{short}"
        );
        assert!(short.contains("bytes left out"), "{short}");
        assert_eq!(shorten("short", 5).to_string(), "short");
    }
}
