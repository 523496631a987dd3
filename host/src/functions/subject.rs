//! A function on its way back.

use super::Original;
use crate::node::Node;

/// What is restored.
pub struct Subject<'a> {
    /// The node.
    pub node: &'a Node<'a>,
    /// The function.
    pub address: &'a str,
    /// What it was like.
    pub original: &'a Original,
}
