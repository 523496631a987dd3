//! `plumbctl leases`: who holds which address.

use std::time::Duration;

use plumb::leases::{Lease, Leases};
use plumb::policy::Reader;
use plumb::recovery::NodeLeases;
use plumb::trace::Trace;
use plumb_values::Utc;
use serde_json::{Value, json};

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
        let items: Vec<_> = leases.iter().map(as_json).collect();
        return print_json(&items);
    }
    for lease in leases {
        if let Some(hardware_address) = lease.in_use_by() {
            println!(
                "{}  pool {}  set aside until {}: {hardware_address} answers for it",
                lease.address,
                lease.pool,
                Utc(Duration::from_secs(lease.set_aside_until())),
            );
            continue;
        }
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

fn as_json(lease: &Lease) -> Value {
    let since = Utc(Duration::from_secs(lease.since)).to_string();
    let (address, pool, space) = (lease.address, &lease.pool, &lease.space);
    if let Some(hardware_address) = lease.in_use_by() {
        let until = Utc(Duration::from_secs(lease.set_aside_until())).to_string();
        return json!({
            "address": address, "pool": pool, "space": space, "since": since,
            "inUseBy": hardware_address, "until": until,
        });
    }
    json!({
        "address": address,
        "pool": pool,
        "space": space,
        "network": lease.owner.network,
        "containerID": lease.owner.container_id,
        "ifname": lease.owner.interface_name,
        "pod": lease.pod,
        "since": since,
    })
}
