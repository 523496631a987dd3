//! The node's adapters with RDMA devices, in PCI order, which does not depend on names or on who was found first.

use std::collections::BTreeMap;

use plumb_values::PciAddress;
use plumb_values::similar::did_you_mean;

use crate::cni::master::Rail;
use crate::facts::{Facts, LinkFacts, PciFacts, Place};
use crate::policy::names;
use crate::{Code, Error, Result};

/// A link of the host that is a PCI function's own and has an RDMA device: no child such as a VLAN or an IPoIB link, and
/// none that stands for a virtual function.
pub(super) struct Adapter {
    pub link: LinkFacts,
    address: PciAddress,
    driver: Option<String>,
    numa_node: Option<u32>,
    is_virtual: bool,
}

impl Adapter {
    /// What it is beside its name: PCI address, RDMA devices, NUMA node.
    pub fn traits(&self) -> String {
        let numa = match self.numa_node {
            Some(number) => format!("NUMA node {number}"),
            None => "no NUMA node".to_owned(),
        };
        format!(
            "{}, {}, {numa}",
            self.address,
            self.link.rdma_devices.join(" and ")
        )
    }

    fn is_counted(&self, rail: &Rail) -> bool {
        let known = names(&self.link)
            .chain(self.link.rdma_devices.iter().map(String::as_str))
            .chain(self.driver.as_deref());
        !self.is_virtual
            && (rail.numa_node.is_none() || rail.numa_node == self.numa_node)
            && rail
                .like
                .as_ref()
                .is_none_or(|like| like.matches(known, self.driver.as_deref()))
    }
}

/// The adapter of a number.
///
/// # Errors
///
/// [`Code::NOT_AVAILABLE`] with those that the node has.
pub(super) fn rail(rail: &Rail, facts: &dyn Facts) -> Result<Adapter> {
    let mut all = adapters(facts)?;
    all.retain(|adapter| !adapter.is_virtual);
    let place = (0..all.len())
        .filter(|place| all[*place].is_counted(rail))
        .nth(rail.number - 1);
    match place {
        Some(place) => Ok(all.swap_remove(place)),
        None => Err(without(rail, &all)),
    }
}

fn without(rail: &Rail, all: &[Adapter]) -> Error {
    let mut asked = String::new();
    if let Some(number) = rail.numa_node {
        asked.push_str(&format!(" of NUMA node {number}"));
    }
    if let Some(like) = &rail.like {
        asked.push_str(&format!(" that {:?} means", like.to_string()));
    }
    let counted = all.iter().filter(|one| one.is_counted(rail)).count();
    let rails = all.iter().enumerate().map(|(place, adapter)| {
        format!(
            "{}: {} ({})",
            place + 1,
            adapter.link.name,
            adapter.traits()
        )
    });
    let rails = match all {
        [] => "rails are the interfaces of physical functions that have an RDMA device".to_owned(),
        _ => format!(
            "all of its rails are {}",
            rails.collect::<Vec<_>>().join("; ")
        ),
    };
    Error::new(
        Code::NOT_AVAILABLE,
        format!(
            "\"master\" wants rail {}{asked}, and this node has {counted}; {rails}",
            rail.number
        ),
    )
}

/// The adapter of an RDMA device.
///
/// # Errors
///
/// [`Code::NOT_AVAILABLE`] when the node has none, with the devices that it has; [`Code::INVALID_CONFIGURATION`] when the
/// device has several.
pub(super) fn of_rdma_device(device: &str, facts: &dyn Facts) -> Result<Adapter> {
    let all = adapters(facts)?;
    let (mut found, others): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|adapter| adapter.link.rdma_devices.iter().any(|name| name == device));
    match found.len() {
        1 => Ok(found.swap_remove(0)),
        0 => {
            let has = others.iter().map(|adapter| {
                format!(
                    "{} ({})",
                    adapter.link.rdma_devices.join(" and "),
                    adapter.link.name
                )
            });
            let known = others.iter().flat_map(|adapter| &adapter.link.rdma_devices);
            let question = did_you_mean(device, known.map(String::as_str));
            let has = match others.as_slice() {
                [] => "; no interface has one".to_owned(),
                _ => format!("; there are: {}", has.collect::<Vec<_>>().join(", ")),
            };
            Err(Error::new(
                Code::NOT_AVAILABLE,
                format!(
                    "no interface of this node has the RDMA device {device:?} that \"master\" names{has}{}",
                    question.map_or_else(String::new, |question| format!("; {question}"))
                ),
            ))
        }
        _ => {
            let names: Vec<_> = found
                .iter()
                .map(|adapter| adapter.link.name.as_str())
                .collect();
            Err(Error::configuration(format!(
                "the RDMA device {device:?} that \"master\" names has the interfaces {}: name one of them",
                names.join(" and ")
            )))
        }
    }
}

/// All adapters in PCI order; those of one function in the order in which their ports were found.
fn adapters(facts: &dyn Facts) -> Result<Vec<Adapter>> {
    let mut functions: BTreeMap<PciAddress, Option<PciFacts>> = BTreeMap::new();
    let mut adapters = Vec::new();
    for link in facts.links(Place::Host)? {
        let address = link.pci.as_deref().and_then(|pci| pci.parse().ok());
        let Some(address) = address.filter(|_| !link.rdma_devices.is_empty()) else {
            continue;
        };
        let function = match functions.get(&address) {
            Some(known) => known.clone(),
            None => {
                let function = facts.pci_function(&address.to_string())?;
                functions.insert(address, function.clone());
                function
            }
        };
        let function = function.unwrap_or_default();
        let is_own = |own: &[LinkFacts]| own.iter().any(|own| own.name == link.name);
        // Facts from a file may leave out what a function has.
        if !function.links.is_empty() && !is_own(&function.links) {
            continue;
        }
        let numa_node = function
            .numa_node
            .or_else(|| facts.numa_node(Place::Host, &link));
        adapters.push(Adapter {
            address,
            numa_node,
            driver: function.driver,
            is_virtual: function.virtual_function.is_some(),
            link,
        });
    }
    adapters.sort_by_key(|adapter| (adapter.address, adapter.link.index));
    Ok(adapters)
}
