//! The interface that the pod's is made of.

use plumb_sdk::facts::{Link, LinkFacts, LinkType, Place, get_link};
use plumb_sdk::function::Function;
use plumb_sdk::{Error, log, partition_key};

use crate::configuration::Configuration;
use crate::mtu;

/// The parent, with what the kernel says about it.
pub(crate) struct Parent {
    pub link: Link,
    pub facts: LinkFacts,
}

impl Parent {
    /// Looks the parent up by its name.
    pub fn find(configuration: &Configuration) -> Result<Self, Error> {
        let link = get_link(Place::Host, &configuration.master)?;
        let facts = link.facts();
        if !facts.up {
            log::warning(format!("parent {} is down", facts.name));
        }
        Ok(Self { link, facts })
    }

    /// Refuses what the kernel would refuse with a bare EINVAL, and a partition in which the
    /// child would never get carrier.
    pub fn check(&self, configuration: &Configuration) -> Result<(), Error> {
        self.check_type()?;
        self.check_no_child()?;
        mtu::check(configuration, &self.facts)?;
        match configuration.partition_key {
            Some(key) => partition_key::check_in_table(key, &self.facts),
            None => Ok(()),
        }
    }

    fn check_type(&self) -> Result<(), Error> {
        if self.facts.link_type == LinkType::Infiniband {
            return Ok(());
        }
        Err(Error::invalid_configuration(format!(
            "parent {} is a link for {}, ipoib needs InfiniBand: name another in \"master\", such as \
             \"ib0\", or use type macvlan on Ethernet",
            self.facts.name, self.facts.link_type
        )))
    }

    /// The kernel makes no children of children. A child has no device of its own; where it is
    /// shown with its parent's, it is not among the interfaces of the PCI function.
    fn check_no_child(&self) -> Result<(), Error> {
        let parents = match &self.facts.pci {
            None if self.facts.rdma_devices.is_empty() => "its parent".to_owned(),
            None => return Ok(()),
            Some(address) => {
                let links = Function::at(address)?.facts.links;
                if links.iter().any(|link| link.name == self.facts.name) {
                    return Ok(());
                }
                let names: Vec<&str> = links.iter().map(|link| link.name.as_str()).collect();
                names.join(" or ")
            }
        };
        Err(Error::invalid_configuration(format!(
            "parent {} is itself a child, of which the kernel makes none: use {parents} in \
             \"master\", and \"pkey\" for the partition",
            self.facts.name
        )))
    }
}
