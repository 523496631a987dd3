//! The interface that the pod's is made of.

use plumb_sdk::facts::{Link, LinkType, Place, get_link, get_pci_function};
use plumb_sdk::{Error, log, partition_key};

use crate::configuration::Configuration;
use crate::mtu;

/// Looks the parent up by its name.
pub(crate) fn find(configuration: &Configuration) -> Result<Link, Error> {
    let parent = get_link(Place::Host, &configuration.master)?;
    if !parent.is_up() {
        log::warning(format!("parent {} is down", parent.name()));
    }
    Ok(parent)
}

/// Refuses what the kernel would refuse with a bare EINVAL, and a partition in which the child
/// would never get carrier.
pub(crate) fn check(parent: &Link, configuration: &Configuration) -> Result<(), Error> {
    check_type(parent)?;
    check_no_child(parent)?;
    mtu::check(configuration, parent)?;
    match configuration.partition_key {
        Some(key) => partition_key::check_in_table(key, parent),
        None => Ok(()),
    }
}

fn check_type(parent: &Link) -> Result<(), Error> {
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
fn check_no_child(parent: &Link) -> Result<(), Error> {
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
