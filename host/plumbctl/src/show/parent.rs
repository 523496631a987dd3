//! The link below an interface: on the host, where it is a rail's.

use plumb::facts::{Facts, Place};
use plumb::kernel::RouteSocket;
use plumb::kernel::link::Link;

use super::model::{self, Difference, Parent};
use super::recorded::Recorded;

/// How many links may lie on one another before an adapter: a VLAN on a bond's port, for instance.
const DEPTH: usize = 4;

/// The kinds of links that lie on one other.
const STACKED: [&str; 4] = ["vlan", "macvlan", "ipvlan", "ipoib"];

/// Finds the parent: the one that was recorded, or the other end of a pair on the host.
pub fn parent(
    recorded: &Recorded,
    link: Option<&Link>,
    pod_links: &[Link],
    host: &RouteSocket,
    facts: &dyn Facts,
    differences: &mut Vec<Difference>,
) -> plumb::kernel::Result<Option<Parent>> {
    let Some(expected) = &recorded.parent else {
        return other_end(link, host);
    };
    let index = recorded.below.unwrap_or(expected.index);
    let found = match expected.in_pod {
        true => pod_links.iter().find(|link| link.index == index).cloned(),
        false => host.link_by_index(index)?,
    };
    let place = match expected.in_pod {
        true => "pod",
        false => "node",
    };
    let mut differs = |record: String, found: String| {
        differences.push(Difference {
            record,
            place,
            found,
        });
    };
    match &found {
        None => differs(format!("parent {expected}"), "no such interface".to_owned()),
        // A child on a child lies beside it, below the same link.
        Some(found) if found.name != expected.name && index == expected.index => differs(
            format!("parent {expected}"),
            format!("it as {}", found.name),
        ),
        Some(_) => {}
    }
    let speed = match &found {
        Some(link) if !expected.in_pod => facts
            .link(Place::Host, &link.name)
            .ok()
            .flatten()
            .and_then(|link| facts.speed(Place::Host, &link)),
        _ => None,
    };
    let carriers = match &found {
        Some(link) if !expected.in_pod => carriers(link, host)?,
        _ => Vec::new(),
    };
    Ok(Some(Parent {
        carriers,
        name: found
            .as_ref()
            .map_or_else(|| expected.name.clone(), |link| link.name.clone()),
        in_pod: expected.in_pod,
        link: found.as_ref().map(model::Link::from),
        speed,
    }))
}

/// The host's end of a pair of veth links. An index alone says nothing: both ends have to lead to each other.
fn other_end(link: Option<&Link>, host: &RouteSocket) -> plumb::kernel::Result<Option<Parent>> {
    let is_pair = |link: &Link| link.kind.as_deref() == Some("veth");
    let Some((link, index)) = link
        .filter(|link| is_pair(link))
        .and_then(|link| Some((link, link.parent?)))
    else {
        return Ok(None);
    };
    let other = host.link_by_index(index)?;
    let other = other.filter(|other| is_pair(other) && other.parent == Some(link.index));
    Ok(other.map(|other| Parent {
        name: other.name.clone(),
        link: Some(model::Link::from(&other)),
        ..Parent::default()
    }))
}

/// The links below one of the host, such as the port of a VLAN.
fn carriers(link: &Link, host: &RouteSocket) -> plumb::kernel::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut link = link.clone();
    while names.len() < DEPTH
        && link
            .kind
            .as_deref()
            .is_some_and(|kind| STACKED.contains(&kind))
        && link.parent_namespace.is_none()
        && let Some(index) = link.parent
        && let Some(below) = host.link_by_index(index)?
    {
        names.push(below.name.clone());
        link = below;
    }
    Ok(names)
}

impl From<&Link> for model::Link {
    fn from(link: &Link) -> Self {
        Self {
            name: link.name.clone(),
            kind: link.kind.clone(),
            up: link.up,
            carrier: link.carrier,
            mtu: link.mtu,
            mac: link.mac.to_string(),
        }
    }
}
