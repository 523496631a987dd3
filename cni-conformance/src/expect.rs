//! What a runtime expects of a finished call, and nothing more than the specification asks.

use cni_harness::Outcome;
use serde_json::Value;

use crate::case::failed;
use crate::{Stop, Verdict};

/// The error object of a failed call (specification, section 5, "Error").
#[derive(Debug, Clone)]
pub struct Refusal {
    /// `cniVersion`, if there is one.
    pub version: Option<String>,
    /// `code`
    pub code: u64,
    /// `msg` and `details`, which belong together for a reader.
    pub text: String,
}

/// Exit code 0, and nothing on standard output.
pub fn silence(outcome: &Outcome) -> Verdict {
    success(outcome)?;
    match outcome.stdout.is_empty() {
        true => Ok(()),
        false => Err(failed("expected no output on success", outcome)),
    }
}

/// Exit code 0, and one JSON object.
pub fn result(outcome: &Outcome) -> Result<Value, Stop> {
    success(outcome)?;
    object(outcome)
}

/// Exit code 0.
pub fn success(outcome: &Outcome) -> Verdict {
    match outcome.succeeded() {
        true => Ok(()),
        false => Err(failed("expected success", outcome)),
    }
}

/// Another exit code than 0, and no death by a signal.
pub fn failure(outcome: &Outcome) -> Verdict {
    if outcome.signal.is_some() {
        return Err(failed(
            "expected an error, not a death by a signal",
            outcome,
        ));
    }
    match outcome.succeeded() {
        true => Err(failed("expected a failure", outcome)),
        false => Ok(()),
    }
}

/// A failure that one error object reports.
pub fn refusal(outcome: &Outcome) -> Result<Refusal, Stop> {
    failure(outcome)?;
    let object = object(outcome)?;
    let text = |key: &str| object[key].as_str();
    let code = object["code"]
        .as_u64()
        .ok_or_else(|| failed("the error object has no code", outcome))?;
    let message = text("msg").ok_or_else(|| failed("the error object has no msg", outcome))?;
    Ok(Refusal {
        version: text("cniVersion").map(str::to_owned),
        code,
        text: format!("{message} {}", text("details").unwrap_or_default()),
    })
}

/// A failure with one of these codes.
pub fn code(outcome: &Outcome, codes: &[u64]) -> Result<Refusal, Stop> {
    let refusal = refusal(outcome)?;
    if codes.contains(&refusal.code) {
        return Ok(refusal);
    }
    let codes: Vec<String> = codes.iter().map(u64::to_string).collect();
    Err(failed(
        format!(
            "expected error code {}, got {}",
            codes.join(" or "),
            refusal.code
        ),
        outcome,
    ))
}

/// A failure with one of these codes, whose text has all these words in it.
pub fn code_naming(outcome: &Outcome, codes: &[u64], words: &[&str]) -> Verdict {
    let refusal = code(outcome, codes)?;
    match words.iter().find(|word| !refusal.text.contains(**word)) {
        None => Ok(()),
        Some(word) => Err(failed(
            format!("expected an error that names {word:?}"),
            outcome,
        )),
    }
}

/// One JSON object on standard output and nothing else.
fn object(outcome: &Outcome) -> Result<Value, Stop> {
    let value: Value = serde_json::from_slice(&outcome.stdout).map_err(|error| {
        failed(
            format!("standard output is not one JSON document: {error}"),
            outcome,
        )
    })?;
    match value.is_object() {
        true => Ok(value),
        false => Err(failed("standard output is not a JSON object", outcome)),
    }
}
