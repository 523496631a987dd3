//! `plumb-agent`, from its flags to its exit code.

use std::process::ExitCode;

use clap::Parser;
use plumb_agent::Options;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let log = options.log.clone();
    plumb_service::run("plumb-agent", &log, plumb_agent::run(options)).await
}
