//! The PCI function below an interface, with its RDMA devices and its NUMA node.

use plumb::facts::{Facts, PciFacts, Place};
use plumb_values::Device;

use super::model::{Difference, Function, Link, Parent, RdmaDevice};
use super::recorded::Recorded;

/// Finds the PCI function: the one that was recorded, the one below the pod's link, or the one below its parent.
pub fn function(
    recorded: &Recorded,
    link: Option<&str>,
    parent: Option<&Parent>,
    facts: &dyn Facts,
    differences: &mut Vec<Difference>,
) -> plumb::Result<Option<Function>> {
    let inside = match link {
        Some(name) => facts.link(Place::Pod, name)?,
        None => None,
    };
    let own = recorded
        .function
        .clone()
        .or_else(|| inside.as_ref().and_then(|link| link.pci.clone()));
    let address = match (own, parent) {
        (Some(address), _) => Some(address),
        (None, Some(parent)) if !parent.in_pod => adapter(parent, facts)?,
        _ => None,
    };
    let Some(address) = address else {
        return Ok(None);
    };
    let found = facts.pci_function(&address)?;
    if found.is_none() && recorded.function.is_some() {
        differences.push(Difference {
            record: Device(&address).to_string(),
            place: "node",
            found: "no such function".to_owned(),
        });
    }
    let seen = inside.as_ref().map_or(&[][..], |link| &link.rdma_devices);
    // Where the pod's devices can be seen at all.
    if inside.as_ref().is_some_and(|link| link.pci.is_some()) {
        let lost = |name: &&String| !seen.contains(name);
        for lost in recorded.rdma_devices.iter().filter(lost) {
            differences.push(Difference::in_pod(
                format!("RDMA device {lost}"),
                "no such device by this interface",
            ));
        }
    }
    Ok(Some(assembled(address, found, seen, recorded)))
}

fn assembled(
    address: String,
    found: Option<PciFacts>,
    seen_in_pod: &[String],
    recorded: &Recorded,
) -> Function {
    let present = found.is_some();
    let found = found.unwrap_or_else(|| PciFacts {
        address: address.clone(),
        ..PciFacts::default()
    });
    let device = |name: &String, in_pod| RdmaDevice {
        name: name.clone(),
        in_pod,
    };
    // In shared mode the pod's view has those of the host.
    let moved: Vec<_> = seen_in_pod
        .iter()
        .filter(|name| recorded.rdma_devices.contains(name) || !found.rdma_devices.contains(name))
        .collect();
    let on_host = found
        .rdma_devices
        .iter()
        .filter(|name| !moved.contains(name));
    let rdma_devices = moved
        .iter()
        .map(|name| device(name, true))
        .chain(on_host.map(|name| device(name, false)))
        .collect();
    Function {
        address,
        present,
        driver: found.driver,
        physical_function: found
            .virtual_function
            .as_ref()
            .map(|place| place.parent.clone()),
        number: found.virtual_function.map(|place| place.index),
        numa_node: found.numa_node,
        rdma_devices,
    }
}

/// The netdev of the physical function that a virtual one belongs to: its carrier is the wire's.
pub fn uplink(function: &Function, facts: &dyn Facts) -> plumb::Result<Option<Parent>> {
    let found = facts.pci_function(&function.address)?;
    let Some(link) = found.and_then(|found| found.parent_link) else {
        return Ok(None);
    };
    Ok(Some(Parent {
        name: link.name.clone(),
        speed: facts.speed(Place::Host, &link),
        link: Some(Link {
            name: link.name,
            kind: link.kind,
            up: link.up,
            carrier: link.carrier,
            mtu: link.mtu,
            mac: link.mac,
        }),
        ..Parent::default()
    }))
}

/// The PCI address below a parent on the host: its own, or that of a link which carries it.
fn adapter(parent: &Parent, facts: &dyn Facts) -> plumb::Result<Option<String>> {
    for name in std::iter::once(&parent.name).chain(&parent.carriers) {
        let link = facts.link(Place::Host, name)?;
        if let Some(address) = link.and_then(|link| link.pci) {
            return Ok(Some(address));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
