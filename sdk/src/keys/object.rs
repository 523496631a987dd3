//! An object that is read key by key: what `#[derive(Keys)]` makes calls of.

use std::borrow::Cow;

use super::{Fault, Reader, Value};

/// An object whose keys are asked for one after the other.
pub struct Object<'r, 'de> {
    reader: &'r mut Reader<'de>,
    first: bool,
}

impl<'r, 'de> Object<'r, 'de> {
    /// Begins to read one; anything else is an error.
    pub fn of(reader: &'r mut Reader<'de>) -> Result<Self, Fault> {
        match reader.take(b'{') {
            true => Ok(Self {
                reader,
                first: true,
            }),
            false => Err(reader.mismatch(&"an object")),
        }
    }

    /// The next key; none at the end. What it has must be read or passed over next.
    pub fn key(&mut self) -> Result<Option<Cow<'de, str>>, Fault> {
        if !self.reader.next_item(&mut self.first, b'}')? {
            self.reader.close(b'}')?;
            return Ok(None);
        }
        let key = self.reader.string()?;
        match self.reader.take(b':') {
            true => Ok(Some(key)),
            false => Err(self.reader.malformed()),
        }
    }

    /// Reads what a key has; `name` is how users know it. Null leaves it absent.
    pub fn value<T: Value>(&mut self, name: &str, into: &mut Option<T>) -> Result<(), Fault> {
        if self.is_absent(name, into.is_some())? {
            return Ok(());
        }
        *into = T::read(self.reader).map_err(|fault| fault.below(name))?;
        Ok(())
    }

    /// Reads what a key has as a text that `parse` understands. Its error follows the text, as in `is not a rate`.
    pub fn parsed<T, E: std::fmt::Display>(
        &mut self,
        name: &str,
        into: &mut Option<T>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<(), Fault> {
        if self.is_absent(name, into.is_some())? {
            return Ok(());
        }
        let text = self
            .reader
            .text("a text")
            .map_err(|fault| fault.below(name))?;
        if !text.is_empty() {
            let value = parse(&text)
                .map_err(|error| Fault::new(format!("{text:?} {error}")).below(name))?;
            *into = Some(value);
        }
        Ok(())
    }

    /// Passes over what a key has that nobody wants.
    pub fn skip(&mut self) -> Result<(), Fault> {
        self.reader.skip()
    }

    /// Passes over a null. Of two spellings of one key nobody could say which is meant.
    fn is_absent(&mut self, name: &str, is_known: bool) -> Result<bool, Fault> {
        if self.reader.take_word("null") {
            return Ok(true);
        }
        match is_known {
            false => Ok(false),
            true => {
                Err(Fault::new("it is there twice, in two spellings: leave one out").below(name))
            }
        }
    }
}

/// What a key has, once all are read; `hint` says what it is for, or nothing.
///
/// Errors: it is absent and must not be.
pub fn required<T: Value>(name: &str, value: Option<T>, hint: &str) -> Result<T, Fault> {
    let value = value.or_else(T::absent);
    value.ok_or_else(|| missing(name, T::EXPECTED, hint))
}

/// That a key is absent, and what it must be.
pub fn missing(name: &str, expected: &str, hint: &str) -> Fault {
    let colon = if hint.is_empty() { "" } else { ": " };
    Fault::new(format!(
        "it is missing, and must be {expected}{colon}{hint}"
    ))
    .below(name)
}
