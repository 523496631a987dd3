//! plumb against a real kernel. Every test runs on a node of its own.
//!
//! What the CNI specification and the runtimes ask of any plugin is not repeated here:
//! the cases of `cni-conformance` ask it of plumb.

mod add;
mod bad_input;
mod calls;
mod check;
mod concurrency;
mod conflicts;
mod coordinator;
mod crash;
mod damaged_store;
mod del;
mod delegation;
mod doctor;
mod environment;
mod fabric;
mod facts;
mod full;
mod gateways;
mod gc;
mod hardened;
mod hostile;
mod ifacer;
mod imported;
mod itself;
mod macvlan;
mod output;
mod parents;
mod path;
mod plumbctl;
mod pod_choice;
mod pod_root;
mod policy;
mod pool_folder;
mod pools;
mod program;
mod rails;
mod readme;
mod render;
mod replaced_coordinator;
mod results;
mod routes;
mod sandbox_again;
mod shared_pools;
mod shortage;
mod show;
mod state;
mod status;
mod stdin;
mod stopped;
mod version;
mod way_to_node;
