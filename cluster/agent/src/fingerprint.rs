//! Short names for long texts, the same on every node and after every start.

use std::hash::{DefaultHasher, Hash, Hasher};

/// 64 bits of a value. Not for secrets, nor against people who look for collisions.
pub fn of(value: &impl Hash) -> u64 {
    // Without keys of its own: the same for all nodes that run the same release.
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
