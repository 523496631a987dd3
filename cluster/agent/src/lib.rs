//! The agent of a node: the long-running process beside plumb, which itself lives for one CNI call.
//!
//! In the order in which things happen:
//!
//! - `options`: what it is started with
//! - `install`, `policy`: plumb on the node, and what its administrator allows
//! - `view`: what it knows of the cluster
//! - `desk`, with `pools` and `pods`: what it writes for plumb
//! - `socket`, `answers`: what plumb asks it
//! - `kubernetes`, `lease_store`, `surroundings`: what the claims of `plumb-blocks` need
//! - `gone`: what pods had that are gone
//! - `calls`, `call_metrics`: what plumb left of its calls
//! - `metrics`, `gathered`, `infiniband`, `events`: what it tells people

mod answers;
mod call_metrics;
mod calls;
mod desk;
mod events;
mod fingerprint;
mod gathered;
mod gone;
mod infiniband;
mod install;
mod kubernetes;
mod lease_store;
mod lock;
mod metrics;
mod options;
mod pods;
mod policy;
mod pools;
mod program;
mod replace;
mod socket;
mod surroundings;
mod tend;
mod view;

pub use options::Options;
pub use program::run;
