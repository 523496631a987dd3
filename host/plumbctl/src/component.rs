//! `plumbctl component`: what a vendor builds, and what an operator has in the store.
//!
//! | for | commands |
//! |---|---|
//! | whoever builds one, as any user | `new`, `bindings`, `build`, `inspect`, `test`, `push` |
//! | whoever is handed one, as any user | `pull` |
//! | whoever runs a node, to look | `list`, `show`, `verify` |
//! | the same, as root | `install`, `grant`, `revoke`, `recompile`, `remove` |

mod bindings;
mod build;
mod cases;
mod declared;
mod diff;
mod grant;
mod grants;
mod inspect;
mod install;
mod list;
mod names;
mod new;
mod project;
mod pull;
mod push;
mod recompile;
mod registry;
mod remove;
mod revoke;
mod show;
mod stage;
mod store;
mod template;
mod test;
mod users;
mod verify;
mod words;

use std::path::PathBuf;

use plumb::policy::Reader;

use crate::Failure;
use store::Store;

/// Commands of `plumbctl component`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Write a project that builds, and passes its tests, as it is
    New(new::Arguments),
    /// Write what a component in another language than Rust calls the contract by
    Bindings(bindings::Arguments),
    /// Build a project: the component in target/NAME.wasm, with its declaration
    Build(build::Arguments),
    /// Say what a component is and wishes, executing nothing of it
    Inspect(inspect::Arguments),
    /// Run a component in the sandbox on nodes and networks that are written down, and compare its plans
    Test(test::Arguments),
    /// Hand a component out by an OCI registry; prints the reference with its digest
    Push(push::Arguments),
    /// Bring a component from an OCI registry; installs nothing
    Pull(pull::Arguments),
    /// Check a component, compile it for this release and install it
    Install(install::Arguments),
    /// List the installed components, and what each may do
    List(list::Arguments),
    /// Show a component: what it is, wishes and may do, and which pods are attached by it
    Show(show::Arguments),
    /// Compare what is installed with what was installed: digests, owners and modes
    Verify(verify::Arguments),
    /// Allow a component to record operations, by their names in the contract
    Grant(grants::Arguments),
    /// Take grants back
    Revoke(grants::Arguments),
    /// Compile installed components for this release, after an upgrade of plumb
    Recompile(recompile::Arguments),
    /// Remove a component; attachments that it made can still be deleted
    Remove(remove::Arguments),
}

/// Runs one of the commands.
pub fn run(folder: Option<PathBuf>, command: Command, policy: &Reader) -> Result<(), Failure> {
    let store = || Store::of(folder, policy);
    match command {
        Command::New(arguments) => new::run(&arguments),
        Command::Bindings(arguments) => bindings::run(arguments),
        Command::Build(arguments) => build::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Push(arguments) => push::run(&arguments),
        Command::Pull(arguments) => pull::run(&arguments),
        Command::Install(arguments) => install::run(&store()?, &arguments),
        Command::List(arguments) => list::run(&store()?, &arguments),
        Command::Show(arguments) => show::run(&store()?, &arguments, policy),
        Command::Verify(arguments) => verify::run(&store()?, &arguments),
        Command::Grant(arguments) => grant::run(&store()?, &arguments),
        Command::Revoke(arguments) => revoke::run(&store()?, &arguments),
        Command::Recompile(arguments) => recompile::run(&store()?, &arguments),
        Command::Remove(arguments) => remove::run(&store()?, &arguments, policy),
    }
}
