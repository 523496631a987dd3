//! `plumbctl leases`: who holds which address.

use std::time::Duration;

use plumb::leases::Leases;
use plumb::policy::Reader;
use plumb::recovery::NodeLeases;
use plumb::trace::Trace;
use plumb_values::Utc;
use serde_json::json;

use crate::{Failure, State, print_json};

/// Arguments of `plumbctl leases`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    state: State,
}

/// Lists the leases by space and address. A store that is not there has none; a damaged one is made again.
pub fn run(arguments: &Arguments, policy: &Reader) -> Result<(), Failure> {
    let (state, trace) = (arguments.state.folder(policy)?, Trace::early());
    let leases = NodeLeases::new(&state, &trace).leases()?;
    if arguments.state.json {
        let items: Vec<_> = leases
            .iter()
            .map(|lease| {
                json!({
                    "address": lease.address,
                    "pool": lease.pool,
                    "space": lease.space,
                    "network": lease.owner.network,
                    "containerID": lease.owner.container_id,
                    "ifname": lease.owner.interface_name,
                    "pod": lease.pod,
                    "since": Utc(Duration::from_secs(lease.since)).to_string(),
                })
            })
            .collect();
        return print_json(&items);
    }
    for lease in leases {
        let pod = lease
            .pod
            .as_ref()
            .map_or_else(String::new, |pod| format!("  pod {pod}"));
        println!(
            "{}  pool {}  {}/{}/{}  since {}{pod}",
            lease.address,
            lease.pool,
            lease.owner.network,
            lease.owner.container_id,
            lease.owner.interface_name,
            Utc(Duration::from_secs(lease.since)),
        );
    }
    Ok(())
}
