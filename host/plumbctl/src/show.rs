//! `plumbctl show`: a pod with its interfaces down to the adapters, as the record and the kernel have them.

mod addresses;
mod compare_link;
mod function;
mod gather;
mod interfaces;
mod model;
mod namespace;
mod parent;
mod places;
mod recorded;
mod routing;
#[cfg(test)]
mod samples;
mod svg;
mod text;

pub use gather::whereabouts;

use plumb::operations::Records;
use plumb::policy::Reader;

use crate::{Failure, State, pods, print_json};

/// Arguments of `plumbctl show`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// NAMESPACE/NAME, a name alone, a container ID or the beginning of one
    pod: String,
    #[command(flatten)]
    state: State,
    /// Print a picture (SVG) instead of text
    #[arg(long, conflicts_with = "json")]
    svg: bool,
}

/// Gathers everything, then prints it in one of three ways.
pub fn run(arguments: &Arguments, policy: &Reader) -> Result<(), Failure> {
    let state = arguments.state.folder(policy)?;
    let pod = pods::find(&Records::new(&state), &arguments.pod)?;
    let shown = gather::gather(&pod, &state)?;
    if arguments.state.json {
        return print_json(&shown);
    }
    match arguments.svg {
        true => print!("{}", svg::picture(&shown)),
        false => print!("{}", text::tree(&shown)),
    }
    Ok(())
}
