//! Whether the fabric can know the function's port.

use plumb_sdk::facts::LinkFacts;
use plumb_sdk::function::Function;
use plumb_sdk::guid::{self, Guid};
use plumb_sdk::{Error, mac, partition_key};

use crate::configuration::Configuration;

/// A port that gets a new GUID gets its partitions by it, later. One that keeps its own must
/// have a usable one and be in the partition.
pub(crate) fn check(configuration: &Configuration, function: &Function) -> Result<(), Error> {
    if configuration.guid.is_some() {
        return Ok(());
    }
    let link = function.link()?;
    check_own_guid(link, &function.facts.address)?;
    match configuration.partition_key {
        Some(key) => partition_key::check_in_table(key, link),
        None => Ok(()),
    }
}

/// Drivers give zero to fresh virtual functions; ones are what is left where a GUID was taken
/// away. The subnet manager gives neither a LID.
fn check_own_guid(link: &LinkFacts, address: &str) -> Result<(), Error> {
    let unset: [Guid; 2] = [[0; 8], [0xff; 8]];
    match guid::of_link(link) {
        Some(own) if !unset.contains(&own) => Ok(()),
        own => Err(Error::not_available(format!(
            "the GUID of {} on PCI function {address} is {}, by which no subnet manager can know it: give one by \
             runtimeConfig.infinibandGUID, args.cni.guid or \"guid\", or set node_guid and \
             port_guid of the virtual function on the node (ip-link(8))",
            link.name,
            own.map_or("not there".to_owned(), |own| mac::format(&own))
        ))),
    }
}
