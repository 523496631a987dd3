//! Whether the fabric can know the function's port.

use plumb_sdk::facts::{Link, PciFunction};
use plumb_sdk::{Error, Guid, PciAddress, log, partition_key};

use crate::configuration::Configuration;

/// A port that gets a new GUID gets its partitions by it, later. One that keeps its own must
/// have a usable one.
pub(crate) fn check(configuration: &Configuration, function: &PciFunction) -> Result<(), Error> {
    let key = configuration.partition_key.key();
    if configuration.guid.is_some() {
        warn_of_partition(key.map(drop));
        return Ok(());
    }
    let link = function.link()?;
    check_own_guid(&link, function.address())?;
    warn_of_partition(key.and_then(|key| match key {
        Some(key) => partition_key::check_in_table(key, &link),
        None => Ok(()),
    }));
    Ok(())
}

/// The key is for ib-kubernetes, and nothing here puts a port into a partition. A pod that is
/// in those of its port works, so it is no reason to refuse one.
fn warn_of_partition(checked: Result<(), Error>) {
    if let Err(error) = checked {
        log::warning(format!(
            "{}; the pod is in the partitions that its port has",
            error.message
        ));
    }
}

/// Drivers give zero to fresh virtual functions; ones are what is left where a GUID was taken
/// away. The subnet manager gives neither a LID.
fn check_own_guid(link: &Link, address: PciAddress) -> Result<(), Error> {
    match link.mac().port_guid() {
        Some(own) if !own.is_zero() && own != Guid::UNSET => Ok(()),
        own => Err(Error::not_available(format!(
            "the GUID of {} on PCI function {address} is {}, by which no subnet manager can know it: give one by \
             runtimeConfig.infinibandGUID, args.cni.guid or \"guid\", or set node_guid and \
             port_guid of the virtual function on the node (ip-link(8))",
            link.name(),
            own.map_or("not there".to_owned(), |own| own.to_string())
        ))),
    }
}
