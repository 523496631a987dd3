//! `plumbctl path`: which way a packet of a pod takes, by its kernel's own word.

mod rules;
mod ways;

use std::net::IpAddr;

use plumb::kernel::Kernel;
use plumb::operations::Records;
use plumb::policy::Reader;
use plumb_values::text::printable;

use crate::show::whereabouts;
use crate::{Failure, State, pods, print_json};

/// Arguments of `plumbctl path`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// NAMESPACE/NAME, a name alone, a container ID or the beginning of one
    pod: String,
    /// Where the packet goes
    address: IpAddr,
    /// Its source; when left out, none and each address of the pod
    #[arg(long)]
    from: Option<IpAddr>,
    #[command(flatten)]
    state: State,
}

/// Asks for each source, then prints a line for each.
pub fn run(arguments: &Arguments, policy: &Reader) -> Result<(), Failure> {
    let (to, from) = (arguments.address, arguments.from);
    if let Some(from) = from.filter(|from| from.is_ipv4() != to.is_ipv4()) {
        return Err(format!(
            "{from} and {to} are of two families, and no packet has both: give --from an address of the other's"
        )
        .into());
    }
    let pod = pods::find(
        &Records::new(&arguments.state.folder(policy)?),
        &arguments.pod,
    )?;
    let (_, netns) = whereabouts(&pod, &Kernel::open()?)?;
    let Some(netns) = netns else {
        return Err(format!(
            "the network namespace of {pod} is gone, and with it the kernel that knew the way: `plumbctl show {}` \
             shows what the record holds",
            pod.container_id
        )
        .into());
    };
    let ways = ways::ways(netns.socket()?, to, from)?;
    if arguments.state.json {
        return print_json(&ways);
    }
    for way in ways {
        println!("{}", printable(&way.sentence, false));
    }
    Ok(())
}
