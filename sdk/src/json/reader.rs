//! A place in JSON text, and the values that can be read there.

use std::borrow::Cow;

use serde::de::{Expected, Visitor};

use super::Error;

/// A place in JSON text, from which the next value is read.
#[derive(Clone)]
pub struct Reader<'de> {
    text: &'de str,
    at: usize,
}

impl<'de> Reader<'de> {
    pub(crate) fn new(text: &'de str) -> Self {
        Self { text, at: 0 }
    }

    /// Reads `true` or `false`.
    pub fn boolean(&mut self) -> Result<bool, Error> {
        match self.take_word("true") {
            true => Ok(true),
            false if self.take_word("false") => Ok(false),
            false => Err(self.mismatch(&"true or false")),
        }
    }

    /// Reads a whole number, both ends of the range included; `expected` says what the range is.
    pub fn integer(&mut self, range: (i128, i128), expected: &'static str) -> Result<i128, Error> {
        let number = self.number();
        let value = match number.parse::<u64>() {
            Ok(value) => Some(i128::from(value)),
            Err(_) => number.parse::<i64>().ok().map(i128::from),
        };
        match value {
            Some(value) if range.0 <= value && value <= range.1 => {
                self.at += number.len();
                Ok(value)
            }
            _ => Err(self.mismatch(&expected)),
        }
    }

    /// Reads a string; `expected` says of what.
    pub fn text(&mut self, expected: &'static str) -> Result<Cow<'de, str>, Error> {
        match self.peek() {
            Some(b'"') => self.string(),
            _ => Err(self.mismatch(&expected)),
        }
    }

    /// Reads one of these words, and says which; none for an empty text.
    pub fn one_of(
        &mut self,
        words: &[&str],
        expected: &'static str,
    ) -> Result<Option<usize>, Error> {
        let text = self.text(expected)?;
        let at = words.iter().position(|word| *word == text);
        match at {
            None if !text.is_empty() => Err(Error::mismatch(&format!("{text:?}"), &expected)),
            at => Ok(at),
        }
    }

    /// Whether a string is next.
    pub fn is_text(&mut self) -> bool {
        self.peek() == Some(b'"')
    }

    /// Reads a list; `item` reads one of its items.
    pub fn list(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if !self.take(b'[') {
            return Err(self.mismatch(&"a list"));
        }
        let mut first = true;
        while self.next_item(&mut first, b']')? {
            item(self)?;
        }
        self.close(b']')
    }

    /// Nothing may follow.
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.malformed()),
        }
    }

    /// The next byte that is no white space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let blank = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\n' | b'\t' | b'\r'));
        self.at += blank.count();
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes this byte, if it is next.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let next = self.peek() == Some(byte);
        self.at += usize::from(next);
        next
    }

    /// Passes this word, if it is next.
    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        self.peek();
        let next = self.rest().starts_with(word);
        if next {
            self.at += word.len();
        }
        next
    }

    /// Ends a list or an object; what the type did not want is passed over.
    pub(crate) fn close(&mut self, byte: u8) -> Result<(), Error> {
        match self.take(byte) {
            true => Ok(()),
            false => Err(self.malformed()),
        }
    }

    /// Whether another item of a list or an object follows.
    pub(crate) fn next_item(&mut self, first: &mut bool, close: u8) -> Result<bool, Error> {
        if self.peek() == Some(close) {
            return Ok(false);
        }
        if !std::mem::take(first) && !self.take(b',') {
            return Err(self.malformed());
        }
        Ok(true)
    }

    pub(crate) fn visit_boolean<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        if self.take_word("true") {
            visitor.visit_bool(true)
        } else if self.take_word("false") {
            visitor.visit_bool(false)
        } else {
            Err(self.mismatch(&visitor))
        }
    }

    pub(crate) fn visit_integer<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let number = self.number();
        let length = number.len();
        if let Ok(value) = number.parse::<u64>() {
            self.at += length;
            visitor.visit_u64(value)
        } else if let Ok(value) = number.parse::<i64>() {
            self.at += length;
            visitor.visit_i64(value)
        } else {
            Err(self.mismatch(&visitor))
        }
    }

    pub(crate) fn visit_number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let number = self.number();
        if !number.contains(['.', 'e', 'E']) {
            return self.visit_integer(visitor);
        }
        let length = number.len();
        match number.parse::<f64>() {
            Ok(value) if value.is_finite() => {
                self.at += length;
                visitor.visit_f64(value)
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }

    pub(crate) fn visit_string<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        if self.peek() != Some(b'"') {
            return Err(self.mismatch(&visitor));
        }
        match self.string()? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    /// A string without its quotes; copied only when it has escapes.
    pub(crate) fn string(&mut self) -> Result<Cow<'de, str>, Error> {
        if !self.take(b'"') {
            return Err(self.malformed());
        }
        let mut copy = String::new();
        loop {
            let rest = self.rest();
            let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
            let length = rest.bytes().take_while(|byte| is_plain(*byte)).count();
            let plain = &rest[..length];
            let end = rest.as_bytes().get(length);
            if !matches!(end, Some(b'"' | b'\\')) {
                return Err(self.malformed());
            }
            self.at += length + 1;
            if end == Some(&b'"') {
                if copy.is_empty() {
                    return Ok(Cow::Borrowed(plain));
                }
                copy.push_str(plain);
                return Ok(Cow::Owned(copy));
            }
            copy.push_str(plain);
            copy.push(self.escape()?);
        }
    }

    /// Passes over a value that nobody wants.
    pub(crate) fn skip(&mut self) -> Result<(), Error> {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.string()?;
                }
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']') if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                Some(b',' | b':') if depth > 0 => self.at += 1,
                Some(_) => self.skip_word()?,
                None => return Err(self.malformed()),
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// The value that is here, which is not what the type wants.
    pub(crate) fn mismatch(&mut self, expected: &dyn Expected) -> Error {
        let start = self.at;
        let found = match self.peek() {
            Some(b'{') => "an object".to_owned(),
            Some(b'[') => "a list".to_owned(),
            Some(b'"') => self
                .string()
                .map(|text| format!("{text:?}"))
                .unwrap_or_default(),
            Some(_) => self.word().to_owned(),
            None => "the end of the text".to_owned(),
        };
        self.at = start;
        Error::mismatch(&found, expected)
    }

    pub(crate) fn malformed(&self) -> Error {
        Error::new(format!("malformed JSON at byte {}", self.at))
    }

    fn rest(&self) -> &'de str {
        &self.text[self.at..]
    }

    fn number(&mut self) -> &'de str {
        self.peek();
        let word = self.word();
        match is_number(word.as_bytes()) {
            true => word,
            false => "",
        }
    }

    /// A number, `true`, `false` or `null`: up to what can follow a value.
    fn word(&self) -> &'de str {
        let rest = self.rest();
        let end = rest.find(|character: char| {
            character.is_ascii_whitespace() || matches!(character, ',' | ':' | '}' | ']' | '"')
        });
        &rest[..end.unwrap_or(rest.len())]
    }

    fn skip_word(&mut self) -> Result<(), Error> {
        match self.word().len() {
            0 => Err(self.malformed()),
            length => {
                self.at += length;
                Ok(())
            }
        }
    }

    fn escape(&mut self) -> Result<char, Error> {
        let Some(byte) = self.text.as_bytes().get(self.at) else {
            return Err(self.malformed());
        };
        self.at += 1;
        Ok(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode()?,
            _ => return Err(self.malformed()),
        })
    }

    /// Characters above U+FFFF are written as two surrogates.
    fn unicode(&mut self) -> Result<char, Error> {
        let first = self.four_digits()?;
        let mut code = first;
        if (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u") {
            self.at += 2;
            let second = self.four_digits()?;
            if !(0xdc00..0xe000).contains(&second) {
                return Err(self.malformed());
            }
            code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        }
        char::from_u32(code).ok_or_else(|| self.malformed())
    }

    fn four_digits(&mut self) -> Result<u32, Error> {
        let digits = self.rest().get(..4).unwrap_or_default();
        // from_str_radix takes a sign, too.
        let code = u32::from_str_radix(digits, 16).map_err(|_| self.malformed())?;
        if digits.starts_with('+') {
            return Err(self.malformed());
        }
        self.at += 4;
        Ok(code)
    }
}

/// The form of RFC 8259, section 6, which is narrower than what Rust parses.
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut rest = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest[0] == b'0') {
        return false;
    }
    rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'+' | b'-', unsigned @ ..] => unsigned,
            unsigned => unsigned,
        };
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}
