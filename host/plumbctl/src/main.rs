//! plumbctl: the operator's tool. It looks, explains and installs; it attaches nothing.

mod attachments;
mod compile;
mod component;
mod conform;
mod doctor;
mod facts;
mod functions;
mod install;
mod leases;
mod path;
mod plan;
mod pods;
mod policy;
mod pools;
mod render;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use nix::sys::signal::{SigHandler, Signal, signal};
use plumb::policy::Reader;
use plumb::state::StateFolder;

/// What plumb holds on this node, and what it would do.
#[derive(Debug, Parser)]
#[command(name = "plumbctl", version, about, after_help = EXAMPLES)]
struct Arguments {
    /// The node's policy; /etc/plumb/plumb.toml when left out
    // Before the command, as of plumb itself: behind it, it may be a word of the command's.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  plumbctl plan rail0.conflist                         what ADD would do here, touching nothing
  plumbctl plan rail0.conflist --facts node.json       the same for a machine written down in a file
  plumbctl facts > node.json                           such a file of this machine
  plumbctl policy                                      what networks may use of this node
  plumbctl policy rail0.conflist                       whether this one keeps to it
  plumbctl attachments                                 which pods are attached, and what was done for each
  plumbctl show team-a/trainer-0                       a pod's interfaces down to the adapters, beside what was recorded
  plumbctl show team-a/trainer-0 --svg > pod.svg       the same as a picture
  plumbctl path team-a/trainer-0 172.16.21.7           which way a packet takes, by which table and rule
  plumbctl functions                                   which pod has which virtual function
  plumbctl leases --json                               which addresses are held, by whom, since when
  plumbctl pools                                       which pools can be used, why the others cannot, how full they are
  plumbctl doctor                                      what is wrong on this node, and what to do
  plumbctl render networks.yaml                        the NetworkAttachmentDefinitions of SpiderMultusConfigs
  plumbctl install --bin-dir /opt/cni/bin              plumb and the names it answers to
  plumbctl component new acme --flavour                a project for a network of your own; then build and test it
  plumbctl component pull registry.example/acme:1.2.0  a vendor's component, from an OCI registry
  plumbctl component install acme.wasm --name acme     a vendor's component, compiled for this release
  plumbctl component grant acme create-macvlan set-up  what it may do
  plumbctl component show acme                         what it is, wishes and may do, and who uses it
  plumbctl component recompile --all                   after an upgrade of plumb
  plumbctl conform acme.wasm --cases cases             what is wrong with it, before anybody installs it";

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what ADD would do with a configuration, without doing it
    Plan(plan::Arguments),
    /// Write this machine's devices down, for plans that are made elsewhere
    Facts(facts::Arguments),
    /// Show what the node's administrator allows, or what of a configuration would be refused
    Policy(policy::Arguments),
    /// List the attachments of this node
    Attachments(attachments::Arguments),
    /// Show a pod's interfaces, their tables, gateways and adapters, as recorded and as the kernel has them
    Show(show::Arguments),
    /// Show which way a packet of a pod takes to an address, and which rule decides that
    Path(path::Arguments),
    /// List the PCI functions that pods have, and what they were like before
    Functions(functions::Arguments),
    /// List the addresses that are held on this node
    Leases(leases::Arguments),
    /// List the pools of this node: which can be used, why the others cannot, how full they are
    Pools(pools::Arguments),
    /// Say what is wrong on this node, in the order in which to mend it
    Doctor(doctor::Arguments),
    /// Print the NetworkAttachmentDefinitions that SpiderMultusConfigs come to, without a cluster
    Render(render::Arguments),
    /// Install plumb and the names that it answers to
    Install(install::Arguments),
    /// Judge a component, built in or not installed yet: case by case, on described nodes and on a private one
    Conform(conform::Arguments),
    /// Build, try, install and look after vendors' components
    Component {
        /// Where components are installed; the policy's folder when left out
        #[arg(long, global = true)]
        folder: Option<PathBuf>,
        #[command(subcommand)]
        command: component::Command,
    },
}

/// Where the state of a node is.
#[derive(Debug, Args)]
struct State {
    /// The state folder; the policy's when left out
    #[arg(long)]
    state_folder: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

impl State {
    fn folder(&self, policy: &Reader) -> Result<StateFolder, Failure> {
        Ok(match &self.state_folder {
            Some(folder) => StateFolder::new(folder),
            None => StateFolder::new(&policy.read_for_removal()?.folders.state),
        })
    }
}

/// What a command says when it fails: one sentence.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    end_with_the_reader();
    let code = run(Arguments::parse()).unwrap_or_else(|failure| {
        eprintln!("plumbctl: {failure}");
        ExitCode::FAILURE
    });
    // No process of a component outlives the command: whoever copies over plumbctl then would find it in use.
    plumb::components::wall::reap();
    code
}

fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let policy = &Reader {
        file: arguments.policy,
    };
    match arguments.command {
        Command::Plan(arguments) => plan::run(&arguments, policy),
        Command::Facts(arguments) => facts::run(&arguments),
        Command::Policy(arguments) => policy::run(arguments, policy),
        Command::Attachments(arguments) => attachments::run(&arguments, policy),
        Command::Show(arguments) => show::run(&arguments, policy),
        Command::Path(arguments) => path::run(&arguments, policy),
        Command::Functions(arguments) => functions::run(&arguments, policy),
        Command::Leases(arguments) => leases::run(&arguments, policy),
        Command::Pools(arguments) => pools::run(&arguments, policy),
        Command::Doctor(arguments) => doctor::run(&arguments, policy),
        Command::Render(arguments) => render::run(&arguments),
        Command::Install(arguments) => install::run(&arguments),
        Command::Conform(arguments) => return conform::run(&arguments),
        Command::Component { folder, command } => component::run(folder, command, policy),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Has the signal end plumbctl when nobody reads any more what it prints (`plumbctl leases | head`), as it ends other
/// tools. A program in Rust begins with the signal ignored, and then a line that cannot be printed is a panic.
fn end_with_the_reader() {
    // SAFETY: it is the default action, so no code runs in a signal's context, and nothing else has been set before.
    let _ = unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) };
}

/// Prints a value as JSON.
fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}
