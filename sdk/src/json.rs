//! A reader of JSON for serde.
//!
//! It is here for two reasons. It is small: a component is loaded for every pod, and a
//! general reader with its floating point numbers is half of a small component. And its
//! errors name the key, which is what the user needs.
//!
//! What a type wants is read as strictly as any reader of JSON does. Values that nobody
//! wants are passed over with a glance: the host has parsed the text already.

mod access;
mod error;
mod reader;

pub use error::Error;
pub use reader::Reader;

use serde::de::{DeserializeOwned, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use access::{Entries, Items, Variant};

/// Reads a value from text.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let mut reader = Reader::new(text);
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Reads a value of one kind, or says what is there instead.
macro_rules! scalar {
    ($($method:ident)*, $visit:ident) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.$visit(visitor)
        })*
    };
}

impl<'de> serde::Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    scalar!(deserialize_bool, visit_boolean);
    scalar!(deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64, visit_integer);
    scalar!(deserialize_f32 deserialize_f64, visit_number);
    scalar!(deserialize_char deserialize_str deserialize_string deserialize_identifier, visit_string);

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.peek() {
            Some(b'{') => self.deserialize_map(visitor),
            Some(b'[') => self.deserialize_seq(visitor),
            Some(b'"') => self.visit_string(visitor),
            Some(b't' | b'f') => self.visit_boolean(visitor),
            Some(b'n') if self.take_word("null") => visitor.visit_unit(),
            _ => self.visit_number(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.take_word("null") {
            true => visitor.visit_none(),
            false => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if !self.take(b'[') {
            return Err(self.mismatch(&visitor));
        }
        let value = visitor.visit_seq(Items::new(self))?;
        self.close(b']')?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if !self.take(b'{') {
            return Err(self.mismatch(&visitor));
        }
        let value = visitor.visit_map(Entries::new(self))?;
        self.close(b'}')?;
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    /// `"variant"`, or `{"variant": content}`.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.peek() == Some(b'"') {
            let name = self.string()?;
            return visitor.visit_enum(name.as_ref().into_deserializer());
        }
        if !self.take(b'{') {
            return Err(self.mismatch(&visitor));
        }
        let value = visitor.visit_enum(Variant::new(self))?;
        self.close(b'}')?;
        Ok(value)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.skip()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i128 u128 bytes byte_buf unit unit_struct tuple_struct
    }
}

#[cfg(test)]
mod tests;
