//! `plumb-registry`, which `plumbctl component push` and `pull` start.

use std::process::ExitCode;

use clap::Parser;

/// Speaks to registries for `plumbctl component push` and `pull`, which start it beside plumbctl; it takes an order from
/// standard input.
#[derive(Debug, Parser)]
#[command(name = "plumb-registry", version)]
struct Options {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    Options::parse();
    plumb_registry::run().await
}
