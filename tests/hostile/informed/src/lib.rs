//! An address policy for the tests: the last byte of the pod's address is that of the parent's own address and the number of
//! the network's `rank`, and what it knows of the interface is in the log.

use std::net::{IpAddr, Ipv4Addr};

use plumb_sdk::facts::Link;
use plumb_sdk::pools::{Candidate, Pool, Proposal};
use plumb_sdk::{AddressPolicy, AddressRange, Error, Request, export_address_policy, log};
use serde::Deserialize;

/// The keys, in lower case.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Keys {
    ipam: Ipam,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ipam {
    rank: u8,
    /// The code of an error in place of a proposal.
    refuse: String,
    /// Whether it passes when the address is taken.
    passing: bool,
    /// Proposes no range.
    nothing: bool,
}

/// The policy.
pub struct Informed;

impl AddressPolicy for Informed {
    fn propose(request: &Request, pools: &[Pool]) -> Result<Proposal, Error> {
        let Ipam {
            rank,
            refuse,
            passing,
            nothing,
        } = request.configuration::<Keys>()?.ipam;
        if !refuse.is_empty() {
            const REASON: &str = "the fabric's controller does not answer yet";
            return Err(match refuse.as_str() {
                "try-again-later" => Error::try_again_later(REASON),
                _ => Error::not_available(REASON),
            });
        }
        let parent = request.parent();
        log::info(describe(request, parent.as_ref())?);
        let own = parent.as_ref().map(Link::addresses).transpose()?;
        let own = own.unwrap_or_default();
        let base = own.iter().find_map(|own| match own.address {
            IpAddr::V4(address) => Some(address.octets()[3]),
            IpAddr::V6(_) => None,
        });
        let Some(pool) = pools.first() else {
            return Err(Error::not_available("there is no pool"));
        };
        let address = match pool.subnet().address {
            IpAddr::V4(subnet) => {
                let [a, b, c, _] = subnet.octets();
                Ipv4Addr::new(a, b, c, base.unwrap_or_default() + rank)
            }
            IpAddr::V6(_) => return Err(Error::not_available("the pool is of IPv6")),
        };
        let ranges = match nothing {
            true => Vec::new(),
            false => vec![AddressRange::single(address.into())],
        };
        let proposal = Proposal::new().with_claim(vec![Candidate::new(pool, &ranges)]);
        Ok(match passing {
            true => proposal.try_again_later(),
            false => proposal,
        })
    }
}

export_address_policy!(Informed);

/// `node node-1 mac 02:00:00:00:00:01 on nic0 mtu 1500 numa none 10.0.0.5/24`
fn describe(request: &Request, parent: Option<&Link>) -> Result<String, Error> {
    let text = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
    let asked = text(request.mac().map(|mac| mac.to_string()));
    let planned = text(request.planned_mac().map(|mac| mac.to_string()));
    let parent = match parent {
        Some(parent) => {
            let addresses = parent.addresses()?;
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            format!(
                "{} mtu {} numa {} {}",
                parent.name(),
                parent.mtu(),
                text(parent.numa_node().map(|node| node.to_string())),
                addresses.join(", ")
            )
        }
        None => "none".to_owned(),
    };
    Ok(format!(
        "node {} asked {asked} planned {planned} on {parent}",
        request.node()
    ))
}
