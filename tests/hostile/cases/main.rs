//! What plumb does with components that want to do harm. Every test runs on a node of
//! its own, as those of `plumb-tests` do.

mod answers;
mod capabilities;
mod detach;
mod install;
mod kept;
mod limits;
mod native;
mod policies;
mod routed;
mod store;
