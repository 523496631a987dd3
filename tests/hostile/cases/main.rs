//! What plumb does with components that want to do harm. Every test runs on a node of
//! its own, as those of `plumb-tests` do.

mod answers;
mod bridged;
mod capabilities;
mod chained;
mod declared;
mod detach;
mod informed;
mod install;
mod kept;
mod limits;
mod linked;
mod mistakes;
mod names;
mod native;
mod operator;
mod owning;
mod pod_sysctls;
mod policies;
mod routed;
mod scripted;
mod steering;
mod store;
mod tried;
