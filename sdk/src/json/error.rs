//! An error with the keys that lead to it.

use std::fmt::{Debug, Display, Formatter};

use serde::de::{Expected, Unexpected};

use crate::ErrorCode;

/// Why text is not the wanted value, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Error {
    /// The keys with dots between them; they are added on the way out.
    path: Option<String>,
    reason: String,
    code: ErrorCode,
}

impl Error {
    /// With a reason that names the value, and what would be right.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            path: None,
            reason: reason.into(),
            code: ErrorCode::InvalidConfiguration,
        }
    }

    /// What the text has, and what the type wants there.
    pub(crate) fn mismatch(found: &str, expected: &dyn Expected) -> Self {
        Self::new(format!(
            "{found} is not {}",
            in_words(&expected.to_string())
        ))
    }

    /// Adds the key whose value was read.
    pub fn below(mut self, key: &str) -> Self {
        let mut path = key.to_owned();
        if let Some(inner) = self.path {
            path.push('.');
            path.push_str(&inner);
        }
        self.path = Some(path);
        self
    }

    /// The error of a component that is asked for this.
    pub(crate) fn of_configuration(self) -> crate::Error {
        crate::Error {
            message: format!("network configuration: {self}"),
            code: self.code,
            details: None,
        }
    }
}

/// What was looked up while a value was read.
impl From<crate::Error> for Error {
    fn from(error: crate::Error) -> Self {
        Self {
            code: error.code,
            ..Self::new(error.message)
        }
    }
}

impl Display for Error {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        if let Some(path) = &self.path {
            write!(formatter, "key {path:?}: ")?;
        }
        formatter.write_str(&self.reason)
    }
}

impl std::error::Error for Error {}

impl serde::de::Error for Error {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected, expected: &dyn Expected) -> Self {
        Self::mismatch(&describe(found), expected)
    }

    fn invalid_value(found: Unexpected, expected: &dyn Expected) -> Self {
        Self::mismatch(&describe(found), expected)
    }
}

/// What serde would say, without its floating point numbers.
fn describe(found: Unexpected) -> String {
    match found {
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Unsigned(value) => value.to_string(),
        Unexpected::Signed(value) => value.to_string(),
        Unexpected::Str(value) => format!("{value:?}"),
        Unexpected::Unit | Unexpected::Option => "null".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        _ => "this value".to_owned(),
    }
}

/// Rust's names of types mean nothing to a user.
fn in_words(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number of 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        other if other.starts_with("struct ") => "an object",
        other => other,
    }
}
