//! The key `args`, in which a runtime passes on what was asked for a single pod.

use serde::Deserialize;

/// The key `args`, to be a field of a component's own keys; `T` has the keys of `args.cni`
/// that the component knows (CNI conventions, `args`).
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, bound = "T: Default + Deserialize<'de>")]
pub struct Arguments<T> {
    /// `args.cni`
    pub cni: T,
}
