//! What a component says of itself: its name, what it would record, on which devices, and its keys.
//!
//! It stands in the custom section [`SECTION`] of the module as one JSON document, where it is read without
//! running anything. An operator sees it before the component is installed, and can grant what it asks for.
//! [`#[flavour]`](crate::flavour) and [`#[policy]`](crate::policy) make it:
//!
//! ```json
//! {"name": "acme-vlan", "version": "1.2.0", "author": "Acme", "description": "...",
//!  "operations": ["create-macvlan", "assign-addresses"], "devices": {"parents": ["ens*"]},
//!  "keys": {"type": "object", "properties": {"master": {"type": "string"}}, "required": ["master"]}}
//! ```

mod text;

pub(crate) use text::Text;

use crate::keys::Schema;

/// The name of the section.
pub const SECTION: &str = "plumb:component";

/// The longest declaration that is read, in bytes.
pub const MOST_BYTES: usize = 64 * 1024;

/// What a component says of itself. What is empty is left out.
#[derive(Debug, Clone, Copy)]
pub struct Declaration {
    /// The crate's name.
    pub name: &'static str,
    /// The crate's version.
    pub version: &'static str,
    /// The crate's authors, with a colon between them, as cargo has them.
    pub authors: &'static str,
    /// One line.
    pub description: &'static str,
    /// All that it may record, by their names in the contract, such as `create-macvlan`.
    pub operations: &'static [&'static str],
    /// Patterns for the interfaces of the node that it makes others of, such as `ens*` or `driver:mlx5_core`.
    pub parents: &'static [&'static str],
    /// Patterns for the PCI functions that it takes.
    pub functions: &'static [&'static str],
    /// The keys of the network configuration.
    pub keys: Option<&'static Schema>,
}

impl Declaration {
    /// Whether it says that it may record this operation.
    pub fn declares(&self, operation: &str) -> bool {
        self.operations.contains(&operation)
    }

    /// Its JSON text.
    #[cfg(not(target_family = "wasm"))]
    pub fn to_json(&self) -> String {
        let mut bytes = vec![0; length(Some(self))];
        self.write(&mut Text::into(&mut bytes));
        String::from_utf8(bytes).expect("it is made of texts")
    }

    const fn write(&self, text: &mut Text<'_>) {
        text.raw("{");
        text.member("name", self.name);
        text.member("version", self.version);
        text.authors(self.authors);
        text.member("description", self.description);
        text.name("operations");
        text.strings(self.operations);
        if !self.parents.is_empty() || !self.functions.is_empty() {
            text.name("devices");
            text.raw("{");
            if !self.parents.is_empty() {
                text.name("parents");
                text.strings(self.parents);
            }
            if !self.functions.is_empty() {
                text.name("functions");
                text.strings(self.functions);
            }
            text.raw("}");
        }
        if let Some(keys) = self.keys {
            text.name("keys");
            keys.write(text);
        }
        text.raw("}");
    }
}

/// How many bytes the text of a declaration has; of none, 0.
///
/// # Panics
///
/// When it is longer than [`MOST_BYTES`]: no component is built with it.
#[doc(hidden)]
pub const fn length(declaration: Option<&Declaration>) -> usize {
    let mut text = Text::into(&mut []);
    if let Some(declaration) = declaration {
        declaration.write(&mut text);
    }
    assert!(
        text.length() <= MOST_BYTES,
        "the declaration is longer than 64 KiB: shorten the doc comments of the keys"
    );
    text.length()
}

/// The text of a declaration, which has this length.
#[doc(hidden)]
pub const fn bytes<const LENGTH: usize>(declaration: Option<&Declaration>) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    if let Some(declaration) = declaration {
        declaration.write(&mut Text::into(&mut bytes));
    }
    bytes
}

#[cfg(test)]
mod tests;
