//! A conformance suite for CNI plugins.
//!
//! A [`Subject`] is a plugin binary with a configuration. Each [`Case`] makes a node of its
//! own ([`Scene`]: private namespaces, two wired links, pods), calls the plugin as a runtime
//! does, and gives a [`Verdict`]. [`run`](run::run) works through the cases, the
//! [`Expectations`] say which failures are known, and [`report`] prints the verdicts.

pub mod case;
pub mod cases;
pub mod expect;
pub mod expectations;
pub mod libcni;
pub mod report;
pub mod run;
pub mod scene;
pub mod subject;
pub mod version;

pub use case::{Case, Level, Stop, Verdict};
pub use expectations::Expectations;
pub use scene::Scene;
pub use subject::{Kind, Subject};
pub use version::Version;
