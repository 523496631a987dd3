//! What came of the cases, for people and for programs.

pub mod json;
pub mod text;

use crate::{Finished, Stop};

/// How a case ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// It could not be asked.
    Skipped,
}

impl Mark {
    /// Of a case that was run.
    pub fn of(finished: &Finished) -> Self {
        match &finished.verdict {
            Ok(()) => Self::Passed,
            Err(Stop::Failed(_)) => Self::Failed,
            Err(Stop::NotApplicable(_)) => Self::Skipped,
        }
    }

    /// In lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// Why a case failed or could not be asked.
pub fn reason(finished: &Finished) -> Option<&str> {
    match &finished.verdict {
        Ok(()) => None,
        Err(Stop::Failed(reason) | Stop::NotApplicable(reason)) => Some(reason),
    }
}

/// How many ended so.
pub fn count(finished: &[Finished], mark: Mark) -> usize {
    let all = finished.iter();
    all.filter(|one| Mark::of(one) == mark).count()
}
