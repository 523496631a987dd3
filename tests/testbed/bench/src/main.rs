//! Measures the hardware flavours beside shell scripts that make the same end state by the
//! same steps, with ip(8), rdma(8) and sysfs.
//!
//! Absolute times say little: the machine is emulated. Both sides are measured in one run,
//! taking turns, and what has limits are ratios of medians.

mod candidate;
mod case;
mod launch;
mod measure;
mod programs;
mod report;
mod statistics;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::case::Case;
use crate::report::{Comparison, Report};

/// Measure the hardware flavours; inside tests/testbed/run
#[derive(Debug, Parser)]
struct Arguments {
    /// The plumb executable
    #[arg(long)]
    plumb: PathBuf,
    /// Measured calls of each side
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let results = std::env::var_os("PLUMB_BED_RESULTS").map(PathBuf::from);
    programs::commands_into_memory();
    let plumb = programs::plumb(&arguments.plumb);
    let runs = arguments.runs.into();
    let comparisons = Case::ALL
        .iter()
        .flat_map(|case| measure::measure(case, &plumb, runs, results.as_deref()))
        .collect();
    let report = Report::new(runs, comparisons);

    print!("{report}");
    if let Some(folder) = results {
        let path = folder.join("bench.json");
        let text = serde_json::to_string_pretty(&report).expect("a report is plain JSON");
        fs::write(&path, text + "\n")
            .unwrap_or_else(|error| panic!("write {}: {error}", path.display()));
    }
    if report.comparisons.iter().any(Comparison::is_over) {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
