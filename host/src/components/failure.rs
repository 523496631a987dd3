//! Why a component gave no answer, in words.

use plumb_engine::{Allowance, limits};
use serde::{Deserialize, Serialize};
use wasmtime::Trap;

use super::refusal::cut;
use super::version::Version;
use crate::trace::Level;
use crate::{Code, Error};

/// How many of a component's last log lines go into the details: a panic's message is
/// the last one.
const LAST_LINES: usize = 3;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// It trapped, or did what ends it.
    Failed,
    /// It went over a limit.
    Over(Limit),
    /// It cannot be loaded.
    NotLoaded,
    /// What is around it cannot be set up.
    SetUp,
}

/// What a component has a limited amount of (`plumb_engine::limits`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Limit {
    /// Fuel: instructions.
    Instructions,
    /// Processor time, and the time on the wall.
    Time,
    /// Memory, tables, handles and what is passed at once.
    Memory,
    /// Calls of the host.
    Calls,
}

/// Why a component gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// For programs.
    pub kind: Kind,
    /// What follows the component's name in a sentence.
    pub reason: String,
}

impl Failure {
    /// It did something that ends it.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self {
            kind: Kind::Failed,
            reason: reason.into(),
        }
    }

    /// It went over a limit; the reason says which, with its value.
    pub fn over(limit: Limit, reason: impl Into<String>) -> Self {
        Self {
            kind: Kind::Over(limit),
            reason: format!("was stopped: {}", reason.into()),
        }
    }

    /// It cannot be loaded.
    pub fn not_loaded(reason: impl Into<String>) -> Self {
        Self {
            kind: Kind::NotLoaded,
            reason: reason.into(),
        }
    }

    /// Something that it needs cannot be had.
    pub fn set_up(what: &str, error: impl std::fmt::Display) -> Self {
        Self {
            kind: Kind::SetUp,
            reason: format!("cannot be run: {what}: {error}"),
        }
    }

    /// The error of the call, with the end of the component's log. The words may be a stranger's.
    pub fn into_error(self, component: &str, log: &[(Level, String)]) -> Error {
        let code = match self.kind {
            Kind::Failed | Kind::Over(_) => Code::COMPONENT_FAILED,
            Kind::NotLoaded => Code::COMPONENT_NOT_LOADED,
            Kind::SetUp => Code::INTERNAL,
        };
        let reason = cut(self.reason);
        let error = Error::new(
            code,
            format!("component {component} {reason}; nothing was changed"),
        );
        let lines = log.iter().rev().map(|(_, line)| line.trim());
        let lines: Vec<_> = lines
            .filter(|line| !line.is_empty())
            .take(LAST_LINES)
            .collect();
        match lines.is_empty() {
            true => error,
            false => {
                let lines: Vec<_> = lines.into_iter().rev().collect();
                error.with_details(format!("its last words: {}", lines.join(" | ")))
            }
        }
    }
}

/// Why a component trapped, went over a limit or cannot be linked.
pub fn explain(version: Version, allowance: Allowance, error: &wasmtime::Error) -> Failure {
    let limits = allowance.limits();
    let text = format!("{error:#}");
    let over = Failure::over;
    let reason = match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => {
            return over(
                Limit::Instructions,
                format!(
                    "it used up its {} units of fuel, as an endless loop does",
                    limits::FUEL
                ),
            );
        }
        Some(Trap::Interrupt) => {
            return over(
                Limit::Time,
                format!(
                    "it used more than {} s of processor time",
                    limits::DEADLINE.as_secs()
                ),
            );
        }
        Some(Trap::UnreachableCodeReached) => {
            "failed: it gave up by a panic or an unreachable instruction".to_owned()
        }
        Some(trap) => format!("failed: {trap}"),
        None if text.contains("forcing trap when growing memory") => {
            return over(
                Limit::Memory,
                format!(
                    "it wanted more than {} MiB of memory{}",
                    limits.memory_bytes >> 20,
                    remedy(allowance)
                ),
            );
        }
        None if text.contains("forcing trap when growing table") => {
            return over(
                Limit::Memory,
                format!(
                    "it wanted a table of more than {} elements{}",
                    limits.table_elements,
                    remedy(allowance)
                ),
            );
        }
        None if text.contains("resource limit exceeded") => {
            return over(Limit::Memory, format!("{text}{}", remedy(allowance)));
        }
        None if text.contains("too much data is being copied") => {
            return over(
                Limit::Memory,
                format!(
                    "it passed more than {} MiB to the host at once",
                    limits::LIFTED_BYTES >> 20
                ),
            );
        }
        // Handles of the host's resources, and those of the component's own.
        None if text.contains("resource table has no free keys")
            || text.contains("store handle limit exceeded") =>
        {
            return over(
                Limit::Memory,
                format!("it held more than {} handles", limits::HANDLES),
            );
        }
        None if text.contains("borrow handles still remain") => {
            "failed: it kept the request, which it was only lent for the call; what its language cannot give back in time \
             it owns in the worlds `owning-flavour` and `owning-address-policy`"
                .to_owned()
        }
        None if text.contains("it called the host more than") => {
            return over(
                Limit::Calls,
                format!("it called the host more than {} times", limits::HOST_CALLS),
            );
        }
        // Linking compares the component's imports and exports with the contract.
        None if text.contains("matching implementation was not found")
            || text.contains("no export")
            || text.contains("type-checking export func") =>
        {
            return Failure::not_loaded(format!(
                "does not fit the contract plumb:cni@{}: {text}",
                version.as_str()
            ));
        }
        None => format!("failed: {text}"),
    };
    Failure::failed(reason)
}

/// What helps one that needs more, when there is more.
fn remedy(allowance: Allowance) -> &'static str {
    match allowance {
        Allowance::Ordinary => {
            "; `--large`, when it is installed or tried, allows a component more"
        }
        Allowance::Large => "",
    }
}
