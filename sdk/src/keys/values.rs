//! Values that keys have.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use plumb_values::{AddressRange, Guid, IpNetwork, Mac, PciAddress};

use super::{Fault, Property, Reader, Schema, Value};

impl Value for bool {
    const EXPECTED: &'static str = "true or false";
    const SCHEMA: Schema = Schema::Boolean;

    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Fault> {
        reader.boolean().map(Some)
    }
}

macro_rules! whole_number {
    ($($number:ty: $expected:literal,)*) => {
        $(impl Value for $number {
            const EXPECTED: &'static str = $expected;
            const SCHEMA: Schema = Schema::Integer {
                minimum: <$number>::MIN as i128,
                maximum: <$number>::MAX as i128,
            };

            fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Fault> {
                let range = (<$number>::MIN as i128, <$number>::MAX as i128);
                let number = reader.integer(range, Self::EXPECTED)?;
                // It is in range.
                Ok(Some(number as $number))
            }
        })*
    };
}

whole_number! {
    u8: "a whole number from 0 to 255",
    u16: "a whole number from 0 to 65535",
    u32: "a whole number from 0 to 4294967295",
    u64: "a whole number of 0 or more",
    i8: "a whole number from -128 to 127",
    i16: "a whole number from -32768 to 32767",
    i32: "a whole number from -2147483648 to 2147483647",
    i64: "a whole number",
}

impl Value for String {
    const EXPECTED: &'static str = "a text";
    const SCHEMA: Schema = Schema::Text { what: "" };

    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Fault> {
        let text = Self::read_item(reader)?;
        Ok((!text.is_empty()).then_some(text))
    }

    fn read_item(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        reader.text(Self::EXPECTED).map(Into::into)
    }
}

macro_rules! parsed {
    ($($value:ty: $expected:literal,)*) => {
        $(impl Value for $value {
            const EXPECTED: &'static str = $expected;
            const SCHEMA: Schema = Schema::Text { what: $expected };

            fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Fault> {
                parse(reader, Self::EXPECTED)
            }
        })*
    };
}

parsed! {
    IpAddr: "an IP address, as in 10.0.0.5 or fd00::5",
    Ipv4Addr: "an IPv4 address, as in 10.0.0.5",
    Ipv6Addr: "an IPv6 address, as in fd00::5",
    IpNetwork: "an address with the length of its prefix, as in 10.0.0.5/24",
    AddressRange: "a range of addresses, as in 10.0.0.5-10.0.0.9, an address or a network",
    Mac: "six bytes in hexadecimal, as in 02:00:00:00:00:01",
    Guid: "eight bytes in hexadecimal, as in 02:00:00:00:00:00:00:01",
    PciAddress: "a PCI address, as in 0000:3b:00.2",
}

fn parse<T: FromStr<Err: Display>>(
    reader: &mut Reader<'_>,
    expected: &'static str,
) -> Result<Option<T>, Fault> {
    let text = reader.text(expected)?;
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse() {
        Ok(value) => Ok(Some(value)),
        Err(_) => Err(Fault::mismatch(&format!("{text:?}"), &expected)),
    }
}

impl<T: Value> Value for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const SCHEMA: Schema = T::SCHEMA;
    const IS_OPTIONAL: bool = true;

    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Fault> {
        T::read(reader).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Value> Value for Vec<T> {
    const EXPECTED: &'static str = "a list";
    const SCHEMA: Schema = Schema::List(&T::SCHEMA);

    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Fault> {
        let mut items = Self::new();
        reader.list(|reader| {
            items.push(T::read_item(reader)?);
            Ok(())
        })?;
        Ok(Some(items))
    }
}

/// A list of two, as in `["10.0.0.9", "02:00:00:00:00:09"]`.
impl<A: Value, B: Value> Value for (A, B) {
    const EXPECTED: &'static str = "a list of two";
    const SCHEMA: Schema = Schema::Pair(&A::SCHEMA, &B::SCHEMA);

    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Fault> {
        let (mut first, mut second) = (None, None);
        let mut length = 0;
        reader.list(|reader| {
            length += 1;
            match length {
                1 => first = Some(A::read_item(reader)?),
                2 => second = Some(B::read_item(reader)?),
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        match (first, second) {
            (Some(first), Some(second)) if length == 2 => Ok(Some((first, second))),
            _ => Err(Fault::mismatch(
                &format!("a list of {length}"),
                &Self::EXPECTED,
            )),
        }
    }
}

/// Whatever is there. `Option<Anything>` says whether a key is present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anything;

impl Value for Anything {
    const EXPECTED: &'static str = "anything";
    const SCHEMA: Schema = Schema::Anything;

    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Fault> {
        reader.skip()?;
        Ok(Some(Self))
    }
}

impl<T: Value + Default> Value for crate::Arguments<T> {
    const EXPECTED: &'static str = "an object";
    const SCHEMA: Schema = Schema::Object(&[Property {
        name: "cni",
        description: "What was asked for a single pod.",
        is_required: false,
        is_flattened: false,
        schema: &T::SCHEMA,
    }]);

    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Fault> {
        let mut cni = None;
        let mut object = super::Object::of(reader)?;
        while let Some(key) = object.key()? {
            match &*key {
                "cni" => object.value("cni", &mut cni)?,
                _ => object.skip()?,
            }
        }
        let cni = cni.unwrap_or_default();
        Ok(Some(Self { cni }))
    }
}
