//! The CNI binary as it is, with a fault at one moment of one step (`PLUMB_FAULT`):
//!
//! - `fail:N`: the Nth step fails when its intent is written
//! - `kill:N:intent`, `kill:N:done`, `kill:N:recorded`: the process is killed when the
//!   Nth step's intent is written, when it is done but not recorded, when it is recorded
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
    kills: bool,
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
        if self.kills {
            let _ = raise(Signal::SIGKILL);
        }
        Err(Error::new(
            Code::KERNEL,
            format!("a failure was injected at step {}", self.step),
        ))
    }
}

fn parse(text: &str) -> Option<Fault> {
    let mut parts = text.split(':');
    let kills = match parts.next()? {
        "kill" => true,
        "fail" => false,
        _ => return None,
    };
    let step = parts.next()?.parse().ok()?;
    let moment = match parts.next() {
        None | Some("intent") => Moment::Intended,
        Some("done") => Moment::Performed,
        Some("recorded") => Moment::Recorded,
        Some(_) => return None,
    };
    Some(Fault {
        kills,
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
        &fault,
    );
    let _ = std::io::stdout().write_all(outcome.output.as_bytes());
    if outcome.success {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
