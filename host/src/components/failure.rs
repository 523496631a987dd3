//! Why a component gave no answer, in words.

use plumb_engine::limits;
use wasmtime::Trap;

use super::session::Session;
use super::version::Version;
use crate::{Code, Error};

/// How many of a component's last log lines go into the details: a panic's message is
/// the last one.
const LAST_LINES: usize = 3;

/// The error for a component that trapped, went over a limit or cannot be linked.
pub fn explain(
    component: &str,
    version: Version,
    error: &wasmtime::Error,
    host: &Session,
) -> Error {
    let text = format!("{error:#}");
    let (code, reason) = match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => (
            Code::COMPONENT_FAILED,
            format!(
                "was stopped: it used up its {} units of fuel, as an endless loop does",
                limits::FUEL
            ),
        ),
        Some(Trap::Interrupt) => (
            Code::COMPONENT_FAILED,
            format!(
                "was stopped: it used more than {} s of processor time",
                limits::DEADLINE.as_secs()
            ),
        ),
        Some(Trap::UnreachableCodeReached) => (
            Code::COMPONENT_FAILED,
            "failed: it gave up by a panic or an unreachable instruction".to_owned(),
        ),
        Some(trap) => (Code::COMPONENT_FAILED, format!("failed: {trap}")),
        None if text.contains("forcing trap when growing memory") => (
            Code::COMPONENT_FAILED,
            format!(
                "was stopped: it wanted more than {} MiB of memory",
                limits::MEMORY_BYTES >> 20
            ),
        ),
        None if text.contains("forcing trap when growing table") => (
            Code::COMPONENT_FAILED,
            format!(
                "was stopped: it wanted a table of more than {} elements",
                limits::TABLE_ELEMENTS
            ),
        ),
        None if text.contains("too much data is being copied") => (
            Code::COMPONENT_FAILED,
            format!(
                "was stopped: it passed more than {} MiB to the host at once",
                limits::LIFTED_BYTES >> 20
            ),
        ),
        // Handles of the host's resources, and those of the component's own.
        None if text.contains("resource table has no free keys")
            || text.contains("store handle limit exceeded") =>
        {
            (
                Code::COMPONENT_FAILED,
                format!("was stopped: it held more than {} handles", limits::HANDLES),
            )
        }
        // Linking compares the component's imports and exports with the contract.
        None if text.contains("matching implementation was not found")
            || text.contains("no export")
            || text.contains("type-checking export func") =>
        {
            (
                Code::COMPONENT_NOT_LOADED,
                format!(
                    "does not fit the contract plumb:cni@{}: {text}",
                    version.as_str()
                ),
            )
        }
        None => (Code::COMPONENT_FAILED, format!("failed: {text}")),
    };
    let error = Error::new(
        code,
        format!("component {component} {reason}; nothing was changed"),
    );
    let lines: Vec<_> = host
        .log()
        .iter()
        .rev()
        .map(|(_, line)| line.trim())
        .filter(|line| !line.is_empty())
        .take(LAST_LINES)
        .collect();
    if lines.is_empty() {
        error
    } else {
        let lines: Vec<_> = lines.into_iter().rev().collect();
        error.with_details(format!("its last words: {}", lines.join(" | ")))
    }
}
