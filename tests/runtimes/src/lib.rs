//! Real container runtimes on a private node: each test starts the runtime itself, lets it
//! attach containers to plumb's networks, and ends it again.

pub mod kubernetes;
pub mod multus;
