//! JSON that is written while a component is compiled: there is no heap and no formatting.

/// A text that is written into as many bytes as there are. What does not fit is counted only, so that a first
/// pass without bytes says how many there have to be.
pub(crate) struct Text<'a> {
    bytes: &'a mut [u8],
    at: usize,
    last: u8,
}

impl<'a> Text<'a> {
    /// From the first of these bytes on.
    pub const fn into(bytes: &'a mut [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            last: 0,
        }
    }

    /// How many bytes it has so far.
    pub const fn length(&self) -> usize {
        self.at
    }

    const fn byte(&mut self, byte: u8) {
        if self.at < self.bytes.len() {
            self.bytes[self.at] = byte;
        }
        self.at += 1;
        self.last = byte;
    }

    /// JSON as it is.
    pub const fn raw(&mut self, json: &str) {
        let json = json.as_bytes();
        let mut at = 0;
        while at < json.len() {
            self.byte(json[at]);
            at += 1;
        }
    }

    /// A string.
    pub const fn string(&mut self, string: &str) {
        self.byte(b'"');
        self.escaped(string, b':', ":");
        self.byte(b'"');
    }

    /// The inside of a string, with something else for one byte.
    const fn escaped(&mut self, string: &str, this: u8, instead: &str) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let string = string.as_bytes();
        let mut at = 0;
        while at < string.len() {
            match string[at] {
                byte if byte == this => self.raw(instead),
                b'"' => self.raw("\\\""),
                b'\\' => self.raw("\\\\"),
                b'\n' => self.raw("\\n"),
                byte @ 0..=0x1f => {
                    self.raw("\\u00");
                    self.byte(DIGITS[(byte >> 4) as usize]);
                    self.byte(DIGITS[(byte & 15) as usize]);
                }
                byte => self.byte(byte),
            }
            at += 1;
        }
    }

    /// A list of strings.
    pub const fn strings(&mut self, strings: &[&str]) {
        self.byte(b'[');
        let mut at = 0;
        while at < strings.len() {
            if at > 0 {
                self.byte(b',');
            }
            self.string(strings[at]);
            at += 1;
        }
        self.byte(b']');
    }

    /// A whole number.
    pub const fn number(&mut self, number: i128) {
        if number < 0 {
            self.byte(b'-');
        }
        let number = number.unsigned_abs();
        let mut digits = 1;
        let mut power = 1_u128;
        while number / power >= 10 {
            power *= 10;
            digits += 1;
        }
        while digits > 0 {
            self.byte(b'0' + (number / power % 10) as u8);
            power = if power > 1 { power / 10 } else { 1 };
            digits -= 1;
        }
    }

    /// The name of a member, with what separates it from the one before.
    pub const fn name(&mut self, name: &str) {
        if self.last != b'{' {
            self.byte(b',');
        }
        self.string(name);
        self.byte(b':');
    }

    /// A member that is a string, unless it is empty.
    pub const fn member(&mut self, name: &str, string: &str) {
        if !string.is_empty() {
            self.name(name);
            self.string(string);
        }
    }

    /// What a text has to be.
    pub const fn title(&mut self, what: &str) {
        self.member("title", what);
    }

    /// The member `author`; cargo separates authors by colons.
    pub const fn authors(&mut self, authors: &str) {
        if !authors.is_empty() {
            self.name("author");
            self.byte(b'"');
            self.escaped(authors, b':', ", ");
            self.byte(b'"');
        }
    }
}
