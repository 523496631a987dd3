//! The keys of a network configuration as a type of the component.
//!
//! `#[derive(Keys)]` makes a struct readable and describes it:
//!
//! ```
//! use plumb_sdk::prelude::*;
//!
//! #[derive(Keys)]
//! struct Keys {
//!     /// The node's interface below the pod's.
//!     master: HostLink,
//!     /// Bytes; 0 is the parent's.
//!     #[keys(absent_when_zero)]
//!     mtu: Option<u32>,
//!     /// Neighbours that are known beforehand.
//!     #[keys(default)]
//!     static_neighbours: Vec<Neighbour>,
//! }
//!
//! #[derive(Keys)]
//! struct Neighbour {
//!     ip: IpAddr,
//!     mac: Mac,
//! }
//! ```
//!
//! **Names.** A field `static_neighbours` is the key `staticNeighbours`, and is found in any letter case,
//! with or without underscores: users write keys as they like, and the host passes them on in lower
//! case. Keys that the struct does not have are left alone, because other plugins of a chain may own
//! them. A key that is there twice in two spellings is an error.
//!
//! **Absence.** A field is required unless it is an `Option` or has a default. As with Go's plugins, `null`
//! and an empty text are an absent key.
//!
//! **Errors** name the key, what is written there, and what would be right:
//! `key "mtu": "9000" is not a whole number from 0 to 4294967295`.
//!
//! | attribute of a field | what it does |
//! |---|---|
//! | `#[keys(name = "vlanQoS")]` | the key has this name; it is matched in the same way |
//! | `#[keys(default)]`, `#[keys(default = 1500)]` | what it is where the key is absent |
//! | `#[keys(absent_when_zero)]` | for an `Option` of a number: 0 is absent |
//! | `#[keys(parse = read_rate)]` | the key is a text, read by `fn read_rate(&str) -> Result<T, E>`, where `E` follows the text in the error: `is not a rate` |
//! | `#[keys(flatten)]` | another struct with keys of the same object |
//!
//! An enum without fields is a choice of words: `enum Mode { Bridge, Vepa }` is `"bridge"` or `"vepa"`, and
//! `#[keys(name = "802.1q")]` on a variant gives it another word. `#[derive(Keys)]` makes such an enum.
//!
//! Doc comments become the descriptions of the JSON Schema ([`Schema`]) that the component's
//! [declaration](crate::declaration) has.
//!
//! What this cannot say, such as variants with content or maps, [`Request::configuration`](crate::Request::configuration)
//! reads with serde.

mod choices;
mod link;
mod object;
mod of_policy;
mod schema;
mod values;

pub use crate::json::{Error as Fault, Reader};
pub use link::{HostLink, Links};
pub use object::{Object, missing, required};
#[doc(hidden)]
pub use of_policy::OfPolicy;
pub use plumb_sdk_macros::Keys;
pub use schema::{Property, Schema};
pub use values::Anything;

/// What a key can have as its value. `#[derive(Keys)]` implements it; by hand it is implemented for a type
/// that is written in its own way.
pub trait Value: Sized {
    /// What must be written, for errors: `a whole number from 0 to 255`.
    const EXPECTED: &'static str;

    /// The same for programs.
    const SCHEMA: Schema;

    /// Whether the key may be absent.
    const IS_OPTIONAL: bool = false;

    /// Reads it. None: what is written counts as absent, such as an empty text.
    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Fault>;

    /// What it is where the key is absent; none: the key is required.
    fn absent() -> Option<Self> {
        None
    }

    /// Reads it as an item of a list, which cannot be absent.
    fn read_item(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        Self::read(reader)?.ok_or_else(|| Fault::mismatch("an empty text", &Self::EXPECTED))
    }
}

/// Reads a value, which is all of a text.
pub(crate) fn read<T: Value>(text: &str) -> Result<T, Fault> {
    let mut reader = Reader::new(text);
    let value = T::read_item(&mut reader)?;
    reader.end()?;
    Ok(value)
}

#[cfg(test)]
mod tests;

/// What the macros refuse, where it is written.
///
/// ```compile_fail,E0425
/// use plumb_sdk::prelude::*;
///
/// #[flavour(uses(create_macvlann))]
/// fn attach(request: &Request) -> Result<()> {
///     Ok(())
/// }
/// ```
///
/// A field that is no value is named:
///
/// ```compile_fail,E0277
/// use plumb_sdk::prelude::*;
///
/// #[derive(Keys)]
/// struct Keys {
///     since: std::time::Instant,
/// }
/// ```
#[cfg(doctest)]
struct Refused;
