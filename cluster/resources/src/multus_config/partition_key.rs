//! `pkey`, which users write as a number as well as in text.

use serde_json::Value;

use crate::fields::Fields;

const FIELD: &str = "pkey";

/// Of 16 bits one says whether the port is a full member (InfiniBand Architecture Specification, volume 1, 10.9.1): without
/// it none may be zero.
const MEMBERSHIP: u64 = 0x8000;

/// The text that the plugin gets; empty where no partition is asked for.
///
/// YAML has no base: `0x3e8` without quotes arrives as 1000, like 1000. So a number is that number. A text is what was
/// meant, and one without `0x` could be meant both ways.
pub(super) fn read(fields: &Fields<'_>, notes: &mut Vec<String>) -> String {
    let expected = "a partition from \"0x0001\" to \"0x7fff\", or with the bit of full membership up to \"0xffff\"";
    match fields.value(FIELD) {
        None => String::new(),
        Some(Value::String(text)) if text.is_empty() => String::new(),
        Some(value @ Value::String(text)) => {
            let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
            let number = digits
                .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
                .and_then(|digits| u64::from_str_radix(digits, 16).ok());
            match (number.filter(is_key), text.parse::<u64>()) {
                (Some(_), _) => text.clone(),
                (None, Ok(decimal)) if digits.is_none() => {
                    fields.problems.add(format!(
                        "{} is {value}, which does not say whether it is decimal: write \"0x{decimal:04x}\" for the number \
                         {decimal}, or \"0x{text}\" for the digits in hexadecimal",
                        fields.name(FIELD)
                    ));
                    String::new()
                }
                _ => {
                    fields.wrong(FIELD, value, expected);
                    String::new()
                }
            }
        }
        Some(value) => match value.as_u64().filter(is_key) {
            Some(number) => {
                let key = format!("0x{number:04x}");
                notes.push(format!(
                    "{} {number} is the number {number}, which is partition {key}: write \"{key}\" to say so, or \
                     \"0x{number}\" if the digits were meant in hexadecimal",
                    fields.name(FIELD)
                ));
                key
            }
            None => {
                fields.wrong(FIELD, value, expected);
                String::new()
            }
        },
    }
}

fn is_key(number: &u64) -> bool {
    *number <= 0xffff && number & !MEMBERSHIP != 0
}
