//! Reading the network configuration, with errors that name the key.

use serde::de::DeserializeOwned;

use crate::{Error, Request};

impl Request {
    /// The network configuration as a type of the component. Keys are in **lower case**,
    /// however the user wrote them; keys that the type does not have are left alone,
    /// because other plugins of the chain may own them.
    ///
    /// Errors: `invalid-configuration`, naming the key.
    pub fn configuration<T: DeserializeOwned>(&self) -> Result<T, Error> {
        read(&self.configuration)
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| {
        let path = path_at(text, offset_of(text, error.line(), error.column()));
        let reason = reason_of(&error.to_string());
        Error::invalid_configuration(if path.is_empty() {
            format!("network configuration: {reason}")
        } else {
            format!("network configuration, key {path:?}: {reason}")
        })
    })
}

/// The message without the position, which means nothing to a user who never saw this
/// text, and with number types in words.
fn reason_of(message: &str) -> String {
    let reason = message.split(" at line ").next().unwrap_or(message);
    let Some((start, expected)) = reason.rsplit_once("expected ") else {
        return reason.to_owned();
    };
    let words = match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number",
        "i32" | "i64" => "a whole number, which may be negative",
        other => other,
    };
    format!("{start}expected {words}")
}

fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    (before + column).min(text.len())
}

/// The keys that lead to a place in JSON text, joined with dots. The text is valid at
/// least up to there, because the parser has come so far.
fn path_at(text: &str, offset: usize) -> String {
    let mut keys: Vec<&str> = Vec::new();
    let mut string_start = None;
    let mut last_string = "";
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().take(offset) {
        if let Some(start) = string_start {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    last_string = &text[start..index];
                    string_start = None;
                }
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => string_start = Some(index + 1),
            // A level opens without a key; arrays keep the empty one.
            b'{' | b'[' => keys.push(""),
            b'}' | b']' => {
                keys.pop();
            }
            b':' => {
                if let Some(key) = keys.last_mut() {
                    *key = last_string;
                }
            }
            _ => {}
        }
    }
    keys.retain(|key| !key.is_empty());
    keys.join(".")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only the errors are looked at")]
    struct Outer {
        #[serde(default)]
        mtu: u32,
        #[serde(default)]
        ipam: Inner,
    }

    #[derive(Debug, Default, Deserialize)]
    #[allow(dead_code, reason = "only the errors are looked at")]
    struct Inner {
        #[serde(default)]
        pools: Vec<String>,
    }

    fn message(text: &str) -> String {
        read::<Outer>(text).unwrap_err().message
    }

    #[test]
    fn the_key_and_the_value_are_named() {
        assert_eq!(
            message(r#"{"name": "a", "mtu": "9000", "master": "eth0"}"#),
            "network configuration, key \"mtu\": invalid type: string \"9000\", \
             expected a whole number from 0 to 4294967295"
        );
    }

    #[test]
    fn a_key_inside_an_object_is_named_with_its_path() {
        let text = "{\"name\": \"a\\\"{b\",\n \"ipam\": {\"type\": \"x\", \"pools\": [\"a\", 7]}}";
        assert!(
            message(text).contains("key \"ipam.pools\":"),
            "{}",
            message(text)
        );
    }

    #[test]
    fn text_that_is_no_object_is_refused() {
        assert!(message("[").starts_with("network configuration: "));
    }

    #[test]
    fn keys_of_other_plugins_are_left_alone() {
        let outer: Outer = read(r#"{"capabilities": {"mac": true}, "mtu": 1500}"#).unwrap();
        assert_eq!(outer.mtu, 1500);
    }
}
