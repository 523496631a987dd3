//! plumb against a real kernel. Every test runs on a node of its own.
//!
//! "Check 44" in a comment is a line of `tests/checks.md`, which lists what CNI
//! specification 1.1.0 and the runtimes ask of a plugin.

mod add;
mod bad_input;
mod check;
mod concurrency;
mod crash;
mod del;
mod delegation;
mod environment;
mod gc;
mod macvlan;
mod output;
mod plumbctl;
mod pools;
mod program;
mod readme;
mod results;
mod state;
mod status;
mod stdin;
mod version;
