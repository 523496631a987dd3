//! Measures plumb beside the plugins it replaces and beside iproute2.
//!
//! Absolute times say little on shared machines. All candidates are measured in one
//! run, taking turns, and what has limits are ratios of medians. To see how much the
//! machine itself makes of nothing, run with `--control`: the peer is then compared
//! with itself, and every ratio should be near 1.
//!
//! Needs root. Works on a private node and leaves nothing behind.

mod candidates;
mod cases;
mod end_state;
mod error;
mod launch;
mod leases;
mod node;
mod report;
mod statistics;
mod store;
mod versions;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use crate::candidates::{Iproute, Plugin, network, pools, ranges};
use crate::cases::Bench;
use crate::error::Error;
use crate::node::Node;
use crate::report::Report;

/// Measure plumb beside containernetworking/plugins and iproute2
#[derive(Debug, Parser)]
struct Arguments {
    /// The plumb executable
    #[arg(long, required_unless_present = "store")]
    plumb: Option<PathBuf>,
    /// Folder with macvlan and host-local
    #[arg(long, default_value = "/usr/lib/cni")]
    peers: PathBuf,
    /// The ip executable of iproute2
    #[arg(long, default_value = "/sbin/ip")]
    ip: PathBuf,
    /// Measured calls of each candidate
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Write all numbers here as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Fail when a figure misses its limit
    #[arg(long)]
    enforce: bool,
    /// Put the peer in plumb's place
    #[arg(long)]
    control: bool,
    /// Measure the lease store alone, in this folder, which is best one in memory
    #[arg(long)]
    store: Option<PathBuf>,
}

fn main() -> ExitCode {
    // A process that `store` measures.
    let words: Vec<String> = std::env::args().collect();
    if let [_, word, folder, what, who] = &words[..]
        && word == "store-call"
    {
        return report(store::call(Path::new(folder), what, who));
    }
    let arguments = Arguments::parse();
    if let Some(folder) = &arguments.store {
        return report(store::measure(folder, arguments.runs.into()));
    }
    match measure(&arguments) {
        Ok(report) if arguments.enforce && report.is_over() => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("plumb-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn report(outcome: Result<(), Error>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("plumb-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> Result<Report, Error> {
    let peers = absolute(&arguments.peers)?;
    let ip = absolute(&arguments.ip)?;
    let peer = Plugin {
        label: "macvlan + host-local",
        program: peers.join("macvlan"),
        folder: peers.clone(),

        arguments: Vec::new(),
        configuration: network("bench", ranges(1)),
    };
    let plumb = if arguments.control {
        Plugin {
            label: "control",
            configuration: network("control", ranges(1)),
            ..peer.clone()
        }
    } else {
        let program = absolute(arguments.plumb.as_deref().unwrap_or(Path::new("plumb")))?;
        let folder = program.parent().unwrap_or(Path::new("/")).to_owned();
        Plugin {
            label: "plumb",
            program,
            folder,
            arguments: Vec::new(),
            configuration: network("bench", pools(1)),
        }
    };
    let mut report = Report::new(
        arguments.runs.into(),
        &[
            (plumb.program.clone(), &["--version"]),
            (peer.program.clone(), &[]),
            (peers.join("host-local"), &[]),
            (ip.clone(), &["-V"]),
        ],
    )?;
    let bench = Bench {
        node: Node::enter(&ip)?,
        plumb,
        peer,
        iproute: Iproute::new(&ip),
        runs: arguments.runs.into(),
        plumb_ipam: if arguments.control { ranges } else { pools },
        peer_ipam: ranges,
    };

    // Peak memory is read here, before this process has grown: see `memory_floor`.
    bench.life(&mut report)?;
    bench.version(&mut report)?;
    bench.dual_stack(&mut report)?;
    bench.parallel(&mut report)?;
    if !arguments.control {
        bench.growth(&mut report)?;
        bench.components(&mut report)?;
        bench.size(&mut report)?;
    }

    print!("{report}");
    if let Some(path) = &arguments.json {
        report.write(path)?;
    }
    Ok(report)
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    path.canonicalize()
        .map_err(Error::system(format!("find {path:?}")))
}
