//! How a component's call ended, as the process that ran it says.

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::proposal::Proposed;
use super::refusal::Refusal;

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// A flavour has decided, or is ready.
    Done,
    /// What an address policy wants.
    Proposed(Proposed),
    /// It refused what it was asked for.
    Refused(Refusal),
    /// It gave no answer.
    Failed(Failure),
}

/// The outcome and what it took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// What came of it.
    pub outcome: Outcome,
    /// Units of fuel.
    pub fuel: u64,
    /// Microseconds to load it.
    pub load: u64,
}

impl End {
    /// One that did not begin.
    pub fn failed(failure: Failure) -> Self {
        Self {
            outcome: Outcome::Failed(failure),
            fuel: 0,
            load: 0,
        }
    }
}
