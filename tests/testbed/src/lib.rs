//! Tests of the hardware flavours on hardware that is simulated: PCI functions, RDMA devices and
//! InfiniBand ports inside a virtual machine.
//!
//! Pods, calls and their outcomes are those of `cni-harness`. What is new here is the
//! [`Bed`], the machine's adapter in one of several set-ups, and a [`Picture`] of all that a
//! plugin can do to it.

pub mod bed;
pub mod chain;
pub mod checks;
pub mod configuration;
pub mod ethtool;
pub mod faults;
pub mod function;
pub mod modules;
pub mod picture;
pub mod plumbctl;
pub mod pod;
pub mod pools;
pub mod program;
pub mod rdma;
pub mod setup;
pub mod tcx;
pub mod traffic;
pub mod way_to_node;

pub use bed::{Bed, bed};
pub use chain::Chain;
pub use function::Function;
pub use picture::Picture;
pub use pools::PoolFile;
pub use setup::{Adapter, LinkLayer, Setup};

/// What asks ports and drivers takes longer in an emulated machine than on a real one.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
