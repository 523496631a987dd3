//! Flavour `macvlan-shared`: the pod gets a macvlan or ipvlan child of a link that stays
//! with the node. On a RoCE adapter the pod shares its RDMA device: the kernel shows in
//! the pod the GIDs of the pod's own interface.

mod configuration;
mod parent;
mod rdma;

pub use configuration::{Child, Configuration};

use plumb_sdk::operations::previous_addresses;
use plumb_sdk::prelude::*;
use plumb_sdk::routing::Addresses;

use configuration::Written;
use parent::Parent;

#[flavour(
    uses(create_macvlan, create_ipvlan, set_link_sysctl, assign_addresses, set_up),
    keys = Written,
    ready = ready
)]
fn attach(request: &Request) -> Result<()> {
    let configuration = Configuration::read(request)?;
    let addresses = addresses(&configuration, request)?;
    let parent = Parent::find(&configuration, request)?;
    parent.check(&configuration)?;
    rdma::check(&configuration, &parent)?;
    parent.create(&configuration)?.bring_up(addresses).map(drop)
}

fn ready(request: &Request) -> Result<()> {
    let configuration = Configuration::read(request)?;
    if configuration.link_in_container {
        // The parent is in a pod that does not exist yet.
        return Ok(());
    }
    let parent = Parent::find(&configuration, request)?;
    parent.check(&configuration)?;
    parent.link.check_up()?;
    rdma::check(&configuration, &parent)
}

/// A macvlan without addresses is a layer 2 attachment. An ipvlan without addresses
/// receives nothing: the kernel delivers by address.
fn addresses(configuration: &Configuration, request: &Request) -> Result<Option<Addresses>> {
    if let Some(configured) = request.configured_addresses()? {
        return Ok(Some(configured));
    }
    match configuration.child {
        Child::Macvlan(_) => Ok(None),
        Child::Ipvlan(_) if request.has_previous_addresses() => previous_addresses().map(Some),
        Child::Ipvlan(_) => Err(Error::invalid_configuration(
            "ipvlan needs addresses, because the kernel delivers by address: \
             add \"ipam\", or chain it after a plugin whose result has addresses",
        )),
    }
}

#[cfg(test)]
mod tests;
