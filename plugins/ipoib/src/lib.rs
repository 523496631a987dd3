//! Flavour `ipoib`: the pod gets an IPoIB child of an InfiniBand interface that stays with the
//! node, in the parent's partition or in another one of its port. It carries IP, not RDMA.

mod configuration;
mod mtu;
mod parent;

pub use configuration::Configuration;

use plumb_sdk::operations::{IpoibOptions, bring_up, create_ipoib};
use plumb_sdk::{Error, Flavour, Request, export_flavour, partition_key};

/// The flavour; `export_flavour!` makes the component of it.
pub struct Ipoib;

impl Flavour for Ipoib {
    fn attach(request: &Request) -> Result<(), Error> {
        let configuration = Configuration::read(request)?;
        let parent = parent::find(&configuration)?;
        parent::check(&parent, &configuration)?;

        let link = create_ipoib(
            &parent,
            &IpoibOptions {
                // The kernel makes every child a full member.
                partition_key: configuration
                    .partition_key
                    .map(|key| key | partition_key::FULL_MEMBER),
                mode: mtu::mode(&configuration, &parent),
                user_multicast: configuration.user_multicast,
                mtu: configuration.mtu,
            },
        )?;
        bring_up(&link, request.configured_addresses()?.as_ref())
    }

    fn ready(request: &Request) -> Result<(), Error> {
        let configuration = Configuration::read(request)?;
        let parent = parent::find(&configuration)?;
        parent::check(&parent, &configuration)?;
        parent.check_up()
    }
}

export_flavour!(Ipoib);

#[cfg(test)]
mod tests;
