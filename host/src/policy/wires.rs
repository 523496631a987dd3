//! Which links of the node lie on one wire.
//!
//! Two pods on one wire must not have the same address, whatever their networks are called. plumb cannot see where a
//! cable leads, so all links of a node count as one wire unless the administrator says otherwise.

use super::Policy;
use super::pattern::Pattern;
use crate::facts::LinkFacts;

/// A wire that is separate from all others, and so may have the same addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// Its name, for the lease store.
    pub name: String,
    /// The links that lead to it: parents, and links of physical functions.
    pub parents: Vec<Pattern>,
}

/// The space of links that no wire names.
const NODE: &str = "";

impl Wire {
    /// The space of its addresses. No network has such a name, which is what spaces were called by once.
    fn space(&self) -> String {
        format!("wire/{}", self.name)
    }
}

impl Policy {
    /// The space in which the addresses of interfaces on a link are unique. A link that is not known any more counts
    /// as one that no wire names.
    pub fn space(&self, link: Option<&LinkFacts>, driver: Option<&str>) -> String {
        let Some(link) = link else {
            return NODE.to_owned();
        };
        let names =
            std::iter::once(&*link.name).chain(link.alternative_names.iter().map(String::as_str));
        let mut wires = self.wires.iter();
        wires
            .find(|wire| {
                wire.parents
                    .iter()
                    .any(|pattern| pattern.matches(names.clone(), driver))
            })
            .map_or_else(|| NODE.to_owned(), Wire::space)
    }

    /// All spaces.
    pub fn spaces(&self) -> Vec<String> {
        std::iter::once(NODE.to_owned())
            .chain(self.wires.iter().map(Wire::space))
            .collect()
    }
}

/// The space of a recorded claim. Earlier releases gave each network that stated its pools itself a space of its own,
/// called by its name.
pub fn space_of_record(space: &str, network: &str) -> String {
    match space == network {
        true => NODE.to_owned(),
        false => space.to_owned(),
    }
}
