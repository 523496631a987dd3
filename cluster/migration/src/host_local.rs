//! What host-local has written down on a node: a folder for each network, with a file for each address that says which
//! container has it, and by which interface.

use std::fs;
use std::io;
use std::path::Path;

use crate::cni_cache::Cached;
use crate::found::Found;

/// Where host-local keeps its folders, unless a network has `dataDir`.
pub const FOLDER: &str = "/var/lib/cni/networks";

/// Most bytes of a file that are read: a container's name and an interface's.
const LIMIT: usize = 4096;

/// The records of a node, and what is left over. `cached` has the attachments that the node's runtimes have not deleted: a
/// file of another container is what a lost DEL left. Where they know of none at all, every file counts.
///
/// # Errors
///
/// The folder, or one of a network, cannot be read.
pub fn read(folder: &Path, node: &str, cached: &[Cached]) -> io::Result<(Vec<Found>, Vec<String>)> {
    let (mut found, mut told) = (Vec::new(), Vec::new());
    for network in fs::read_dir(folder)? {
        let network = network?;
        if !network.file_type()?.is_dir() {
            continue;
        }
        let name = network.file_name().to_string_lossy().into_owned();
        for file in fs::read_dir(network.path())? {
            let file = file?;
            // Beside the addresses are `lock` and `last_reserved_ip.0`.
            let Some(address): Option<std::net::IpAddr> =
                file.file_name().to_str().and_then(|name| name.parse().ok())
            else {
                continue;
            };
            let source = format!("{} on node {node}", file.path().display());
            let text = fs::read(file.path())?;
            let text = String::from_utf8_lossy(&text[..text.len().min(LIMIT)]).into_owned();
            let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let Some(container) = lines.next().map(str::to_owned) else {
                told.push(format!("{source} is empty: its address is free"));
                continue;
            };
            let interface = lines.next().map(str::to_owned);
            let of_container = |one: &&Cached| {
                let is_same = |interface: &String| *interface == one.interface;
                one.container == container
                    && one.network == name
                    && interface.as_ref().is_none_or(is_same)
            };
            let attachment = cached.iter().find(of_container);
            if attachment.is_none() && !cached.is_empty() {
                told.push(format!(
                    "{source} is of container {container}, which no runtime of the node has: its address is free"
                ));
                continue;
            }
            found.push(Found {
                pod: attachment.and_then(|one| one.pod.clone()),
                uid: attachment.map_or_else(String::new, |one| one.uid.clone()),
                node: Some(node.to_owned()),
                interface: interface.or_else(|| attachment.map(|one| one.interface.clone())),
                network: Some(name.clone()),
                container: Some(container),
                ..Found::new(source, address)
            });
        }
    }
    found.sort_by_key(|one| one.address);
    told.sort_unstable();
    Ok((found, told))
}
