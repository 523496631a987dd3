//! Why the benchmark stopped.

use std::path::PathBuf;

/// Every failure ends the benchmark: a figure from a call that did not do its work
/// says nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A system call of the benchmark itself failed.
    #[error("{what}: {source}")]
    System {
        /// What was tried, on which object.
        what: String,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// A measured program, or one that the benchmark needs, exited with an error.
    #[error("{program} {call} failed with {status}: {output}")]
    Call {
        /// The executable.
        program: PathBuf,
        /// CNI verb or arguments.
        call: String,
        /// Exit code or signal.
        status: String,
        /// What it printed, stdout and stderr.
        output: String,
    },
    /// A program succeeded and the kernel does not show what it should have done.
    #[error("after {call} by {candidate}: {what}")]
    EndState {
        /// Name of the candidate in the report.
        candidate: &'static str,
        /// CNI verb.
        call: &'static str,
        /// What was found and what would be right.
        what: String,
    },
    /// Output that should be JSON, or a trace line, has another form.
    #[error("{what} is not as expected: {text:?}")]
    Form {
        /// Whose output it is.
        what: String,
        /// The output.
        text: String,
    },
    /// The store of leases could not be filled.
    #[error("fill the store of leases at {folder:?}: {reason}")]
    Fill {
        /// State folder.
        folder: PathBuf,
        /// The store's own message.
        reason: String,
    },
}

impl Error {
    /// For `map_err` on anything that carries an errno.
    pub fn system<E: Into<std::io::Error>>(what: impl Into<String>) -> impl FnOnce(E) -> Error {
        let what = what.into();
        move |source| Error::System {
            what,
            source: source.into(),
        }
    }
}
