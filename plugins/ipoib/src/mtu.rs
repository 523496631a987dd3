//! What an MTU can be, by the mode (Documentation/infiniband/ipoib.rst of Linux).

use plumb_sdk::Error;
use plumb_sdk::facts::Link;
use plumb_sdk::function::smallest_mtu;
use plumb_sdk::operations::IpoibMode;

use crate::configuration::Configuration;

/// `IPOIB_UD_MTU`: the fabric's largest packet, 4096 bytes, without the IPoIB header. What
/// the port has now may be less; the parent's MTU is what its multicast group carries.
const LARGEST_DATAGRAM: u32 = 4092;

/// `IPOIB_CM_MTU`: 64 KiB without 16 bytes, in which the headers are aligned.
const LARGEST_CONNECTED: u32 = 65520;

/// The child's mode: the wanted one, else the parent's as far as its MTU shows it. The kernel
/// itself gives every child datagram mode.
pub(crate) fn mode(configuration: &Configuration, parent: &Link) -> Option<IpoibMode> {
    let parents = (parent.mtu() > LARGEST_DATAGRAM).then_some(IpoibMode::Connected);
    configuration.mode.or(parents)
}

/// Checks the wanted MTU against the mode and the parent.
pub(crate) fn check(configuration: &Configuration, parent: &Link) -> Result<(), Error> {
    let Some(mtu) = configuration.mtu else {
        return Ok(());
    };
    let largest = match mode(configuration, parent) {
        Some(IpoibMode::Connected) => LARGEST_CONNECTED,
        Some(IpoibMode::Datagram) | None => parent.mtu().min(LARGEST_DATAGRAM),
    };
    let smallest = smallest_mtu(parent);
    if (smallest..=largest).contains(&mtu) {
        return Ok(());
    }
    let hint = match largest {
        LARGEST_CONNECTED => String::new(),
        _ => format!(", or \"mode\": \"connected\" for up to {LARGEST_CONNECTED}"),
    };
    Err(Error::invalid_configuration(format!(
        "mtu {mtu} is not possible below parent {} with its {}: use {smallest} to {largest}{hint}",
        parent.name(),
        parent.mtu()
    )))
}

#[cfg(test)]
mod tests;
