//! `plumbctl functions`: which pod has which PCI function or scalable function, what it was like before, and of which nobody
//! knows that.

use plumb::functions::{Hold, Holds, Unclean};
use plumb::kernel::Sysfs;
use plumb::operations::Records;
use plumb::policy::Reader;
use plumb_values::DeviceId;
use serde_json::{Value, json};

use crate::{Failure, State, print_json};

/// Arguments of `plumbctl functions`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    state: State,
    /// Take this function for a clean one from now on: somebody has looked at it.
    #[arg(long, value_name = "FUNCTION")]
    clean: Option<String>,
}

/// Lists the functions that are held, by address, and those that are not clean.
pub fn run(arguments: &Arguments, policy: &Reader) -> Result<(), Failure> {
    let state = arguments.state.folder(policy)?;
    let holds = Holds::new(&state);
    if let Some(function) = &arguments.clean {
        return clean(function, &holds);
    }
    let records = Records::new(&state);
    let held: Vec<_> = holds
        .list()?
        .into_iter()
        .map(|(address, hold)| {
            let is_attached = records.has(&hold.owner)?;
            Ok((address, hold, is_attached))
        })
        .collect::<Result<_, plumb::state::Error>>()?;
    let unclean = holds.all_unclean(&Sysfs::host())?;
    if arguments.state.json {
        let items = held
            .iter()
            .map(|(address, hold, is_attached)| as_json(address, hold, *is_attached));
        let marks = unclean.iter().map(mark_as_json);
        return print_json(&items.chain(marks).collect::<Vec<_>>());
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
    for (address, mark) in unclean {
        println!("{address}  not clean");
        println!("    not known: {}", mark.unknown);
    }
    Ok(())
}

/// Takes the mark off.
fn clean(function: &str, holds: &Holds) -> Result<(), Failure> {
    let id = function.parse::<DeviceId>();
    let id = id.map_err(|error| format!("{function:?} {error}"))?;
    Ok(holds.take_for_clean(&id.to_string())?)
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

fn mark_as_json((address, mark): &(String, Unclean)) -> Value {
    json!({"address": address, "clean": false, "unknown": mark.unknown})
}
