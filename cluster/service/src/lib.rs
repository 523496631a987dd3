//! What the agent and the controller have in common as programs that go on: logs, a client of the API server, metrics and
//! health over HTTP, and an end when they are told.

mod api_server;
pub mod http;
pub mod logging;
mod until_told;

pub use api_server::config;
pub use logging::LogOptions;
pub use until_told::until_told;
