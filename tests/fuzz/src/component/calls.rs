//! Every function that the host offers to a flavour.

use arbitrary::{Result, Unstructured};
use plumb::components::contract_0_1::bindings::facts::{Host as _, Place};
use plumb::components::contract_0_1::bindings::log::{Host as _, Level};
use plumb::components::contract_0_1::bindings::operations as wit;
use plumb::components::contract_0_1::bindings::operations::Host as Operations;
use plumb::components::contract_0_1::bindings::types;
use plumb::components::session::{LinkHandle, PciHandle, PodLinkHandle, Session};
use wasmtime::component::Resource;

use super::attach::is_named;
use super::values::{address, mac, mtu, name, network, optional, route, settings};

/// The handles that a component was given.
#[derive(Default)]
pub struct Handles {
    links: Vec<u32>,
    functions: Vec<u32>,
    pod_links: Vec<u32>,
}

/// One call of the host, whose refusal the component does not mind; the inner error is a trap.
///
/// # Errors
///
/// When the input is used up.
///
/// # Panics
///
/// When a device is given that the configuration does not name.
pub fn call(
    host: &mut Session,
    handles: &mut Handles,
    choices: &mut Unstructured<'_>,
) -> Result<wasmtime::Result<()>> {
    match choices.int_in_range(0..=21)? {
        0..=4 => look(host, handles, choices),
        5..=8 => make_link(host, handles, choices),
        9..=12 => change_function(host, handles, choices),
        _ => change_link(host, handles, choices),
    }
}

/// Facts and the log.
fn look(
    host: &mut Session,
    handles: &mut Handles,
    choices: &mut Unstructured<'_>,
) -> Result<wasmtime::Result<()>> {
    let at = *choices.choose(&[Place::Host, Place::Pod])?;
    Ok(match choices.int_in_range(0..=4)? {
        0 => {
            let name = one_of(choices, &["nic0", "ib0", "secret0"])?;
            let may_be_given = is_named(&name);
            kept(host.get_link(at, name), &mut handles.links, may_be_given)
        }
        1 => kept(host.get_default_route_link(at), &mut handles.links, true),
        2 => {
            let address = one_of(choices, &["0000:3b:00.2", "0000:3b:00.0", "0000:5e:00.0"])?;
            let may_be_given = is_named(&address);
            let function = host.get_pci_function(address);
            kept(function, &mut handles.functions, may_be_given)
        }
        3 => host.get_rdma_namespace_mode().map(drop),
        _ => {
            let level = *choices.choose(&[Level::Debug, Level::Error])?;
            let message: String = match choices.arbitrary()? {
                true => choices.arbitrary()?,
                false => "\u{85}ä".repeat(choices.int_in_range(0..=600)?),
            };
            host.write(level, message)
        }
    })
}

/// What gives the pod its interface.
fn make_link(
    host: &mut Session,
    handles: &mut Handles,
    choices: &mut Unstructured<'_>,
) -> Result<wasmtime::Result<()>> {
    let parent = any::<LinkHandle>(&handles.links, choices)?;
    let made = match choices.int_in_range(0..=3)? {
        0 => {
            let modes = [wit::MacvlanMode::Bridge, wit::MacvlanMode::Passthru];
            let options = wit::MacvlanOptions {
                mode: *choices.choose(&modes)?,
                mtu: mtu(choices)?,
                mac: optional(choices, mac)?,
                broadcast_queue_length: choices.arbitrary()?,
            };
            Operations::create_macvlan(host, parent, options)
        }
        1 => {
            let options = wit::IpvlanOptions {
                mode: *choices.choose(&[wit::IpvlanMode::L2, wit::IpvlanMode::L3s])?,
                mtu: mtu(choices)?,
            };
            Operations::create_ipvlan(host, parent, options)
        }
        2 => {
            let modes = [wit::IpoibMode::Datagram, wit::IpoibMode::Connected];
            let options = wit::IpoibOptions {
                partition_key: choices.arbitrary()?,
                mode: optional(choices, |choices| Ok(*choices.choose(&modes)?))?,
                user_multicast: choices.arbitrary()?,
                mtu: mtu(choices)?,
            };
            Operations::create_ipoib(host, parent, options)
        }
        _ => Operations::move_link(host, any(&handles.functions, choices)?),
    };
    Ok(kept(made, &mut handles.pod_links, true))
}

fn change_function(
    host: &mut Session,
    handles: &mut Handles,
    choices: &mut Unstructured<'_>,
) -> Result<wasmtime::Result<()>> {
    let function = any::<PciHandle>(&handles.functions, choices)?;
    let answer = match choices.int_in_range(0..=3)? {
        0 => {
            let settings = settings(choices)?;
            Operations::set_virtual_function(host, function, settings, choices.arbitrary()?)
        }
        1 => Operations::move_rdma_device(host, function, optional(choices, name)?),
        2 => Operations::report_function(host, function, optional(choices, mac)?),
        _ => Operations::reserve_addresses(host),
    };
    Ok(answer.map(drop))
}

fn change_link(
    host: &mut Session,
    handles: &mut Handles,
    choices: &mut Unstructured<'_>,
) -> Result<wasmtime::Result<()>> {
    let link = any::<PodLinkHandle>(&handles.pod_links, choices)?;
    let answer = match choices.int_in_range(0..=8)? {
        0 => Operations::set_mtu(host, link, mtu(choices)?.unwrap_or_default()),
        1 => Operations::set_mac(host, link, mac(choices)?),
        2 => {
            let families = [wit::SysctlFamily::Ipv4, wit::SysctlFamily::Ipv6];
            let family = *choices.choose(&families)?;
            let name = one_of(choices, &["arp_notify", "../x"])?;
            let value = one_of(choices, &["1", "a\r\u{1b}[2J"])?;
            Operations::set_link_sysctl(host, link, family, name, value, choices.arbitrary()?)
        }
        3 => {
            let sources = [
                wit::AddressSource::Configured,
                wit::AddressSource::PreviousResult,
            ];
            Operations::assign_addresses(host, link, *choices.choose(&sources)?)
        }
        4 => Operations::add_address(host, link, network(choices)?),
        5 => Operations::add_route(host, link, route(choices)?),
        6 => {
            let rule = wit::Rule {
                source: optional(choices, network)?,
                destination: optional(choices, network)?,
                table: choices.arbitrary()?,
                priority: choices.arbitrary()?,
            };
            Operations::add_rule(host, rule)
        }
        7 => Operations::add_neighbour(host, link, address(choices)?, mac(choices)?),
        _ => Operations::set_up(host, link),
    };
    Ok(answer.map(drop))
}

/// Keeps the handle that a call gave.
fn kept<T: 'static>(
    answer: wasmtime::Result<std::result::Result<Resource<T>, types::Error>>,
    handles: &mut Vec<u32>,
    may_be_given: bool,
) -> wasmtime::Result<()> {
    match answer? {
        Ok(handle) => {
            assert!(may_be_given, "it is not named in the configuration");
            handles.push(handle.rep());
        }
        Err(error) => assert!(!error.message.is_empty()),
    }
    Ok(())
}

/// A handle that the component has, or one that it makes up. wasmtime lets none of these
/// pass, and neither may the host.
fn any<T: 'static>(handles: &[u32], choices: &mut Unstructured<'_>) -> Result<Resource<T>> {
    let number = match handles.is_empty() || choices.ratio(1, 64)? {
        true => choices.int_in_range(0..=8)?,
        false => *choices.choose(handles)?,
    };
    Ok(Resource::new_borrow(number))
}

/// Mostly one of these.
fn one_of(choices: &mut Unstructured<'_>, likely: &[&str]) -> Result<String> {
    match choices.int_in_range(0..=4)? {
        0 => name(choices),
        _ => Ok((*choices.choose(likely)?).to_owned()),
    }
}
