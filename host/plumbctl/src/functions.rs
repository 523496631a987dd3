//! `plumbctl functions`: which pod has which PCI function, and what it was like before.

use plumb::functions::{Hold, Holds};
use plumb::operations::Records;
use plumb::policy::Reader;
use serde_json::{Value, json};

use crate::{Failure, State, print_json};

/// Arguments of `plumbctl functions`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    state: State,
}

/// Lists the functions that are held, by address.
pub fn run(arguments: &Arguments, policy: &Reader) -> Result<(), Failure> {
    let state = arguments.state.folder(policy)?;
    let records = Records::new(&state);
    let held: Vec<_> = Holds::new(&state)
        .list()?
        .into_iter()
        .map(|(address, hold)| {
            let is_attached = records.has(&hold.owner)?;
            Ok((address, hold, is_attached))
        })
        .collect::<Result<_, plumb::state::Error>>()?;
    if arguments.state.json {
        let items: Vec<_> = held
            .iter()
            .map(|(address, hold, is_attached)| as_json(address, hold, *is_attached))
            .collect();
        return print_json(&items);
    }
    for (address, hold, is_attached) in held {
        // Its DEL could not restore it yet, or its record was lost.
        let condition = match is_attached {
            true => "",
            false => "  waits to be restored",
        };
        println!("{address}  {}{condition}", hold.owner);
        println!("    netns {}", hold.netns.path.display());
        println!("    was   {}", before(&hold));
    }
    Ok(())
}

/// What the function was like, in one line.
fn before(hold: &Hold) -> String {
    let original = &hold.original;
    let mut parts = vec![
        original
            .driver
            .clone()
            .unwrap_or_else(|| "no driver".into()),
    ];
    parts.extend(
        original
            .link
            .as_ref()
            .map(|link| format!("{} mtu {}", link.name, link.mtu)),
    );
    parts.extend(original.rdma_devices.iter().cloned());
    let number = original.number.unwrap_or_default();
    let settings = original.settings.changes(number);
    parts.extend(settings.iter().map(ToString::to_string));
    parts.join(", ")
}

fn as_json(address: &str, hold: &Hold, is_attached: bool) -> Value {
    json!({
        "address": address,
        "network": hold.owner.network,
        "containerID": hold.owner.container_id,
        "ifname": hold.owner.interface_name,
        "netns": hold.netns.path,
        "attached": is_attached,
        "original": hold.original,
    })
}
