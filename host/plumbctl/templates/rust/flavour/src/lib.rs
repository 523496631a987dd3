//! Flavour `{{name}}`: the pod gets a macvlan child of the network's `master`.

use plumb_sdk::prelude::*;

/// The keys of a network. They are found in any letter case, and `plumbctl component show` prints them with these words.
#[derive(Keys)]
struct Keys {
    /// The interface of the node that the pod's is made on.
    master: HostLink,
    /// Bytes; the master's when it is left out.
    mtu: Option<u32>,
}

/// What an operator is asked to grant stands in `uses`. Nothing happens here: steps are recorded, and plumb takes them
/// and undoes them.
#[flavour(uses(create_macvlan, set_link_sysctl, set_up, assign_addresses))]
fn attach(keys: Keys, request: &Request) -> Result<()> {
    let link = Macvlan::on(&keys.master).mtu(keys.mtu).create()?;
    link.bring_up(request.configured_addresses()?)?;
    Ok(())
}

#[cfg(test)]
mod tests;
