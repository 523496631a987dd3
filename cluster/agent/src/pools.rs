//! The pools of the cluster, as files that plumb reads on this node.
//!
//! - `manifest`: from an object of the API to the text of a file
//! - `affinity`: which nodes, namespaces and pods a pool is for
//! - `folder`: the files, written and removed

pub mod affinity;
pub mod folder;
pub mod manifest;
