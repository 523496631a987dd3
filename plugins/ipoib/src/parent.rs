//! The interface that the pod's is made of.

use plumb_sdk::facts::{LinkType, Place, get_link, get_pci_function};
use plumb_sdk::log;
use plumb_sdk::prelude::*;

use crate::configuration::Configuration;

/// Looks the parent up by its name.
pub(crate) fn find(configuration: &Configuration) -> Result<Link> {
    let parent = get_link(Place::Host, &configuration.master)?;
    if !parent.is_up() {
        log::warning(format!("parent {} is down", parent.name()));
    }
    Ok(parent)
}

/// What is to be made of it.
///
/// Errors: `invalid-configuration` for what has no children.
pub(crate) fn child<'a>(parent: &'a Link, configuration: &Configuration) -> Result<Ipoib<'a>> {
    check_type(parent)?;
    check_no_child(parent)?;
    Ok(Ipoib::on(parent)
        .partition_key(configuration.partition_key.key()?)
        .mode(configuration.mode)
        .user_multicast(configuration.user_multicast)
        .mtu(configuration.mtu))
}

fn check_type(parent: &Link) -> Result<()> {
    let link_type = parent.link_type();
    if link_type == LinkType::Infiniband {
        return Ok(());
    }
    Err(Error::invalid_configuration(format!(
        "parent {} is a link for {link_type}, ipoib needs InfiniBand: name another in \"master\", such as \
         \"ib0\", or use type macvlan on Ethernet",
        parent.name()
    )))
}

/// The kernel makes no children of children. A child has no device of its own; where it is
/// shown with its parent's, it is not among the interfaces of the PCI function.
fn check_no_child(parent: &Link) -> Result<()> {
    let name = parent.name();
    let parents = match parent.pci_address() {
        None if parent.rdma_devices().is_empty() => "its parent".to_owned(),
        None => return Ok(()),
        Some(address) => {
            let links = get_pci_function(address)?.links();
            let names: Vec<String> = links.iter().map(Link::name).collect();
            if names.contains(&name) {
                return Ok(());
            }
            names.join(" or ")
        }
    };
    Err(Error::invalid_configuration(format!(
        "parent {name} is itself a child, of which the kernel makes none: use {parents} in \
         \"master\", and \"pkey\" for the partition"
    )))
}

#[cfg(test)]
mod tests;
