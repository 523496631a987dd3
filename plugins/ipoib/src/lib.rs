//! Flavour `ipoib`: the pod gets an IPoIB child of an InfiniBand interface that stays with the
//! node, in the parent's partition or in another one of its port. It carries IP, not RDMA.

mod configuration;
mod mtu;
mod parent;

pub use configuration::Configuration;

use plumb_sdk::operations::{IpoibOptions, bring_up, create_ipoib};
use plumb_sdk::{Error, Flavour, Request, export_flavour, partition_key};

use parent::Parent;

/// The flavour; `export_flavour!` makes the component of it.
pub struct Ipoib;

impl Flavour for Ipoib {
    fn attach(request: Request) -> Result<(), Error> {
        let configuration = Configuration::read(&request)?;
        let parent = Parent::find(&configuration)?;
        parent.check(&configuration)?;

        let link = create_ipoib(
            &parent.link,
            IpoibOptions {
                // The kernel makes every child a full member.
                partition_key: configuration
                    .partition_key
                    .map(|key| key | partition_key::FULL_MEMBER),
                mode: mtu::mode(&configuration, &parent.facts),
                user_multicast: configuration.user_multicast,
                mtu: configuration.mtu,
            },
        )?;
        bring_up(&link, request.configured_addresses())
    }

    fn ready(request: Request) -> Result<(), Error> {
        let configuration = Configuration::read(&request)?;
        let parent = Parent::find(&configuration)?;
        parent.check(&configuration)?;
        parent.facts.check_up()
    }
}

export_flavour!(Ipoib);

#[cfg(test)]
mod tests;
