//! Leases: who holds which address on this node.
//!
//! Each CNI call is a process of its own, so what they share lies in one file, `leases.db`, in the state
//! folder: an SQLite database that any number of processes may open at once. A claim is one write
//! transaction, so it happens whole or not at all, also when the process is killed in the middle of it.
//!
//! The cost of a claim does not grow with the number of leases, nor with the size of a pool: what is taken
//! is kept as maximal runs of consecutive addresses (`runs`), so "the first free address from here on" is
//! one lookup and an IPv6 /64 costs what a /29 costs.
//!
//! The file is not trusted: whatever is in it, a call ends with an answer or an error. What is damaged is
//! set aside and made again from what the caller knows of leases ([`Store::open`], [`Store::replace`]).
//!
//! What a caller needs is the trait [`Leases`]; [`Store`] is the implementation for one node. From the bottom up, each
//! module uses only those before it: `lease`, `error`, `leases`, `address`, `keys`, `values`, `entries`,
//! `connection`, `database`, `runs`, `memory`, `read`, `claim` and `conflict`, `held`, `release`, `check`, `former`, `file`, `store`.
//! Beside it stands [`imported`]: what is known of leases that another product gave.

mod address;
mod check;
mod claim;
mod conflict;
mod connection;
mod database;
mod database_files;
mod entries;
mod error;
mod file;
mod former;
mod held;
pub mod imported;
mod keys;
mod lease;
mod leases;
mod memory;
mod read;
mod release;
mod runs;
mod store;
#[cfg(test)]
mod tests;
mod values;

pub use claim::Request;
pub use conflict::SET_ASIDE;
pub use database::FileId;
pub use database_files::SetAside;
pub use error::{ClaimError, Error, PoolUsage};
pub use file::{Discarded, FILE_NAME, Renewed};
pub use held::{HeldRange, Kept};
pub use lease::{Candidate, Claimed, Lease, Owner, Pod, Usage};
pub use leases::Leases;
pub use store::Store;
