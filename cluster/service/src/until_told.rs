//! How long a program runs.

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

/// Until the program `name` is told to end by SIGTERM or SIGINT, or a part of it has ended, which none should. What is under
/// way may then end at any moment.
///
/// # Errors
///
/// Which part has ended, and how.
pub async fn until_told(name: &str, tasks: &mut JoinSet<()>) -> Result<(), String> {
    let handler = |kind| signal(kind).map_err(|error| format!("wait for signals: {error}"));
    let mut terminate = handler(SignalKind::terminate())?;
    let mut interrupt = handler(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        ended = tasks.join_next() => {
            let how = match ended {
                Some(Err(error)) => error.to_string(),
                _ => format!("a part of the {name} has ended"),
            };
            return Err(how);
        }
    }
    tracing::info!("the {name} ends");
    Ok(())
}
