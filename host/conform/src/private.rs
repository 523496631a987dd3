//! A private node: plumb as it is, on a real kernel, with nothing of the machine in reach.
//!
//! A child process moves into user, mount and network namespaces of its own. There it is root, has an empty `/run`,
//! `/var/lib` and `/var/log`, and links with the names, addresses and routes of the described node: ends of virtual
//! cables in the place of adapters. Each call of plumb is a process of its own, as a runtime makes it, by the very code
//! of the CNI binary (`plumb::program`): performing, walking back and comparing are nobody's imitation.
//!
//! What an adapter has and a cable has not, PCI functions, RDMA devices and InfiniBand, no kernel makes without hardware:
//! plans that work on those are not performed here, and the report says so.

mod apart;
mod call;
mod disturb;
mod look;
mod namespaces;
mod pod;
mod scene;
mod stand_in;

pub use apart::apart;
pub use call::{Called, Fault};
pub use disturb::{Disturbance, disturbances};
pub use look::{difference, look};
pub use pod::Pod;
pub use scene::Scene;
