//! What the target `wit_boundary` consists of: values of the contract (`wit/`), and what plumb
//! promises of those that it lets pass.

pub mod attach;
mod calls;
pub mod channel;
mod limits;
pub mod proposal;
pub mod refusal;
mod values;
