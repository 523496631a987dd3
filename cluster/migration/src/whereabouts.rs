//! What whereabouts has written down: an `IPPool` for each range, whose `allocations` count from the range's network address,
//! and an `OverlappingRangeIPReservation` for each address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use plumb_values::AddressRange;
use serde_json::Value;

use crate::found::{self, Found};
use crate::objects::{Objects, text};

/// All records, and what cannot be read.
pub(crate) fn all(objects: &Objects) -> (Vec<Found>, Vec<String>) {
    let (mut found, mut unreadable) = (Vec::new(), Vec::new());
    for object in &objects.others {
        let records = match text(object, "/kind") {
            "IPPool" => of_pool(object),
            "OverlappingRangeIPReservation" => of_reservation(object).map(|one| vec![one]),
            _ => continue,
        };
        match records {
            Ok(records) => found.extend(records),
            Err(reason) => unreadable.push(reason),
        }
    }
    (found, unreadable)
}

fn of_pool(object: &Value) -> Result<Vec<Found>, String> {
    let source = format!("whereabouts' IPPool {}", text(object, "/metadata/name"));
    let range = text(object, "/spec/range");
    let network = network(range)
        .ok_or_else(|| format!("{source}: range {range:?} is no network as in \"10.1.0.0/16\""))?;
    let mut found = Vec::new();
    let allocations = object
        .pointer("/spec/allocations")
        .and_then(Value::as_object);
    for (offset, record) in allocations.into_iter().flatten() {
        let address = offset
            .parse()
            .ok()
            .and_then(|offset| behind(network, offset));
        let address = address.ok_or_else(|| {
            format!("{source}: allocation {offset:?} is no number of an address in {range}")
        })?;
        found.push(record_of(&source, address, record, "/id")?);
    }
    Ok(found)
}

fn of_reservation(object: &Value) -> Result<Found, String> {
    let name = text(object, "/metadata/name");
    let source = format!("whereabouts' OverlappingRangeIPReservation {name}");
    let address = address_in(name)
        .ok_or_else(|| format!("{source}: there is no address at the end of its name"))?;
    record_of(&source, address, &object["spec"], "/containerid")
}

fn record_of(
    source: &str,
    address: IpAddr,
    record: &Value,
    container: &str,
) -> Result<Found, String> {
    let reference = text(record, "/podref");
    let pod = found::pod(reference).ok_or_else(|| {
        format!("{source}: {address} has the podref {reference:?}, expected as in \"team-a/web-0\"")
    })?;
    let (container, interface) = (text(record, container), text(record, "/ifname"));
    Ok(Found {
        pod: Some(pod),
        container: (!container.is_empty()).then(|| container.to_owned()),
        interface: (!interface.is_empty()).then(|| interface.to_owned()),
        ..Found::new(source.to_owned(), address)
    })
}

/// The network of a range, which may be written as `first-last/prefix`.
fn network(range: &str) -> Option<AddressRange> {
    let (address, prefix) = range.rsplit_once('/')?;
    let first = address.split('-').next()?;
    Some(AddressRange::network(
        first.parse().ok()?,
        prefix.parse().ok()?,
    ))
}

/// The address so many behind the network's.
fn behind(network: AddressRange, offset: u128) -> Option<IpAddr> {
    let address = match network.first {
        IpAddr::V4(first) => {
            let offset = u32::try_from(offset).ok()?;
            IpAddr::from(Ipv4Addr::from_bits(first.to_bits().checked_add(offset)?))
        }
        IpAddr::V6(first) => Ipv6Addr::from_bits(first.to_bits().checked_add(offset)?).into(),
    };
    network.contains(address).then_some(address)
}

/// The address that a reservation is named after: alone or behind a network's name and `-`, with `-` for each `:`.
fn address_in(name: &str) -> Option<IpAddr> {
    let parse = |text: &str| -> Option<IpAddr> {
        let v4 = text.parse::<Ipv4Addr>().ok().map(IpAddr::from);
        v4.or_else(|| Some(text.replace('-', ":").parse::<Ipv6Addr>().ok()?.into()))
    };
    let behind_dashes = name.match_indices('-').map(|(at, _)| &name[at + 1..]);
    std::iter::once(name).chain(behind_dashes).find_map(parse)
}
