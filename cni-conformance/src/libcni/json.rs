//! JSON as Go's encoding/json writes it.

use serde_json::Value;
use serde_json::value::RawValue;

/// Keys sorted by their bytes, and `<`, `>`, `&` and the two line separators of Unicode
/// as escapes, because Go's JSON is fit for a web page.
pub fn marshal(value: &Value) -> String {
    // serde_json's map is sorted already.
    escape(&value.to_string())
}

/// The same for text that is JSON already.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The same JSON with the keys of every object sorted.
///
/// # Panics
///
/// When it is not JSON.
pub fn sort(text: &str) -> String {
    let value: Value = serde_json::from_str(text).expect("the text was made by a JSON writer");
    marshal(&value)
}

/// JSON that is put into an object as it is.
///
/// # Panics
///
/// When it is not JSON.
pub fn raw(text: String) -> Box<RawValue> {
    RawValue::from_string(text).expect("the text was made by a JSON writer")
}
