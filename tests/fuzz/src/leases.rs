//! What the target `lease_store` consists of.

pub mod calls;
pub mod header;
pub mod model;
