//! Which links of the node lie on one wire.
//!
//! Two pods on one wire must not have the same address, whatever their networks are called. plumb cannot see where a
//! cable leads, so all links of a node count as one wire unless the administrator says otherwise.

use plumb_values::Pattern;

use super::Policy;
use super::networks::{driver, names};
use crate::Result;
use crate::facts::{Facts, LinkFacts};

/// A wire that is separate from all others, and so may have the same addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// Its name, for the lease store.
    pub name: String,
    /// The links that lead to it: parents, and links of physical functions.
    pub parents: Vec<Pattern>,
}

/// The space of links that no wire names, and of a plan that lies on none.
pub const NODE_SPACE: &str = "";

impl Wire {
    /// The space of its addresses. No network has such a name, which is what spaces were called by once.
    fn space(&self) -> String {
        format!("wire/{}", self.name)
    }
}

impl Policy {
    /// The space in which the addresses of interfaces on a link are unique.
    pub fn space(&self, link: &LinkFacts, facts: &dyn Facts) -> Result<String> {
        if self.wires.is_empty() {
            return Ok(NODE_SPACE.to_owned());
        }
        let driver = driver(link, facts)?;
        let leads_there = |pattern: &Pattern| pattern.matches(names(link), driver.as_deref());
        let wire = self
            .wires
            .iter()
            .find(|wire| wire.parents.iter().any(leads_there));
        Ok(wire.map_or_else(|| NODE_SPACE.to_owned(), Wire::space))
    }

    /// All spaces.
    pub fn spaces(&self) -> Vec<String> {
        std::iter::once(NODE_SPACE.to_owned())
            .chain(self.wires.iter().map(Wire::space))
            .collect()
    }
}

/// The space of a recorded claim. Earlier releases gave each network that stated its pools itself a space of its own,
/// called by its name.
pub fn space_of_record(space: &str, network: &str) -> String {
    match space == network {
        true => NODE_SPACE.to_owned(),
        false => space.to_owned(),
    }
}
