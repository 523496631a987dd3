//! A storm of kills, for as long as one likes: attachments of several pods on one node are made, compared and removed at
//! the same time, and a part of the calls dies by SIGKILL at any moment. After each round the pods are removed as
//! kubelet would, or vanish; then the node must be as it was.
//!
//! ```text
//! plumb-soak [--minutes 10] [--seed N]
//! ```

mod storm;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use plumb_tests::dice::Dice;
use storm::Storm;

fn main() -> ExitCode {
    let mut minutes = 10;
    let mut seed = std::process::id().into();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().and_then(|value| value.parse::<u64>().ok());
        match (argument.as_str(), value) {
            ("--minutes", Some(value)) => minutes = value,
            ("--seed", Some(value)) => seed = value,
            _ => {
                eprintln!("usage: plumb-soak [--minutes 10] [--seed N]");
                return ExitCode::FAILURE;
            }
        }
    }
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    let mut storm = Storm::new(Dice::new(seed));
    println!("seed {seed}, {minutes} min");
    let mut said = Instant::now();
    while storm.rounds == 0 || Instant::now() < end {
        if let Err(difference) = storm.round() {
            eprintln!(
                "round {}, seed {seed}: the node is not as it was\n{difference}",
                storm.rounds
            );
            return ExitCode::FAILURE;
        }
        if said.elapsed() > Duration::from_secs(60) {
            println!("{storm}");
            said = Instant::now();
        }
    }
    println!("{storm}; nothing is left");
    match storm.kills {
        0 => {
            eprintln!("no call was killed: this was no storm");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
