//! A program from its start to its end.

use std::future::Future;
use std::process::ExitCode;

use crate::logging::{self, LogOptions};

/// Begins to log and runs `program`, called `name`. The exit code is 2 for a mistake in the flags, and 1 where the program could
/// not begin or has ended by itself, which is in the log.
pub async fn run(
    name: &str,
    log: &LogOptions,
    program: impl Future<Output = Result<(), String>>,
) -> ExitCode {
    if let Err(mistake) = logging::begin(log) {
        eprintln!("{name}: {mistake}");
        return ExitCode::from(2);
    }
    match program.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tracing::error!("{failure}");
            ExitCode::FAILURE
        }
    }
}
