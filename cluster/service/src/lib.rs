//! What the agent and the controller have in common as programs that go on: logs, a client of the API server, metrics and
//! health over HTTP, and an end when they are told.

mod api_server;
mod denied;
pub mod http;
pub mod logging;
mod run;
mod until_told;

pub use api_server::config;
pub use denied::{denied, is_about_to_end};
pub use logging::LogOptions;
pub use run::run;
pub use until_told::until_told;
