//! What networks may use of the node.

use std::fmt::Display;
use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb_values::{Device, Pattern};

use super::{Policy, Profile};
use crate::facts::{Facts, LinkFacts, PciFacts, Place};
use crate::kernel::bond::BOND;
use crate::kernel::create_link::VLAN;
use crate::mark::Mark;
use crate::pools::Pool;
use crate::{Code, Error, Result};

/// How many links are looked at one below another, as a VLAN on a bond: the kernel allows eight (`MAX_NEST_DEV`,
/// linux/netdevice.h).
const NESTING: usize = 8;

/// Lists of what is allowed. A list that is left out allows everything or nothing: the profile says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Networks {
    /// Links of the host that interfaces are made on. The link of the node's default route counts only where it is
    /// named letter for letter.
    pub parents: Option<Vec<Pattern>>,
    /// PCI functions that pods get: by their addresses, the links of their physical functions, or their drivers.
    pub functions: Option<Vec<Pattern>>,
    /// Flavours, by the names of their components.
    pub flavours: Option<Vec<String>>,
    /// Address policies and IPAM plugins.
    pub ipam: Option<Vec<String>>,
    /// Networks that contain the subnets of pools which network configurations state themselves.
    pub address_space: Option<Vec<IpNetwork>>,
}

impl Policy {
    /// Whether networks may use a flavour.
    ///
    /// # Errors
    ///
    /// [`Code::DENIED`], here and below, with the rule and the file.
    pub fn check_flavour(&self, name: &str) -> Result<()> {
        let allowed = |names: &Vec<String>| names.iter().any(|other| other == name);
        self.check("flavours", &self.networks.flavours, allowed, || {
            format!("the flavour {name}")
        })
    }

    /// Whether networks may use an address policy or an IPAM plugin.
    pub fn check_ipam(&self, name: &str) -> Result<()> {
        let allowed = |names: &Vec<String>| names.iter().any(|other| other == name);
        self.check("ipam", &self.networks.ipam, allowed, || {
            format!("the ipam {name}")
        })
    }

    /// Whether networks may state a pool of this subnet.
    pub fn check_pool(&self, pool: &Pool) -> Result<()> {
        let subnet = pool.subnet;
        let allowed = |spaces: &Vec<IpNetwork>| {
            spaces
                .iter()
                .any(|space| space.contains(subnet.ip()) && space.prefix() <= subnet.prefix())
        };
        self.check(
            "address-space",
            &self.networks.address_space,
            allowed,
            || format!("the subnet {subnet} of the pool {}", pool.name),
        )
    }

    /// Whether the node may be led to a pod of this address: what the node sends there goes to the pod then, whatever else
    /// leads there.
    pub fn check_route_to_pod(&self, address: IpAddr) -> Result<()> {
        let allowed = |spaces: &Vec<IpNetwork>| spaces.iter().any(|space| space.contains(address));
        self.check(
            "address-space",
            &self.networks.address_space,
            allowed,
            || format!("a route of the node to the address {address} of a pod"),
        )
    }

    /// Whether networks may make interfaces on some links of the host only: to look at a parent costs two per cent of
    /// an ADD.
    pub fn limits_parents(&self) -> bool {
        self.networks.parents.is_some() || self.profile == Profile::Shared
    }

    /// Whether networks may make interfaces on a link of the host. What plumb made for them counts as what it consists of: of
    /// that, networks may use all.
    pub fn check_parent(&self, link: &LinkFacts, facts: &dyn Facts) -> Result<()> {
        self.check_stacked_parent(link, facts, NESTING)
    }

    fn check_stacked_parent(
        &self,
        link: &LinkFacts,
        facts: &dyn Facts,
        nesting: usize,
    ) -> Result<()> {
        if !self.limits_parents() {
            return Ok(());
        }
        let driver = driver(link, facts)?;
        let rules = self.networks.parents.as_deref().unwrap_or_default();
        if rules.iter().any(|rule| rule.names(names(link))) {
            return Ok(());
        }
        let is_matched = rules
            .iter()
            .any(|rule| rule.matches(names(link), driver.as_deref()));
        if !is_matched && nesting > 0 && is_made_for_pods(link) {
            let below = facts.links_below(link)?;
            if !below.is_empty() {
                return below
                    .iter()
                    .try_for_each(|link| self.check_stacked_parent(link, facts, nesting - 1));
            }
        }
        let is_management = || {
            let default = facts.default_route_link(Place::Host)?;
            Ok::<_, Error>(default.is_some_and(|default| default.index == link.index))
        };
        if is_matched && is_management()? {
            return Err(self.denied(
                "parents",
                &format!(
                    "the parent {}, by which the node's default route leads, unless it is named letter for letter",
                    link.name
                ),
                rules,
            ));
        }
        self.check(
            "parents",
            &self.networks.parents,
            |_| is_matched,
            || format!("the parent {}", link.name),
        )
    }

    /// Whether networks may make a link of the host a member of a bond, which takes it from all else. One by which the node's
    /// default route leads, by whatever is on it, never is unless it is named: the node would be lost.
    pub fn check_member(&self, link: &LinkFacts, facts: &dyn Facts) -> Result<()> {
        self.check_parent(link, facts)?;
        let rules = self.networks.parents.as_deref().unwrap_or_default();
        if rules.iter().any(|rule| rule.names(names(link))) {
            return Ok(());
        }
        let leading = links_of_default_route(facts)?;
        match leading.iter().any(|other| other.index == link.index) {
            false => Ok(()),
            true => Err(self.denied(
                "parents",
                &format!(
                    "{} as a member of a bond, because the node's default route leads by it, unless it is named letter \
                     for letter",
                    link.name
                ),
                rules,
            )),
        }
    }

    /// Whether a pod may get a PCI function. One whose link carries the node's default route is never given away
    /// unless it is named: the node would be lost.
    pub fn check_function(&self, function: &PciFacts, facts: &dyn Facts) -> Result<()> {
        let rules = self.networks.functions.as_deref().unwrap_or_default();
        if rules
            .iter()
            .any(|rule| rule.names([&*function.address].into_iter()))
        {
            return Ok(());
        }
        if !function.links.is_empty()
            && let Some(default) = facts.default_route_link(Place::Host)?
            && function
                .links
                .iter()
                .any(|link| link.index == default.index)
        {
            return Err(self.denied(
                "functions",
                &format!(
                    "the {}, by whose link {} the node's default route leads, unless its address is \
                     named letter for letter",
                    Device(&function.address),
                    default.name
                ),
                rules,
            ));
        }
        let names = function_names(function);
        let allowed = |rules: &Vec<Pattern>| {
            rules
                .iter()
                .any(|rule| rule.matches(names.clone(), function.driver.as_deref()))
        };
        self.check("functions", &self.networks.functions, allowed, || {
            format!("the {}", Device(&function.address))
        })
    }

    fn check<T: Display>(
        &self,
        rule: &str,
        list: &Option<Vec<T>>,
        allowed: impl FnOnce(&Vec<T>) -> bool,
        what: impl FnOnce() -> String,
    ) -> Result<()> {
        match list {
            None if self.profile == Profile::Compatible => Ok(()),
            None => Err(self.denied(rule, &what(), &[] as &[T])),
            Some(list) if allowed(list) => Ok(()),
            Some(list) => Err(self.denied(rule, &what(), list)),
        }
    }

    fn denied<T: Display>(&self, rule: &str, what: &str, allowed: &[T]) -> Error {
        let allowed = match allowed {
            [] => "nothing".to_owned(),
            allowed => allowed
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        };
        Error::new(
            Code::DENIED,
            format!(
                "the node's policy does not let networks use {what}: networks.{rule} in {} allows {allowed}",
                self.place()
            ),
        )
    }
}

/// The names that a pattern may mean a PCI function by: its address, and those of the physical function's link.
pub fn function_names(function: &PciFacts) -> impl Iterator<Item = &str> + Clone {
    let parent = function.parent_link.iter().flat_map(names);
    std::iter::once(&*function.address).chain(parent)
}

/// The names that a pattern may mean a link by.
pub fn names(link: &LinkFacts) -> impl Iterator<Item = &str> + Clone {
    std::iter::once(&*link.name).chain(link.alternative_names.iter().map(String::as_str))
}

/// Whether plumb made a link for networks of type `ifacer`. No pod can give a link of the host a text, or make one.
fn is_made_for_pods(link: &LinkFacts) -> bool {
    matches!(link.kind.as_deref(), Some(VLAN | BOND)) && Mark::of(link.alias.as_deref()).is_some()
}

/// The links of the host by which its default route leads: that of the route, and what lies below it, one below another.
///
/// # Errors
///
/// Where the kernel does not say.
pub fn links_of_default_route(facts: &dyn Facts) -> Result<Vec<LinkFacts>> {
    let mut uppers: Vec<LinkFacts> = facts.default_route_link(Place::Host)?.into_iter().collect();
    let mut leading = Vec::new();
    for _ in 0..=NESTING {
        let mut below = Vec::new();
        for upper in &uppers {
            below.extend(facts.links_below(upper)?);
        }
        leading.append(&mut uppers);
        uppers = below;
    }
    Ok(leading)
}

/// The driver that a pattern may mean a link by: that of its device, or the kind of one without a device.
pub fn driver(link: &LinkFacts, facts: &dyn Facts) -> Result<Option<String>> {
    match &link.pci {
        Some(address) => Ok(facts
            .pci_function(address)?
            .and_then(|function| function.driver)),
        None => Ok(link.kind.clone()),
    }
}
