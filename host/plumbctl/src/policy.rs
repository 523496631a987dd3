//! `plumbctl policy`: what the node's administrator allows networks, and whether a configuration keeps to it.

use std::fmt::Display;
use std::path::PathBuf;

use plumb::policy::{Policy, Profile, Reader, Wire};
use serde_json::json;

use crate::{Failure, plan, print_json};

/// Arguments of `plumbctl policy`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A network configuration or a conflist, to see what of it would be refused; - for standard input
    configuration: Option<PathBuf>,
    /// The machine's devices from a file instead of from this machine
    #[arg(long)]
    facts: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// Prints the policy, or what it says of a configuration.
pub fn run(arguments: Arguments, reader: &Reader) -> Result<(), Failure> {
    let policy = reader.read()?;
    match arguments.configuration {
        Some(configuration) => {
            plan::check(configuration, arguments.facts, reader)?;
            match &policy.file {
                None => println!("allowed: there is no {}", policy.place()),
                Some(file) => println!("allowed by {}", file.display()),
            }
            Ok(())
        }
        None if arguments.json => print_json(&as_json(&policy)),
        None => {
            print(&policy);
            Ok(())
        }
    }
}

fn print(policy: &Policy) {
    match &policy.file {
        None => println!(
            "there is no {}: folders and log are fixed, and networks may use what the replaced plugins let them use",
            policy.place()
        ),
        Some(file) => println!("{}, profile {}", file.display(), profile(policy)),
    }
    for (name, value) in rows(policy) {
        println!("  {name:<28} {value}");
    }
}

fn profile(policy: &Policy) -> &'static str {
    match policy.profile {
        Profile::Compatible => "compatible",
        Profile::Shared => "shared",
    }
}

/// Every key of the file, and what holds for it.
fn rows(policy: &Policy) -> Vec<(&'static str, String)> {
    let (folders, log, networks) = (&policy.folders, &policy.log, &policy.networks);
    let text = |text: &Option<String>, otherwise: &str| text.clone().unwrap_or(otherwise.into());
    let chosen = match folders.chosen_by_networks {
        true => "true: a network decides where root writes, and what root runs",
        false => "false",
    };
    let level = match log.level {
        Some(level) => level.name(),
        None => "warning, and up to debug where a network asks for it",
    };
    vec![
        (
            "node",
            text(&policy.node, "NODE_NAME, else the host's name"),
        ),
        (
            "agent",
            match &policy.agent {
                Some(socket) => socket.display().to_string(),
                None => format!("{}, if it is there", policy.agent_socket().display()),
            },
        ),
        ("needs-pod-choice", policy.needs_pod_choice.to_string()),
        ("folders.state", folders.state.display().to_string()),
        (
            "folders.components",
            folders.components.display().to_string(),
        ),
        ("folders.pools", folders.pools.display().to_string()),
        ("folders.pods", folders.pods.display().to_string()),
        ("folders.log", folders.log.display().to_string()),
        (
            "folders.device-info",
            folders.device_info.display().to_string(),
        ),
        ("folders.kubelet", folders.kubelet.display().to_string()),
        ("folders.chosen-by-networks", chosen.into()),
        ("log.level", level.into()),
        ("log.file", text(&log.file, "standard error")),
        ("log.size-limit", format!("{} bytes", log.size_limit)),
        ("networks.parents", list(&networks.parents, policy)),
        ("networks.functions", list(&networks.functions, policy)),
        ("networks.flavours", list(&networks.flavours, policy)),
        ("networks.ipam", list(&networks.ipam, policy)),
        ("wires", wires(policy)),
        ("cluster-networks", cluster_networks(policy)),
        (
            "networks.address-space",
            list(&networks.address_space, policy),
        ),
    ]
}

fn cluster_networks(policy: &Policy) -> String {
    match policy.cluster_networks.as_slice() {
        [] => "those that a network names itself".into(),
        networks => networks
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn wires(policy: &Policy) -> String {
    let text = |wire: &Wire| {
        let parents: Vec<_> = wire.parents.iter().map(ToString::to_string).collect();
        format!("{} ({})", wire.name, parents.join(", "))
    };
    match policy.wires.as_slice() {
        [] => "one: no address is given to two pods of the node".into(),
        wires => wires.iter().map(text).collect::<Vec<_>>().join(", "),
    }
}

fn list<T: Display>(names: &Option<Vec<T>>, policy: &Policy) -> String {
    match names {
        Some(names) if names.is_empty() => "nothing".into(),
        Some(names) => names
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
        None => match policy.profile {
            Profile::Compatible => "everything".into(),
            Profile::Shared => "nothing: profile shared, and the file does not say".into(),
        },
    }
}

fn as_json(policy: &Policy) -> serde_json::Value {
    let rows: serde_json::Map<_, _> = rows(policy)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    json!({"file": policy.file, "profile": profile(policy), "holds": rows})
}
