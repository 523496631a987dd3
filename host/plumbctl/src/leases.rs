//! `plumbctl leases`: who holds which address.

use std::time::Duration;

use plumb::leases::{HeldRange, Lease, Leases};
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
    /// Only what this node holds of pools that the nodes of a cluster share
    #[arg(long)]
    held: bool,
}

/// Lists the leases by space and address, and then what the node holds of pools that are shared. A store that is not there
/// has none; a damaged one is made again.
pub fn run(arguments: &Arguments, policy: &Reader) -> Result<(), Failure> {
    let (state, trace) = (arguments.state.folder(policy)?, Trace::early());
    let store = NodeLeases::new(&state, &trace);
    let held = store.all_held()?;
    if arguments.held {
        if arguments.state.json {
            let items: Vec<_> = held.iter().map(held_as_json).collect();
            return print_json(&items);
        }
        print_held(&held);
        return Ok(());
    }
    let leases = store.leases()?;
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
    print_held(&held);
    Ok(())
}

fn print_held(held: &[HeldRange]) {
    for (space, (first, last)) in held {
        let space = match space.as_str() {
            "" => String::new(),
            space => format!(" on {space}"),
        };
        println!("{first}-{last}  held by this node of what the cluster shares{space}");
    }
}

fn held_as_json((space, (first, last)): &HeldRange) -> Value {
    json!({"space": space, "first": first, "last": last})
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
