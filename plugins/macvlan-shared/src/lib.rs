//! Flavour `macvlan-shared`: the pod gets a macvlan or ipvlan child of a link that stays
//! with the node. On a RoCE adapter the pod shares its RDMA device: the kernel shows in
//! the pod the GIDs of the pod's own interface.

mod configuration;
mod parent;
mod rdma;

pub use configuration::{Child, Configuration, Ipvlan, Macvlan};

use plumb_sdk::operations::{
    IpvlanOptions, MacvlanOptions, PodLink, bring_up, create_ipvlan, create_macvlan,
    previous_addresses,
};
use plumb_sdk::routing::Addresses;
use plumb_sdk::{Error, Flavour, Request, export_flavour};

use parent::Parent;

/// The flavour; `export_flavour!` makes the component of it.
pub struct MacvlanShared;

impl Flavour for MacvlanShared {
    fn attach(request: &Request) -> Result<(), Error> {
        let configuration = Configuration::read(request)?;
        let addresses = addresses(&configuration, request)?;
        let parent = Parent::find(&configuration, request)?;
        parent.check(&configuration)?;
        rdma::check(&configuration, &parent)?;

        let link = create(&configuration, &parent)?;
        bring_up(&link, addresses.as_ref())
    }

    fn ready(request: &Request) -> Result<(), Error> {
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
}

export_flavour!(MacvlanShared);

/// A macvlan without addresses is a layer 2 attachment. An ipvlan without addresses
/// receives nothing: the kernel delivers by address.
fn addresses(configuration: &Configuration, request: &Request) -> Result<Option<Addresses>, Error> {
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

fn create(configuration: &Configuration, parent: &Parent) -> Result<PodLink, Error> {
    match &configuration.child {
        Child::Macvlan(macvlan) => create_macvlan(
            &parent.link,
            &MacvlanOptions {
                mode: macvlan.mode,
                mtu: configuration.mtu,
                mac: macvlan.mac,
                broadcast_queue_length: macvlan.broadcast_queue_length,
            },
        ),
        Child::Ipvlan(ipvlan) => create_ipvlan(
            &parent.link,
            &IpvlanOptions {
                mode: ipvlan.mode,
                mtu: configuration.mtu,
            },
        ),
    }
}

#[cfg(test)]
mod tests;
