//! The controller of a cluster: makes NetworkAttachmentDefinitions of what users write, and tells them what is wrong with it.
//!
//! In the order in which things happen:
//!
//! - `options`, `program`: what it is started with, from start to end
//! - `elect`: which replica works
//! - `view`, `look`: what it knows of the cluster: what it watches, and the blocks, which it lists
//! - `networks`, `pools`, `advice`: what follows from that, decided without a call
//! - `round`, `act`: one look, and all that is done after it
//! - `orphans`: blocks of nodes that are gone
//! - `metrics`, `events`: what it tells people

mod act;
mod advice;
mod conditions;
mod elect;
mod events;
mod failure;
mod kinds;
mod look;
mod metrics;
mod networks;
mod options;
mod orphans;
mod pools;
mod program;
mod round;
mod view;

pub use options::Options;
pub use program::run;
