//! Components that want to do harm, installed and run as an operator and a runtime would.
//!
//! `fixtures/` holds them as core modules in text form, one attack each. [`component`]
//! wraps one as a component, [`Store`] installs it by `plumbctl`, and [`Scene`] runs the
//! plumb binary with it and looks whether anything but an error came of it.

pub mod component;
pub mod native;
mod scene;
mod store;

pub use scene::Scene;
pub use store::Store;
