//! Real container runtimes on a private node: each test starts the runtime itself, lets it
//! attach containers to plumb's networks, and ends it again.

pub mod cgroups;
pub mod containerd;
pub mod cri;
pub mod ctr;
pub mod finished;
pub mod host;
pub mod image;
pub mod inside;
pub mod kubernetes;
pub mod leases;
pub mod mounts;
pub mod multus;
pub mod network;
pub mod packages;
pub mod podman;
pub mod recorder;

pub use containerd::Containerd;
pub use cri::Cri;
pub use ctr::Ctr;
pub use finished::Finished;
pub use host::Host;
pub use podman::Podman;
