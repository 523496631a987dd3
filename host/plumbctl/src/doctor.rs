//! `plumbctl doctor`: what is wrong on this node, in the order in which to mend it.
//!
//! It looks and changes nothing, needs no cluster, and without root says what it could not look at. Each check is a file:
//! a function from the [`Node`] to its [`Finding`]s, which are lines.

mod adapters;
mod agent;
mod clock;
mod configurations;
mod finding;
mod functions;
mod installation;
mod kubelet;
mod leases;
mod log;
mod modules;
mod mtu;
mod node;
mod numa;
mod policy;
mod pools;
mod ports;
mod rdma;
mod records;
mod room;
mod state;

use std::path::PathBuf;

use plumb::kernel::Sysfs;
use plumb::policy::Reader;
use plumb::state::StateFolder;
use plumb_values::text::printable;
use serde_json::json;

use crate::{Failure, print_json};
use finding::{Finding, Verdict};
use node::Node;

/// Arguments of `plumbctl doctor`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where runtimes look for plugins
    #[arg(long, default_value = "/opt/cni/bin")]
    bin_dir: PathBuf,
    /// Where runtimes look for network configurations
    #[arg(long, default_value = "/etc/cni/net.d")]
    configuration_dir: PathBuf,
    /// The node's sysfs
    #[arg(long, default_value = "/sys")]
    sysfs: PathBuf,
    /// Where the kernel's modules are, in a folder of its release
    #[arg(long, default_value = "/lib/modules")]
    modules: PathBuf,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// A check: its name, and what it finds.
type Check = (&'static str, fn(&Node) -> Vec<Finding>);

/// In the order in which to mend: what a later one finds may come of an earlier one.
const CHECKS: [Check; 18] = [
    ("installation", installation::look),
    ("configurations", configurations::look),
    ("policy", policy::look),
    ("state", state::look),
    ("leases", leases::look),
    ("records", records::look),
    ("modules", modules::look),
    ("rdma", rdma::look),
    ("ports", ports::look),
    ("mtu", mtu::look),
    ("adapters", adapters::look),
    ("functions", functions::look),
    ("numa", numa::look),
    ("kubelet", kubelet::look),
    ("pools", pools::look),
    ("log", log::look),
    ("agent", agent::look),
    ("clock", clock::look),
];

/// Prints a line for each finding, and fails where something is wrong.
pub fn run(arguments: &Arguments, reader: &Reader) -> Result<(), Failure> {
    let policy = reader.read_for_removal().unwrap_or_default();
    let node = Node {
        reader: reader.clone(),
        state: StateFolder::new(&policy.folders.state),
        policy,
        plugins: arguments.bin_dir.clone(),
        configurations: arguments.configuration_dir.clone(),
        modules: arguments.modules.clone(),
        sysfs: Sysfs::at(arguments.sysfs.clone()),
    };
    let findings: Vec<_> = CHECKS
        .iter()
        .flat_map(|(name, look)| look(&node).into_iter().map(move |finding| (*name, finding)))
        .collect();
    if arguments.json {
        let items: Vec<_> = findings.iter().map(as_json).collect();
        print_json(&items)?;
    } else {
        findings.iter().for_each(print);
    }
    let wrong = findings
        .iter()
        .filter(|(_, finding)| finding.verdict == Verdict::Wrong);
    match wrong.count() {
        0 => Ok(()),
        1 => Err("one thing is wrong on this node".into()),
        number => {
            Err(format!("{number} things are wrong on this node: mend the first one first").into())
        }
    }
}

/// Names of pods, networks and files are whatever somebody called them.
fn print((check, finding): &(&str, Finding)) {
    let verdict = finding.verdict.word();
    let line = match &finding.remedy {
        Some(remedy) => format!("{}: {}; {remedy}", finding.object, finding.says),
        None => format!("{}: {}", finding.object, finding.says),
    };
    println!("{verdict:<5}  {check:<14}  {}", printable(&line, false));
}

fn as_json((check, finding): &(&str, Finding)) -> serde_json::Value {
    json!({
        "verdict": finding.verdict.word(),
        "check": check,
        "object": finding.object,
        "says": finding.says,
        "remedy": finding.remedy,
    })
}
