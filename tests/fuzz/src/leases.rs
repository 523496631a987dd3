//! What the targets `lease_store` and `lease_damage` consist of.

pub mod calls;
pub mod damage;
pub mod model;
