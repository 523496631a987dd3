//! The addresses of an interface with their leases.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb::kernel::link::Link;

use super::interfaces::Sources;
use super::model::{Address, Difference};
use super::places::{is_lost, merged};
use super::recorded::Recorded;

/// Those of the record and of the pod. A claim of the record without a lease is a difference.
pub fn addresses(
    sources: &Sources<'_>,
    recorded: &Recorded,
    link: Option<&Link>,
    differences: &mut Vec<Difference>,
) -> Vec<Address> {
    let present = sources
        .namespace
        .map(|namespace| link.map_or_else(Vec::new, |link| namespace.addresses(link.index)));
    let lease = |address: IpAddr| {
        let mut leases = sources.leases.unwrap_or_default().iter();
        leases.find(|lease| lease.address == address)
    };
    for (claimed, pools) in &recorded.claims {
        if sources.leases.is_some() && lease(*claimed).is_none() {
            differences.push(Difference {
                record: format!("address {claimed} claimed from pool {pools}"),
                place: "leases",
                found: "no lease of it".to_owned(),
            });
        }
    }
    let same = |one: &IpNetwork, other: &IpNetwork| one == other;
    merged(&recorded.addresses, present.as_deref(), same)
        .into_iter()
        .map(|(address, places)| {
            if is_lost(places) {
                differences.push(Difference::in_pod(
                    format!("address {address}"),
                    "no such address",
                ));
            }
            let claims = recorded.claims.iter();
            let claimed = claims.filter(|(claimed, _)| *claimed == address.ip());
            let pools = claimed.map(|(_, pools)| pools.clone()).next();
            Address {
                address,
                pool: lease(address.ip())
                    .map(|lease| lease.pool.clone())
                    .or(pools),
                ipam_plugin: recorded.ipam_plugin.clone().filter(|_| places.recorded),
                places,
            }
        })
        .collect()
}
