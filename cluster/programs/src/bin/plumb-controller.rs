//! `plumb-controller`, from its flags to its exit code.

use std::process::ExitCode;

use clap::Parser;
use plumb_controller::Options;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let log = options.log.clone();
    plumb_service::run("plumb-controller", &log, plumb_controller::run(options)).await
}
