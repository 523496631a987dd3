//! The shape of keys, as JSON Schema (draft 2020-12).

use crate::declaration::Text;

/// What a value can be. It is known when the component is compiled, so that it can stand in its declaration.
#[derive(Debug, Clone, Copy)]
pub enum Schema {
    /// Whatever there is.
    Anything,
    /// `true` or `false`.
    Boolean,
    /// A whole number, both ends included.
    Integer {
        /// The least.
        minimum: i128,
        /// The greatest.
        maximum: i128,
    },
    /// A text.
    Text {
        /// What it has to be, such as `an IP address`; empty: any.
        what: &'static str,
    },
    /// A text, or a whole number of 0 or more.
    TextOrNumber {
        /// What it has to be.
        what: &'static str,
    },
    /// One of these texts.
    Words(&'static [&'static str]),
    /// A list of such values.
    List(&'static Schema),
    /// A list of two.
    Pair(&'static Schema, &'static Schema),
    /// An object with these keys, and with others that are left alone.
    Object(&'static [Property]),
}

/// A key of an object.
#[derive(Debug, Clone, Copy)]
pub struct Property {
    /// As it is written in documentation; it is found in any letter case, with or without underscores.
    pub name: &'static str,
    /// For people; empty: none.
    pub description: &'static str,
    /// Whether it must be there.
    pub is_required: bool,
    /// The keys of `schema` are keys of the object itself.
    pub is_flattened: bool,
    /// What it can be.
    pub schema: &'static Schema,
}

impl Schema {
    /// Writes it as an object of JSON.
    pub(crate) const fn write(&self, text: &mut Text<'_>) {
        text.raw("{");
        self.write_members(text);
        text.raw("}");
    }

    const fn write_members(&self, text: &mut Text<'_>) {
        match self {
            Self::Anything => {}
            Self::Boolean => text.raw(r#""type":"boolean""#),
            Self::Integer { minimum, maximum } => {
                text.raw(r#""type":"integer","minimum":"#);
                text.number(*minimum);
                text.raw(r#","maximum":"#);
                text.number(*maximum);
            }
            Self::Text { what } => {
                text.raw(r#""type":"string""#);
                text.title(what);
            }
            Self::TextOrNumber { what } => {
                text.raw(r#""type":["string","integer"],"minimum":0"#);
                text.title(what);
            }
            Self::Words(words) => {
                text.raw(r#""enum":"#);
                text.strings(words);
            }
            Self::List(item) => {
                text.raw(r#""type":"array","items":"#);
                item.write(text);
            }
            Self::Pair(first, second) => {
                text.raw(r#""type":"array","prefixItems":["#);
                first.write(text);
                text.raw(",");
                second.write(text);
                text.raw(r#"],"minItems":2,"maxItems":2"#);
            }
            Self::Object(properties) => {
                text.raw(r#""type":"object","properties":{"#);
                write_properties(properties, text, true);
                text.raw("}");
                if has_required(properties) {
                    text.raw(r#","required":["#);
                    write_required(properties, text, true);
                    text.raw("]");
                }
            }
        }
    }
}

/// Whether a comma is due before the next one is given by and returned in `first`.
const fn write_properties(properties: &[Property], text: &mut Text<'_>, mut first: bool) -> bool {
    let mut at = 0;
    while at < properties.len() {
        let property = &properties[at];
        if property.is_flattened {
            if let Schema::Object(inner) = property.schema {
                first = write_properties(inner, text, first);
            }
        } else {
            if !first {
                text.raw(",");
            }
            first = false;
            text.string(property.name);
            text.raw(":{");
            property.schema.write_members(text);
            if !property.description.is_empty() {
                if !matches!(property.schema, Schema::Anything) {
                    text.raw(",");
                }
                text.raw(r#""description":"#);
                text.string(property.description);
            }
            text.raw("}");
        }
        at += 1;
    }
    first
}

const fn has_required(properties: &[Property]) -> bool {
    let mut at = 0;
    while at < properties.len() {
        let property = &properties[at];
        let is_so = match property.schema {
            Schema::Object(inner) if property.is_flattened => has_required(inner),
            _ => property.is_required,
        };
        if is_so {
            return true;
        }
        at += 1;
    }
    false
}

const fn write_required(properties: &[Property], text: &mut Text<'_>, mut first: bool) -> bool {
    let mut at = 0;
    while at < properties.len() {
        let property = &properties[at];
        if property.is_flattened {
            if let Schema::Object(inner) = property.schema {
                first = write_required(inner, text, first);
            }
        } else if property.is_required {
            if !first {
                text.raw(",");
            }
            first = false;
            text.string(property.name);
        }
        at += 1;
    }
    first
}
