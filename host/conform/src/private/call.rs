//! A call of plumb, as a runtime makes it, with a fault at a moment of one of its steps if one is wanted.

use std::cell::Cell;
use std::ffi::OsString;

use nix::sys::signal::{Signal, raise};
use plumb::cni::Verb;
use plumb::policy::Reader;
use plumb::program;
use plumb::watch::{Moment, Watcher};
use plumb::{Code, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Pod;
use super::apart::{Ended, apart};
use crate::trial::INTERFACE;

/// What goes wrong, at which step: they count from 1, forward or backward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing does.
    None,
    /// The step fails.
    Fails(usize, Moment),
    /// The process is killed.
    Kills(usize, Moment),
}

/// What came of a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Called {
    /// Standard output.
    pub output: String,
    /// Whether it succeeded.
    pub success: bool,
    /// Whether the fault came: one behind the last step does not.
    pub is_faulted: bool,
}

impl Called {
    /// The code of its error; none of a success.
    pub fn code(&self) -> Option<Code> {
        let error: Value = serde_json::from_str(&self.output).ok()?;
        let code = error["code"].as_u64().filter(|_| !self.success)?;
        u32::try_from(code).ok().map(Code)
    }

    /// What its error says.
    pub fn message(&self) -> String {
        let error: Value = serde_json::from_str(&self.output).unwrap_or_default();
        let part = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        match (part("msg"), part("details")) {
            (message, details) if details.is_empty() => message,
            (message, details) => format!("{message} ({details})"),
        }
    }
}

struct Saboteur {
    fault: Fault,
    seen: Cell<usize>,
    has_come: Cell<bool>,
}

impl Watcher for Saboteur {
    fn at(&self, moment: Moment, _step: usize) -> plumb::Result<()> {
        if moment == Moment::Intended {
            self.seen.set(self.seen.get() + 1);
        }
        let now = (self.seen.get(), moment);
        match self.fault {
            Fault::Fails(step, at) if (step, at) == now && !self.has_come.replace(true) => Err(
                Error::new(Code::KERNEL, format!("step {step} was made to fail")),
            ),
            Fault::Kills(step, at) if (step, at) == now => {
                let _ = raise(Signal::SIGKILL);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Calls plumb.
///
/// # Errors
///
/// How its process ended, when it ended without an answer.
pub fn call(
    verb: Verb,
    pod: &Pod,
    configuration: &Value,
    arguments: &str,
    policy: &Reader,
    fault: Fault,
) -> Result<Called, Ended> {
    let variable = |name: &str| -> Option<OsString> {
        match name {
            "CNI_COMMAND" => Some(verb.as_str().into()),
            "CNI_CONTAINERID" => Some(pod.container.clone().into()),
            "CNI_NETNS" => Some(pod.path.clone().into()),
            "CNI_IFNAME" => Some(INTERFACE.into()),
            "CNI_ARGS" => Some(arguments.into()),
            "CNI_PATH" => Some("/opt/cni/bin".into()),
            "NODE_NAME" => Some("node-1".into()),
            _ => None,
        }
    };
    let input = configuration.to_string();
    apart(|| {
        let saboteur = Saboteur {
            fault,
            seen: Cell::new(0),
            has_come: Cell::new(false),
        };
        let outcome = program::run(variable, &mut input.as_bytes(), policy, &saboteur);
        Called {
            output: outcome.output,
            success: outcome.success,
            is_faulted: saboteur.has_come.get(),
        }
    })
}
