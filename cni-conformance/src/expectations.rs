//! Expectation files: failures of a plugin that are known, each with its reason.
//!
//! One on a line: `NUMBER[@VERSION][?] NAME # reason`. Without a version it applies to each
//! version of the case; with `?` it happens at times, as a race does. A failure that is not
//! listed, and a listed one that did not happen, both make the run fail: the file stays true.

use std::fmt::Write;

use crate::run::Finished;
use crate::{Stop, Version, cases};

/// What is known of a plugin.
#[derive(Debug, Default)]
pub struct Expectations {
    known: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    number: u16,
    version: Option<Version>,
    at_times: bool,
    reason: String,
}

/// How the results differ from what was expected.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Sentences; empty when all came as expected.
    pub surprises: Vec<String>,
}

impl Expectations {
    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// A sentence with the number of the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut known = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            known.push(Known::parse(line).map_err(|what| format!("line {}: {what}", index + 1))?);
        }
        Ok(Self { known })
    }

    /// The reason why this failure was expected.
    pub fn reason(&self, finished: &Finished) -> Option<&str> {
        self.known
            .iter()
            .find(|known| known.is_of(finished))
            .map(|known| known.reason.as_str())
    }

    /// Compares with what has happened.
    pub fn compare(&self, finished: &[Finished]) -> Comparison {
        let mut comparison = Comparison::default();
        for one in finished.iter().filter(|one| has_failed(one)) {
            if self.reason(one).is_none() {
                comparison.surprises.push(format!(
                    "{} failed and was not expected to",
                    identity(one.case.number, one.version, one.case.name)
                ));
            }
        }
        for known in &self.known {
            let mut turns = finished.iter().filter(|one| known.is_of(one)).peekable();
            // A run of a few cases says nothing of the others.
            if turns.peek().is_some() && !turns.any(has_failed) && !known.at_times {
                let name = cases::by_number(known.number).map_or("?", |case| case.name);
                comparison.surprises.push(format!(
                    "{} was expected to fail and did not: remove its line from the expectation file",
                    identity(known.number, known.version, name)
                ));
            }
        }
        comparison
    }
}

impl Known {
    fn parse(line: &str) -> Result<Self, String> {
        let (case, reason) = line.split_once('#').ok_or_else(|| {
            format!("{line:?} has no reason: write NUMBER[@VERSION][?] NAME # reason")
        })?;
        let reason = reason.trim();
        let mut words = case.split_whitespace();
        let (Some(number), Some(name), None) = (words.next(), words.next(), words.next()) else {
            return Err(format!("{case:?} is not NUMBER[@VERSION][?] NAME"));
        };
        let (number, at_times) = match number.strip_suffix('?') {
            Some(number) => (number, true),
            None => (number, false),
        };
        let (number, version) = match number.split_once('@') {
            None => (number, None),
            Some((number, version)) => (
                number,
                Some(
                    Version::parse(version)
                        .ok_or_else(|| format!("{version:?} is no version of the specification"))?,
                ),
            ),
        };
        let case = number
            .parse()
            .ok()
            .and_then(cases::by_number)
            .ok_or_else(|| format!("there is no case {number}: see `cni-conformance list`"))?;
        if case.name != name {
            return Err(format!("case {number} is {:?}, not {name:?}", case.name));
        }
        if reason.is_empty() {
            return Err(format!("the reason why {number} {name} fails is empty"));
        }
        Ok(Self {
            number: case.number,
            version,
            at_times,
            reason: reason.to_owned(),
        })
    }

    fn is_of(&self, finished: &Finished) -> bool {
        self.number == finished.case.number
            && self
                .version
                .is_none_or(|version| Some(version) == finished.version)
    }
}

/// Whether the plugin did not do what it has to.
pub fn has_failed(finished: &Finished) -> bool {
    matches!(finished.verdict, Err(Stop::Failed(_)))
}

/// `601 undoes-add`, with the version where there is one.
pub fn identity(number: u16, version: Option<Version>, name: &str) -> String {
    let mut text = number.to_string();
    if let Some(version) = version {
        let _ = write!(text, "@{version}");
    }
    format!("{text} {name}")
}
