//! Judges a component, built in or a vendor's, before anybody installs it.
//!
//! Each case asks it for plans of described nodes, in the sandbox in which plumb runs it on a real one, and looks at the
//! answers. The last group has the plans performed, by plumb as it is, on a [private node](private) that the kernel makes
//! for the purpose, and looks whether all can be taken back.
//!
//! ```text
//! Subject ──► Trials ──► Bench ──► Answers ──► Case ──► Verdict ──► report
//! component   requests   sandbox   plans and
//! on trial    and nodes            refusals
//! ```

#![deny(missing_docs)]

mod answer;
mod bench;
mod case;
pub mod cases;
mod draw;
mod keys;
pub mod nodes;
pub mod private;
pub mod report;
pub mod run;
mod subject;
mod trial;

pub use answer::{Answer, Outcome};
pub use bench::Bench;
pub use case::{Case, Level, Stop, Verdict};
pub use draw::draw;
pub use run::Finished;
pub use subject::{Declared, Subject};
pub use trial::{Trial, Trials};
