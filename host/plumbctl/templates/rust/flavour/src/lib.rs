//! Flavour `{{name}}`: the pod gets a macvlan child of the network's `master`.

use plumb_sdk::operations::{MacvlanOptions, bring_up, create_macvlan};
use plumb_sdk::{Error, Flavour, Request, export_flavour, facts};
use serde::Deserialize;

/// The keys of a network. They come in lower case, however they were written.
#[derive(Deserialize)]
struct Keys {
    master: String,
    mtu: Option<u32>,
}

/// The flavour; `export_flavour!` makes the component of it.
pub struct Macvlan;

impl Flavour for Macvlan {
    fn attach(request: &Request) -> Result<(), Error> {
        let keys: Keys = request.configuration()?;
        let parent = facts::get_link(facts::Place::Host, &keys.master)?;
        let options = MacvlanOptions {
            mtu: keys.mtu,
            ..Default::default()
        };
        let link = create_macvlan(&parent, &options)?;
        bring_up(&link, request.configured_addresses()?.as_ref())
    }
}

export_flavour!(Macvlan);

#[cfg(test)]
mod tests;
