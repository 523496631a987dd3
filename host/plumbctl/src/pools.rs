//! `plumbctl pools`: which pools of the node's folder can be used, why the others cannot, and how full they are.

use std::path::{Path, PathBuf};

use plumb::leases::{Leases, Usage};
use plumb::policy::{Policy, Reader};
use plumb::pools::{self, Folder, LeftOut, NetworkName, Pool};
use plumb::recovery::NodeLeases;
use plumb::state::StateFolder;
use plumb::trace::Trace;
use serde_json::{Value, json};

use crate::{Failure, print_json};

/// Arguments of `plumbctl pools`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A folder of pools; the policy's when left out
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// Lists the pools by file, those that nobody gets an address of last.
pub fn run(arguments: &Arguments, policy: &Reader) -> Result<(), Failure> {
    let policy = policy.read()?;
    let path = arguments.folder.as_ref().unwrap_or(&policy.folders.pools);
    let set = pools::folder(Folder {
        path,
        key: "folders.pools",
    })?;
    let (state, trace) = (StateFolder::new(&policy.folders.state), Trace::early());
    let leases = NodeLeases::new(&state, &trace);
    let node = policy.node_name(std::env::var("NODE_NAME").ok().as_deref());
    let mut rows = Vec::new();
    for pool in &set.pools {
        rows.push(Row::of(pool, usages(pool, &policy, &leases)?, &node));
    }
    rows.extend(set.left_out.iter().map(Row::of_left_out));
    if arguments.json {
        return print_json(&rows.iter().map(Row::as_json).collect::<Vec<_>>());
    }
    rows.iter().for_each(Row::print);
    Ok(())
}

/// How full a pool is on each wire.
fn usages(
    pool: &Pool,
    policy: &Policy,
    leases: &dyn Leases,
) -> Result<Vec<(String, Usage)>, Failure> {
    let ranges: Vec<_> = pool
        .usable()
        .iter()
        .map(|range| (range.first, range.last))
        .collect();
    let spaces = policy.spaces().into_iter();
    spaces
        .map(|space| {
            let usage = leases.usage(&space, &ranges)?;
            Ok((space, usage))
        })
        .collect()
}

/// What is shown of a pool.
struct Row<'a> {
    name: Option<&'a str>,
    file: Option<&'a Path>,
    pool: Option<&'a Pool>,
    /// Why no pod of this node gets an address of it.
    reason: Option<String>,
    usages: Vec<(String, Usage)>,
}

impl<'a> Row<'a> {
    fn of(pool: &'a Pool, usages: Vec<(String, Usage)>, node: &str) -> Self {
        let is_here = |name: &String| name.eq_ignore_ascii_case(node);
        let reason = if pool.disabled {
            Some("it is disabled".to_owned())
        } else if let Some(reason) = &pool.unusable {
            Some(reason.clone())
        } else if !pool.nodes.is_empty() && !pool.nodes.iter().any(is_here) {
            Some(format!(
                "it is for the nodes {}, and this one is {node:?}",
                pool.nodes.join(", ")
            ))
        } else if pool.usable().is_empty() {
            Some("all of its addresses are excluded".to_owned())
        } else {
            None
        };
        Self {
            name: Some(&pool.name),
            file: pool.file.as_deref(),
            pool: Some(pool),
            reason,
            usages,
        }
    }

    fn of_left_out(left_out: &'a LeftOut) -> Self {
        Self {
            name: left_out.name.as_deref(),
            file: left_out.file.as_deref(),
            pool: None,
            reason: Some(left_out.error.to_string()),
            usages: Vec::new(),
        }
    }

    /// Addresses that this node holds of a pool that nodes share, and those of them that are free, on all wires.
    fn held(&self) -> Option<(u128, u128)> {
        self.pool.filter(|pool| pool.shared)?;
        let usages = self.usages.iter().map(|(_, usage)| usage);
        Some(usages.fold((0, 0), |(held, free), usage| {
            (held + usage.held, free + usage.held - usage.held_taken)
        }))
    }

    /// Addresses that are taken and that are free, of the wire that has the fewest left.
    fn taken(&self) -> (u128, u128) {
        let usages = self.usages.iter().map(|(_, usage)| usage);
        let fullest = usages.max_by_key(|usage| usage.taken);
        fullest.map_or((0, 0), |usage| (usage.taken, free(usage)))
    }

    fn as_json(&self) -> Value {
        let (taken, left) = self.taken();
        let left = self.held().map_or(left, |(_, free)| free);
        let number = |number: u128| u64::try_from(number).unwrap_or(u64::MAX);
        let networks = |pool: &Pool| {
            pool.networks
                .iter()
                .map(NetworkName::to_string)
                .collect::<Vec<_>>()
        };
        let wires: Vec<_> = self
            .usages
            .iter()
            .map(|(space, usage)| {
                json!({
                    "space": space, "taken": number(usage.taken), "free": number(free(usage)),
                    "held": number(usage.held), "heldFree": number(usage.held - usage.held_taken),
                })
            })
            .collect();
        json!({
            "name": self.name,
            "file": self.file,
            "usable": self.reason.is_none(),
            "reason": self.reason,
            "subnet": self.pool.map(|pool| pool.subnet.to_string()),
            "default": self.pool.map(|pool| pool.is_default),
            "namespaces": self.pool.map(|pool| &pool.namespaces),
            "networks": self.pool.map(networks),
            "shared": self.pool.map(|pool| pool.shared),
            "podAffinity": self.pool.map(|pool| pool.by_pod_affinity),
            "held": self.held().map(|(held, _)| number(held)),
            "taken": self.pool.map(|_| number(taken)),
            "free": self.pool.map(|_| number(left)),
            "spaces": wires,
        })
    }

    fn print(&self) {
        let name = self.name.unwrap_or("-");
        let file = self
            .file
            .map_or_else(String::new, |file| format!("  {}", file.display()));
        let subnet = self
            .pool
            .map_or_else(String::new, |pool| format!("  {}", pool.subnet));
        match &self.reason {
            Some(reason) => println!("{name}{subnet}{file}  NOT USABLE: {reason}"),
            None => {
                let (taken, free) = self.taken();
                let of_pods = match self.pool {
                    Some(pool) if pool.by_pod_affinity => ", for some pods only",
                    _ => "",
                };
                match self.held() {
                    None => println!("{name}{subnet}{file}  {taken} taken, {free} free{of_pods}"),
                    Some((held, free)) => println!(
                        "{name}{subnet}{file}  shared by the cluster{of_pods}: this node holds {held} addresses, {taken} \
                         taken, {free} free"
                    ),
                }
            }
        }
    }
}

fn free(usage: &Usage) -> u128 {
    usage.size.saturating_sub(usage.taken)
}
