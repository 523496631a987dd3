//! A function on its way back.

use super::Original;
use crate::kernel::Netns;
use crate::node::Node;

/// What is restored, and from where.
pub struct Subject<'a> {
    /// The node.
    pub node: &'a Node<'a>,
    /// The function.
    pub address: &'a str,
    /// What it was like.
    pub original: &'a Original,
    /// The pod's namespace; none when it is gone.
    pub netns: Option<&'a Netns>,
}
