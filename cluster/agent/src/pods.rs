//! What pods chose, as files that plumb reads at ADD.
//!
//! - `annotations`: what users write on pods and namespaces
//! - `choice`: what of it holds for a pod, and which pools are not for it
//! - `folder`: the files, written and removed

pub mod annotations;
pub mod choice;
pub mod folder;
