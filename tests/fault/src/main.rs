//! The CNI binary as it is, with a fault at one moment of one step (`PLUMB_FAULT`):
//!
//! - `fail:N`: the Nth step fails when its intent is written
//! - `kill:N:intent`, `kill:N:done`, `kill:N:recorded`: the process is killed when the
//!   Nth step's intent is written, when it is done but not recorded, when it is recorded
//! - `kill:N:exchanged`: when the Nth step is the last one and another address has just been claimed for one that somebody has
//! - `stop:N:MOMENT`: it is stopped there until somebody continues it
//!
//! Steps count from 1 in the order that they happen, forward or backward. A fault
//! behind the last step never comes, by which a test knows that it has tried them all.

use std::cell::Cell;
use std::io::Write;
use std::process::ExitCode;

use nix::sys::signal::{Signal, raise};
use plumb::watch::{Moment, Watcher};
use plumb::{Code, Error, Result, program};

struct Fault {
    /// None: the step fails.
    signal: Option<Signal>,
    step: usize,
    moment: Moment,
    seen: Cell<usize>,
}

impl Watcher for Fault {
    fn at(&self, moment: Moment, _step: usize) -> Result<()> {
        if moment == Moment::Intended {
            self.seen.set(self.seen.get() + 1);
        }
        if self.seen.get() != self.step || moment != self.moment {
            return Ok(());
        }
        if let Some(signal) = self.signal {
            let _ = raise(signal);
            return Ok(());
        }
        Err(Error::new(
            Code::KERNEL,
            format!("a failure was injected at step {}", self.step),
        ))
    }
}

fn parse(text: &str) -> Option<Fault> {
    let mut parts = text.split(':');
    let signal = match parts.next()? {
        "kill" => Some(Signal::SIGKILL),
        "stop" => Some(Signal::SIGSTOP),
        "fail" => None,
        _ => return None,
    };
    let step = parts.next()?.parse().ok()?;
    let moment = match parts.next() {
        None | Some("intent") => Moment::Intended,
        Some("done") => Moment::Performed,
        Some("recorded") => Moment::Recorded,
        Some("exchanged") => Moment::Exchanged,
        Some(_) => return None,
    };
    Some(Fault {
        signal,
        step,
        moment,
        seen: Cell::new(0),
    })
}

fn main() -> ExitCode {
    let text = std::env::var("PLUMB_FAULT").unwrap_or_else(|_| "fail:0".to_owned());
    let Some(fault) = parse(&text) else {
        eprintln!("PLUMB_FAULT={text:?} is not understood");
        return ExitCode::from(2);
    };
    let outcome = program::run(
        |name| std::env::var_os(name),
        &mut std::io::stdin().lock(),
        &plumb::policy::Reader::default(),
        &fault,
    );
    let _ = std::io::stdout().write_all(outcome.output.as_bytes());
    if outcome.success {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
