//! `ipam.fromMaster`: pools of the subnets in which the parent has its own addresses, as if the network had stated them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;
use plumb_values::Family;
use plumb_values::range::subtract;
use serde_json::{Map, Value, json};

use crate::cni::from_master::{FromMaster, Gateway, Places};
use crate::facts::{Facts, LinkFacts, Place};
use crate::pools::{self, Pool};
use crate::{Code, Error, Result};

/// The pools, in the form of `ipam.pools` with keys in lower case, and a line about each.
///
/// # Errors
///
/// [`Code::NOT_AVAILABLE`] where the parent has no address of a family, [`Code::INVALID_CONFIGURATION`] where it has several or
/// a place is outside of the subnet.
pub(super) fn pools(
    wanted: &FromMaster,
    parent: &LinkFacts,
    reaches_parent: bool,
    facts: &dyn Facts,
) -> Result<(Vec<Value>, Vec<String>)> {
    let addresses = facts.addresses(Place::Host, parent)?;
    // Another of its interfaces may be in the subnet as well.
    let taken = facts.host_addresses()?;
    let (mut pools, mut lines) = (Vec::new(), Vec::new());
    for family in &wanted.families {
        let subnet = Subnet::of(*family, wanted, parent, &addresses)?;
        let (pool, checked) = subnet.pool(wanted, reaches_parent, &taken)?;
        let usable: Vec<_> = checked.usable().iter().map(ToString::to_string).collect();
        let gateway = match checked.gateway {
            Some(gateway) => format!(", gateway {gateway}"),
            None => String::new(),
        };
        lines.push(format!(
            "\"fromMaster\" is {} on this node, where {} has {}: pods get {}{gateway}",
            subnet.network,
            parent.name,
            list(&subnet.own),
            usable.join(", ")
        ));
        pools.push(pool);
    }
    Ok((pools, lines))
}

/// A subnet of the parent.
struct Subnet<'a> {
    network: IpNetwork,
    /// The parent's own addresses in it.
    own: Vec<IpNetwork>,
    parent: &'a str,
}

impl<'a> Subnet<'a> {
    /// The one subnet of a family, among those that are wanted.
    fn of(
        family: Family,
        wanted: &FromMaster,
        parent: &'a LinkFacts,
        addresses: &[IpNetwork],
    ) -> Result<Self> {
        let of_family = |network: &&IpNetwork| Family::of(network.ip()) == family;
        // Every interface has those of IPv6, and nobody gets one of a pool.
        let is_link_local = |network: &&IpNetwork| match network.ip() {
            IpAddr::V4(_) => false,
            IpAddr::V6(address) => address.is_unicast_link_local(),
        };
        let all: Vec<IpNetwork> = addresses
            .iter()
            .filter(of_family)
            .filter(|network| !is_link_local(network))
            .copied()
            .collect();
        let around: Vec<IpNetwork> = wanted.within.iter().filter(of_family).copied().collect();
        let is_wanted = |network: &&IpNetwork| {
            let inside = |around: &IpNetwork| {
                around.contains(network.ip()) && around.prefix() <= network.prefix()
            };
            around.is_empty() || around.iter().any(inside)
        };
        let mut networks: Vec<IpNetwork> = all.iter().filter(is_wanted).map(network_of).collect();
        networks.sort();
        networks.dedup();
        let name = parent.name.as_str();
        match networks.as_slice() {
            [network] => Ok(Self {
                network: *network,
                own: all
                    .iter()
                    .filter(|own| network.contains(own.ip()))
                    .copied()
                    .collect(),
                parent: name,
            }),
            [] if all.is_empty() => Err(Error::new(
                Code::NOT_AVAILABLE,
                format!(
                    "\"fromMaster\" wants the {family} subnet of the parent {name}, which has no {family} address but {}: give \
                     it one on this node, such as `ip address add 172.16.11.1/24 dev {name}`, or write \"pools\"",
                    list_or_none(addresses)
                ),
            )),
            [] => Err(Error::new(
                Code::NOT_AVAILABLE,
                format!(
                    "\"fromMaster\" wants an {family} subnet of the parent {name} within {}, and it has {}: correct \"within\", \
                     or the address",
                    list(&around),
                    list(&all)
                ),
            )),
            _ => Err(Error::configuration(format!(
                "\"fromMaster\" wants the {family} subnet of the parent {name}, which has several addresses, {}: say which \
                 is meant by \"within\", such as \"within\": \"{}\"",
                list(&all),
                networks[0]
            ))),
        }
    }

    /// The pool that a network could have stated for this node, and what it comes to.
    fn pool(
        &self,
        wanted: &FromMaster,
        reaches_parent: bool,
        taken: &[IpNetwork],
    ) -> Result<(Value, Pool)> {
        let mut pool = Map::new();
        let name = match self.network.is_ipv4() {
            true => "from-master-ipv4",
            false => "from-master-ipv6",
        };
        pool.insert("name".to_owned(), json!(name));
        pool.insert("subnet".to_owned(), json!(self.network.to_string()));
        if let Some(range) = &wanted.range {
            pool.insert("ips".to_owned(), json!([self.range("range", range)?]));
        }
        let taken = taken.iter().map(IpNetwork::ip);
        let own = taken.filter(|address| self.network.contains(*address));
        let mut excluded: Vec<String> = own.map(|address| address.to_string()).collect();
        for places in &wanted.exclude {
            excluded.push(self.range("exclude", places)?);
        }
        pool.insert("excludeips".to_owned(), json!(excluded));
        if let Some(gateway) = self.gateway(wanted.gateway)? {
            if !reaches_parent && self.own.iter().any(|own| own.ip() == gateway) {
                return Err(Error::configuration(format!(
                    "\"gateway\" of \"fromMaster\" is {gateway}, the address of the parent {} itself, which no macvlan or \
                     ipvlan on it can reach: name the leaf's, by \"first\", \"last\" or its place in {}",
                    self.parent, self.network
                )));
            }
            pool.insert("gateway".to_owned(), json!(gateway.to_string()));
        }
        let pool = Value::Object(pool);
        match pools::inline(&json!([pool]))?.pop() {
            Some(checked) if !checked.usable().is_empty() => Ok((pool, checked)),
            _ => Err(Error::new(
                Code::NOT_AVAILABLE,
                format!(
                    "\"fromMaster\" leaves no address of {} for a pod: the parent {} has {}, and the rest is the node's, the gateway, \
                     excluded, outside of \"range\", or nobody's",
                    self.network,
                    self.parent,
                    list(&self.own)
                ),
            )),
        }
    }

    fn gateway(&self, gateway: Gateway) -> Result<Option<IpAddr>> {
        let whole = pools::whole(self.network);
        let usable = subtract(&[whole], &whole.reserved());
        let address = match gateway {
            Gateway::None => return Ok(None),
            Gateway::First => usable.first().map(|range| range.first),
            Gateway::Last => usable.last().map(|range| range.last),
            Gateway::At(place) => {
                let address = self.at("gateway", place)?;
                if !usable.iter().any(|range| range.contains(address)) {
                    return Err(Error::configuration(format!(
                        "\"gateway\" of \"fromMaster\" is {place}, and {address} is no host's address in {}",
                        self.network
                    )));
                }
                Some(address)
            }
        };
        Ok(address)
    }

    fn range(&self, key: &str, places: &Places) -> Result<String> {
        let (first, last) = (self.at(key, *places.start())?, self.at(key, *places.end())?);
        Ok(format!("{first}-{last}"))
    }

    /// The address at a place.
    fn at(&self, key: &str, place: u64) -> Result<IpAddr> {
        let address = match self.network.network() {
            IpAddr::V4(first) => u32::try_from(place)
                .ok()
                .and_then(|place| first.to_bits().checked_add(place))
                .map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
            IpAddr::V6(first) => first
                .to_bits()
                .checked_add(place.into())
                .map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
        };
        address
            .filter(|address| self.network.contains(*address))
            .ok_or_else(|| {
                Error::configuration(format!(
                    "{key:?} of \"fromMaster\" has the place {place}, and {}, the subnet of the parent {}, has 0 to {}",
                    self.network,
                    self.parent,
                    pools::whole(self.network).size() - 1
                ))
            })
    }
}

fn network_of(address: &IpNetwork) -> IpNetwork {
    IpNetwork::new(address.network(), address.prefix())
        .expect("the prefix length was valid for this family before")
}

fn list(networks: &[IpNetwork]) -> String {
    let networks: Vec<_> = networks.iter().map(IpNetwork::to_string).collect();
    networks.join(", ")
}

fn list_or_none(networks: &[IpNetwork]) -> String {
    match networks {
        [] => "none at all".to_owned(),
        networks => list(networks),
    }
}
