//! plumb beside the CNI project's macvlan, its current release and the older one that Debian
//! has, with configurations that both accept: the same call on two nodes that are alike, then
//! everything that a pod, a node or a runtime could see of it is compared.
//!
//! What may differ stands in `differences.rs`, each with its reason, and for users in
//! `docs/differences.md`.

mod attachment;
mod cases;
mod comparison;
mod course;
mod differences;
mod document;
mod leaving;
mod random;
mod refusals;
mod result;
mod state;
mod sysctls;
