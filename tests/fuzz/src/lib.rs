//! What several fuzz targets need, and what would make one of them long.

pub mod component;
pub mod leases;
mod scratch;

pub use scratch::Scratch;
