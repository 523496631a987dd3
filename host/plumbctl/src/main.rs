//! plumbctl: the operator's tool. It looks, explains and installs; it attaches nothing.

mod attachments;
mod components;
mod functions;
mod install;
mod leases;
mod plan;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// What plumb holds on this node, and what it would do.
#[derive(Debug, Parser)]
#[command(name = "plumbctl", version, about, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  plumbctl plan rail0.conflist                         what ADD would do here, touching nothing
  plumbctl plan rail0.conflist --facts node.json       the same for a machine written down in a file
  plumbctl attachments                                 which pods are attached, and what was done for each
  plumbctl functions                                   which pod has which virtual function
  plumbctl leases --json                               which addresses are held, by whom, since when
  plumbctl install --bin-dir /opt/cni/bin              plumb and the names it answers to
  plumbctl component install acme.wasm --name acme     a vendor's component, compiled for this release
  plumbctl component grant acme create-macvlan set-up  what it may do";

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what ADD would do with a configuration, without doing it
    Plan(plan::Arguments),
    /// List the attachments of this node
    Attachments(attachments::Arguments),
    /// List the PCI functions that pods have, and what they were like before
    Functions(functions::Arguments),
    /// List the addresses that are held on this node
    Leases(leases::Arguments),
    /// Install plumb and the names that it answers to
    Install(install::Arguments),
    /// Install, list, grant and remove vendor components
    Component {
        /// Where components are installed; `componentFolder` of configurations
        #[arg(long, default_value = "/var/lib/plumb/components", global = true)]
        folder: PathBuf,
        #[command(subcommand)]
        command: components::Command,
    },
}

/// Where the state of a node is.
#[derive(Debug, Args)]
struct State {
    /// The state folder; `stateFolder` of configurations
    #[arg(long, default_value = "/run/plumb")]
    state_folder: PathBuf,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// What a command says when it fails: one sentence.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Attachments(arguments) => attachments::run(&arguments),
        Command::Functions(arguments) => functions::run(&arguments),
        Command::Leases(arguments) => leases::run(&arguments),
        Command::Install(arguments) => install::run(&arguments),
        Command::Component { folder, command } => components::run(&folder, command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("plumbctl: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a value as JSON.
fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}
