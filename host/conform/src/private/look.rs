//! What a private node looks like, as a set of lines: whatever an attachment can leave in the kernel's network state, in
//! plumb's records and in its leases.

use std::collections::BTreeSet;

use ipnetwork::IpNetwork;
use plumb::kernel::RouteSocket;
use plumb::kernel::link::Link;
use plumb::kernel::route::LOCAL_TABLE;
use plumb::leases::Leases;
use plumb::operations::Records;
use plumb::recovery::NodeLeases;
use plumb::state::StateFolder;
use plumb::trace::Trace;
use plumb_values::octets;

use super::{Pod, Scene};

/// The lines of the node and of its pods.
///
/// # Errors
///
/// What the kernel refuses, in words.
pub fn look(scene: &Scene) -> Result<BTreeSet<String>, String> {
    let mut lines = BTreeSet::new();
    let network = |lines: &mut BTreeSet<String>, place: &str, socket: &RouteSocket| {
        look_at(lines, place, socket)
            .map_err(|error| format!("cannot look at {place} of the private node: {error}"))
    };
    network(&mut lines, "host", scene.socket())?;
    for pod in scene.pods() {
        network(&mut lines, &pod.container, socket_of(pod)?.as_ref())?;
    }
    look_at_state(&mut lines, scene.state()).map_err(|error| error.to_string())?;
    Ok(lines)
}

fn socket_of(pod: &Pod) -> Result<Box<RouteSocket>, String> {
    let netns = pod.netns()?;
    let socket = netns.inside(RouteSocket::open).and_then(|socket| socket);
    socket.map(Box::new).map_err(|error| error.to_string())
}

fn look_at(
    lines: &mut BTreeSet<String>,
    place: &str,
    socket: &RouteSocket,
) -> plumb::kernel::Result<()> {
    let links = socket.links()?;
    for link in &links {
        let name = &link.name;
        lines.insert(format!("{place}: {}", described(link)));
        for (address, mac) in socket.neighbours(link.index)? {
            lines.insert(format!(
                "{place}: neighbour {address} at {} on {name}",
                octets::text(&mac)
            ));
        }
        for route in socket.routes_by(link.index)? {
            let is_kernels = route.table == Some(LOCAL_TABLE) || is_link_local(route.destination);
            if !is_kernels {
                lines.insert(format!("{place}: route {route} by {name}"));
            }
        }
    }
    let name = |index: u32| {
        let link = links.iter().find(|link| link.index == index);
        link.map_or("a link that is gone", |link| link.name.as_str())
    };
    for (index, address) in socket.all_addresses()? {
        if !is_link_local(address) {
            lines.insert(format!("{place}: address {address} on {}", name(index)));
        }
    }
    for rule in socket.rules()? {
        lines.insert(format!("{place}: rule {}", rule.rule));
    }
    Ok(())
}

/// Whether the kernel makes it by itself, some time after a link has come up.
fn is_link_local(network: IpNetwork) -> bool {
    match network {
        IpNetwork::V4(_) => false,
        IpNetwork::V6(network) => {
            network.ip().is_unicast_link_local() || network.ip().is_multicast()
        }
    }
}

fn described(link: &Link) -> String {
    format!(
        "link {} ({}) {} mtu {} {} queue {} flags {:#x} alias {:?} names {:?}",
        link.name,
        link.kind.as_deref().unwrap_or("device"),
        octets::text(&link.mac),
        link.mtu,
        if link.up { "up" } else { "down" },
        link.queue_length,
        link.flags,
        link.alias,
        link.alternative_names,
    )
}

fn look_at_state(lines: &mut BTreeSet<String>, state: &StateFolder) -> plumb::Result<()> {
    for attachment in Records::new(state).list(None)? {
        lines.insert(format!("record of {attachment}"));
    }
    let trace = Trace::none();
    for lease in NodeLeases::new(state, &trace).leases()? {
        lines.insert(format!(
            "address {} is held by {}",
            lease.address, lease.owner.container_id
        ));
    }
    Ok(())
}

/// What has come and what has gone, a line each; empty when nothing has changed.
pub fn difference(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Vec<String> {
    let come = after
        .difference(before)
        .map(|line| format!("left behind: {line}"));
    let gone = before
        .difference(after)
        .map(|line| format!("missing: {line}"));
    come.chain(gone).collect()
}
