//! Reads the fields of one object, so that every complaint names place, field and value.

use plumb_values::similar::question;
use serde_json::{Map, Value};

use super::{Error, Problem};

/// The fields of one object, with keys in lower case. A field that is `null` counts as
/// not written: Kubernetes writes unset fields so.
pub(super) struct Fields<'a> {
    /// Which pool of which file or array.
    pub(super) place: &'a str,
    /// What stands before a field's name in messages, such as `spec.`.
    pub(super) prefix: String,
    /// The object.
    pub(super) object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// Refuses fields other than `known`: a typo in `excludeIPs` would give out addresses
    /// that belong to somebody else.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Error> {
        let is_known = |key: &str| known.iter().any(|name| name.eq_ignore_ascii_case(key));
        match self.object.keys().find(|key| !is_known(key)) {
            None => Ok(()),
            Some(key) => Err(self.error(
                key,
                Problem::Unknown {
                    known: known.join(", "),
                    question: question(key, known.iter().copied()),
                },
            )),
        }
    }

    /// The value of a field, named as in messages.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.object
            .get(&name.to_ascii_lowercase())
            .filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, Error> {
        self.value(name)
            .map(|value| as_text(value).map_err(|problem| self.error(name, problem)))
            .transpose()
    }

    pub(super) fn required_text(
        &self,
        name: &str,
        expected: &'static str,
    ) -> Result<&'a str, Error> {
        self.text(name)?
            .ok_or_else(|| self.error(name, Problem::Missing { expected }))
    }

    /// False when not written.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Error> {
        match self.value(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(value) => Err(self.unexpected(name, value, "true or false")),
        }
    }

    /// A list; none when not written.
    pub(super) fn list(&self, name: &str, expected: &'static str) -> Result<&'a [Value], Error> {
        match self.value(name) {
            None => Ok(&[]),
            Some(Value::Array(values)) => Ok(values),
            Some(value) => Err(self.unexpected(name, value, expected)),
        }
    }

    /// Calls `read` with each text of a list.
    pub(super) fn texts<T>(
        &self,
        name: &str,
        expected: &'static str,
        read: impl Fn(&'a str) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Error> {
        self.list(name, expected)?
            .iter()
            .enumerate()
            .map(|(index, value)| {
                as_text(value)
                    .and_then(&read)
                    .map_err(|problem| self.error(&format!("{name}[{index}]"), problem))
            })
            .collect()
    }

    pub(super) fn unexpected(&self, name: &str, value: &Value, expected: &'static str) -> Error {
        self.error(
            name,
            Problem::Unexpected {
                value: value.to_string(),
                expected,
            },
        )
    }

    pub(super) fn error(&self, name: &str, problem: Problem) -> Error {
        Error::Field {
            place: self.place.to_owned(),
            field: format!("{}{name}", self.prefix),
            problem,
        }
    }
}

fn as_text(value: &Value) -> Result<&str, Problem> {
    value.as_str().ok_or_else(|| Problem::Unexpected {
        value: value.to_string(),
        expected: "a text in quotes",
    })
}
