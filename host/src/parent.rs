//! From what a network says of its parent to the names and pools of this node: one text serves nodes that differ. It is
//! found here, once, before any component runs, and components get a network that says all of it plainly.
//!
//! - `adapters`: the node's adapters with RDMA devices, and which of them is a rail
//! - `subnet`: the pools of `ipam.fromMaster`

mod adapters;
mod subnet;

use std::borrow::Cow;

use plumb_values::similar::did_you_mean;
use plumb_values::{DeviceId, Pattern};
use serde_json::Value;

use crate::cni::master::{Choice, Master};
use crate::cni::{AddRequest, Verb};
use crate::facts::{Facts, LinkFacts, Place};
use crate::policy::{driver, names};
use crate::types::{WITHOUT_PARENT, flavour_of};
use crate::{Code, Error, Result};

/// A request of which everything about the parent is known.
pub struct Resolved<'a> {
    /// With a name as `master`, and with `pools` instead of `fromMaster`.
    pub request: Cow<'a, AddRequest>,
    /// A line for each thing that was found, for people.
    pub found: Vec<String>,
}

/// Finds the parent and its pools. A network that names both plainly costs nothing.
///
/// `fromMaster` stays where nobody can know the parent yet: at STATUS, of a function that a device plugin will allot.
///
/// # Errors
///
/// [`Code::NOT_AVAILABLE`] when this node has no such interface, RDMA device, rail or address, and
/// [`Code::INVALID_CONFIGURATION`] when it has several; each says what there is. [`Code::DENIED`] for addresses of a parent
/// that the node's policy does not give to networks.
pub fn resolve<'a>(request: &'a AddRequest, facts: &dyn Facts) -> Result<Resolved<'a>> {
    let mut resolved = Resolved {
        request: Cow::Borrowed(request),
        found: Vec::new(),
    };
    if let Some(master) = &request.master
        && let Some((name, line)) = find(master, request, facts)?
    {
        resolved.found.push(line);
        let request = resolved.request.to_mut();
        let keys = &mut request.call.configuration.lower;
        keys.insert("master".to_owned(), Value::String(name.clone()));
        request.master = Some(Master {
            place: master.place,
            choice: Choice::Name(name),
        });
    }
    if let Some(wanted) = &request.from_master
        && let Some(parent) = addressed(&resolved.request, facts)?
    {
        let reaches_parent = flavour_of(&request.call.configuration) != Some("macvlan-shared");
        let (pools, lines) = subnet::pools(wanted, &parent, reaches_parent, facts)?;
        resolved.found.extend(lines);
        let request = resolved.request.to_mut();
        request.from_master = None;
        if let Some(Value::Object(ipam)) = request.call.configuration.lower.get_mut("ipam") {
            ipam.remove("frommaster");
            ipam.insert("pools".to_owned(), Value::Array(pools));
        }
    }
    Ok(resolved)
}

/// The name of the interface that a network means otherwise than by its name, and a line that says so.
fn find(
    master: &Master,
    request: &AddRequest,
    facts: &dyn Facts,
) -> Result<Option<(String, String)>> {
    let call = &request.call;
    let written = call
        .configuration
        .lower
        .get("master")
        .unwrap_or(&Value::Null);
    let (name, more) = match &master.choice {
        Choice::Name(_) => return Ok(None),
        Choice::FirstOf(wanted)
            if master.place == Place::Pod && call.environment.verb == Verb::Status =>
        {
            // There is no pod yet, and nobody looks at a parent in it.
            (wanted.first().cloned().unwrap_or_default(), String::new())
        }
        Choice::FirstOf(wanted) => (first_of(wanted, master.place, facts)?, String::new()),
        Choice::Like(pattern) => (like(pattern, facts)?, String::new()),
        Choice::RdmaDevice(device) => {
            let adapter = adapters::of_rdma_device(device, facts)?;
            (
                adapter.link.name.clone(),
                format!(" ({})", adapter.traits()),
            )
        }
        Choice::Rail(rail) => {
            let adapter = adapters::rail(rail, facts)?;
            (
                adapter.link.name.clone(),
                format!(" ({})", adapter.traits()),
            )
        }
    };
    let line = format!(
        "\"master\" {written} is {name} on {}{more}",
        match master.place {
            Place::Host => "this node",
            Place::Pod => "the pod",
        }
    );
    Ok(Some((name, line)))
}

fn first_of(wanted: &[String], place: Place, facts: &dyn Facts) -> Result<String> {
    for name in wanted {
        if facts.link(place, name)?.is_some() {
            return Ok(name.clone());
        }
    }
    let names = wanted.join(", ");
    Err(missing(
        &format!("none of the interfaces {names}"),
        None,
        place,
        facts,
    )?)
}

/// The one link of the node that a pattern means.
fn like(pattern: &Pattern, facts: &dyn Facts) -> Result<String> {
    let mut matched = Vec::new();
    for link in facts.links(Place::Host)? {
        let driver = match pattern {
            Pattern::Driver(_) => driver(&link, facts)?,
            Pattern::Name(_) => None,
        };
        if pattern.matches(names(&link), driver.as_deref()) {
            matched.push(link.name);
        }
    }
    match matched.as_slice() {
        [one] => Ok(one.clone()),
        [] => {
            let what = format!(
                "no interface that \"master\" {:?} means",
                pattern.to_string()
            );
            Err(missing(&what, None, Place::Host, facts)?)
        }
        several => Err(Error::configuration(format!(
            "\"master\" {:?} means {} interfaces of this node, {}, and must mean one: write more of the name, or a list of \
             names, of which the first that a node has counts",
            pattern.to_string(),
            several.len(),
            several.join(", ")
        ))),
    }
}

/// The link of the node by whose addresses a network gets its pools: the parent, or that of the physical function. None
/// where no function is allotted yet.
fn addressed(request: &AddRequest, facts: &dyn Facts) -> Result<Option<LinkFacts>> {
    let call = &request.call;
    if let Some(Choice::Name(name)) = request.master.as_ref().map(|master| &master.choice) {
        let Some(link) = facts.link(Place::Host, name)? else {
            let what = format!("no interface named {name:?}");
            return Err(missing(&what, Some(name), Place::Host, facts)?);
        };
        // Its addresses are not told before.
        call.policy.check_parent(&link, facts)?;
        return Ok(Some(link));
    }
    let is_of_function =
        flavour_of(&call.configuration).is_some_and(|name| WITHOUT_PARENT.contains(&name));
    if !is_of_function {
        return Err(Error::configuration(
            "\"fromMaster\" of \"ipam\" is about the addresses of the parent, which the network does not name: add \"master\"",
        ));
    }
    let Some(device) = &request.device_id else {
        return match call.environment.verb {
            Verb::Status => Ok(None),
            _ => Err(Error::configuration(
                "\"fromMaster\" of \"ipam\" is about the addresses of the physical function, and no \"deviceID\" says whose: a \
                 device plugin allots one",
            )),
        };
    };
    let id = device.parse::<DeviceId>().ok();
    let function = match id {
        Some(id) => facts.pci_function(&id.to_string())?,
        None => None,
    };
    let Some(function) = function else {
        return Err(Error::new(
            Code::NOT_AVAILABLE,
            format!(
                "\"fromMaster\" of \"ipam\" is about the addresses of the physical function, and the device {device:?} is no \
                 PCI function or auxiliary device of this node"
            ),
        ));
    };
    call.policy.check_function(&function, facts)?;
    let own = function.links.into_iter().next();
    match function.parent_link.or(own) {
        Some(link) => Ok(Some(link)),
        None => Err(Error::new(
            Code::NOT_AVAILABLE,
            format!(
                "\"fromMaster\" of \"ipam\" is about the addresses of the physical function of {device}, which has no interface \
                 on this node"
            ),
        )),
    }
}

/// That something is not there, with what there is.
fn missing(what: &str, name: Option<&str>, place: Place, facts: &dyn Facts) -> Result<Error> {
    let names = facts.link_names(place)?;
    let question = name.and_then(|name| did_you_mean(name, names.iter().map(String::as_str)));
    Ok(Error::new(
        Code::NOT_AVAILABLE,
        format!(
            "{what} on {place}; there are: {}{}",
            names.join(", "),
            question.map_or_else(String::new, |question| format!("; {question}"))
        ),
    ))
}

#[cfg(test)]
mod tests;
