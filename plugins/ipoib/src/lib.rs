//! Flavour `ipoib`: the pod gets an IPoIB child of an InfiniBand interface that stays with the
//! node, in the parent's partition or in another one of its port. It carries IP, not RDMA.

mod configuration;
mod parent;

pub use configuration::Configuration;

use plumb_sdk::prelude::*;

#[flavour(
    uses(create_ipoib, set_link_sysctl, assign_addresses, set_up),
    keys = Configuration,
    ready = ready
)]
fn attach(request: &Request) -> Result<()> {
    let configuration = Configuration::read(request)?;
    let parent = parent::find(&configuration)?;
    let link = parent::child(&parent, &configuration)?.create()?;
    link.bring_up(request.configured_addresses()?).map(drop)
}

fn ready(request: &Request) -> Result<()> {
    let configuration = Configuration::read(request)?;
    let parent = parent::find(&configuration)?;
    parent::child(&parent, &configuration)?.check()?;
    parent.check_up()
}

#[cfg(test)]
mod tests;
