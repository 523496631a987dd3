//! Cases that have ended as a test wants it.

use std::time::Duration;

use cni_conformance::run::Finished;
use cni_conformance::{Stop, Verdict, Version, cases};

/// A case of this number, with a version or without.
pub fn finished(number: u16, version: Option<Version>, verdict: Verdict) -> Finished {
    Finished {
        case: cases::by_number(number).expect("there is a case of this number"),
        version,
        verdict,
        elapsed: Duration::from_millis(1250),
    }
}

/// A failure with this reason.
pub fn failed(reason: &str) -> Verdict {
    Err(Stop::Failed(reason.to_owned()))
}

/// What could not be asked, with this reason.
pub fn not_applicable(reason: &str) -> Verdict {
    Err(Stop::NotApplicable(reason.to_owned()))
}
