//! Reads what a user has written, field by field, and notes all that is wrong with it, so that one look tells everything.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use plumb_values::similar::question;
use serde_json::{Map, Value};

/// Sentences about what is wrong, in the order in which it was met.
#[derive(Debug, Default)]
pub(crate) struct Problems(RefCell<Vec<String>>);

impl Problems {
    pub(crate) fn add(&self, sentence: String) {
        self.0.borrow_mut().push(sentence);
    }

    /// What was read, if nothing is wrong with it.
    pub(crate) fn unless_any<T>(self, read: T) -> Result<T, Vec<String>> {
        let problems = self.into_sentences();
        match problems.is_empty() {
            true => Ok(read),
            false => Err(problems),
        }
    }

    pub(crate) fn into_sentences(self) -> Vec<String> {
        self.0.into_inner()
    }
}

/// The fields of one object. One that is `null` counts as not written, as the API server has it.
#[derive(Clone)]
pub(crate) struct Fields<'a> {
    /// Where the object is, such as `spec.macvlan`.
    pub(crate) path: String,
    object: &'a Map<String, Value>,
    pub(crate) problems: &'a Problems,
}

impl<'a> Fields<'a> {
    /// The fields of `value`, which is nothing or an object.
    pub(crate) fn of(path: &str, value: &'a Value, problems: &'a Problems) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Object(object) => Some(Self {
                path: path.to_owned(),
                object,
                problems,
            }),
            other => {
                problems.add(format!("{path} is {other}, expected a mapping with fields"));
                None
            }
        }
    }

    /// Notes the fields that are none of `known`.
    pub(crate) fn only(&self, known: &[&str]) {
        let unknown = self
            .object
            .keys()
            .filter(|key| !known.contains(&key.as_str()));
        for key in unknown {
            self.problems.add(format!(
                "{} is not known: {}the fields there are {}",
                self.name(key),
                question(key, known.iter().copied()),
                known.join(", ")
            ));
        }
    }

    /// The whole path of a field.
    pub(crate) fn name(&self, field: &str) -> String {
        format!("{}.{field}", self.path)
    }

    pub(crate) fn value(&self, field: &str) -> Option<&'a Value> {
        self.object.get(field).filter(|value| !value.is_null())
    }

    pub(crate) fn inside(&self, field: &str) -> Option<Self> {
        let value = self.value(field)?;
        Self::of(&self.name(field), value, self.problems)
    }

    /// A text; an empty one counts as not written, as in Go.
    pub(crate) fn text(&self, field: &str) -> Option<&'a str> {
        match self.value(field)? {
            Value::String(text) => Some(text.as_str()).filter(|text| !text.is_empty()),
            other => {
                self.wrong(field, other, "a text in quotes");
                None
            }
        }
    }

    /// A text that must be there; empty where it is missing, which is noted.
    pub(crate) fn required_text(&self, field: &str, expected: &str) -> String {
        match self.value(field) {
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            Some(Value::String(_)) | None => {
                self.problems.add(format!(
                    "{} is missing, expected {expected}",
                    self.name(field)
                ));
                String::new()
            }
            Some(other) => {
                self.wrong(field, other, "a text in quotes");
                String::new()
            }
        }
    }

    pub(crate) fn flag(&self, field: &str) -> Option<bool> {
        match self.value(field)? {
            Value::Bool(flag) => Some(*flag),
            other => {
                self.wrong(field, other, "true or false, without quotes");
                None
            }
        }
    }

    /// A whole number.
    pub(crate) fn number(&self, field: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.value(field)?;
        let number = value.as_i64().filter(|number| range.contains(number));
        if number.is_none() {
            let (first, last) = (range.start(), range.end());
            let quoted = match value {
                Value::String(_) => ", without quotes",
                _ => "",
            };
            self.wrong(
                field,
                value,
                &format!("a number from {first} to {last}{quoted}"),
            );
        }
        number
    }

    /// A list of texts, none of which is empty.
    pub(crate) fn texts(&self, field: &str, example: &str) -> Vec<String> {
        self.list(field, example)
            .iter()
            .enumerate()
            .filter_map(|(index, item)| match item {
                Value::String(text) if !text.is_empty() => Some(text.clone()),
                other => {
                    self.wrong(&format!("{field}[{index}]"), other, "a text in quotes");
                    None
                }
            })
            .collect()
    }

    pub(crate) fn list(&self, field: &str, example: &str) -> &'a [Value] {
        match self.value(field) {
            None => &[],
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.wrong(field, other, &format!("a list like {example}"));
                &[]
            }
        }
    }

    /// One of several words.
    pub(crate) fn word(&self, field: &str, words: &[&'static str]) -> Option<&'static str> {
        let written = self.text(field)?;
        let found = words.iter().find(|word| **word == written);
        if found.is_none() {
            self.problems.add(format!(
                "{} is {written:?}: {}it is one of {}",
                self.name(field),
                question(written, words.iter().copied()),
                words.join(", ")
            ));
        }
        found.copied()
    }

    pub(crate) fn wrong(&self, field: &str, value: &Value, expected: &str) {
        self.problems.add(format!(
            "{} is {value}, expected {expected}",
            self.name(field)
        ));
    }
}
