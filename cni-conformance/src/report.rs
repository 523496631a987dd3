//! Tells how a run went: to a person, to a program, and to a CI system.

pub mod json;
pub mod junit;
pub mod table;
pub mod text;

use crate::Stop;
use crate::expectations::Expectations;
use crate::run::Finished;

/// How one case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The plugin does it.
    Passed,
    /// It does not.
    Failed,
    /// It does not, and that is known.
    Known,
    /// It cannot be asked.
    NotApplicable,
}

impl Mark {
    /// How it counts with these expectations.
    pub fn of(finished: &Finished, expectations: &Expectations) -> Self {
        match &finished.verdict {
            Ok(()) => Self::Passed,
            Err(Stop::NotApplicable(_)) => Self::NotApplicable,
            Err(Stop::Failed(_)) if expectations.reason(finished).is_some() => Self::Known,
            Err(Stop::Failed(_)) => Self::Failed,
        }
    }

    /// In lower case, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Known => "failed-as-expected",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// What was seen, of a case that did not pass.
pub fn reason(finished: &Finished) -> Option<&str> {
    match &finished.verdict {
        Ok(()) => None,
        Err(Stop::Failed(text) | Stop::NotApplicable(text)) => Some(text),
    }
}
