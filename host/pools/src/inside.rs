//! Addresses that must lie in a pool's subnet.

use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::range::parse_range;
use super::{AddressRange, Family, Problem};

/// Reads an address of the subnet.
pub(super) fn address_inside(value: &str, subnet: IpNetwork) -> Result<IpAddr, Problem> {
    let address: IpAddr = value.trim().parse().map_err(|_| Problem::Address {
        value: value.to_owned(),
    })?;
    check_family(value, address, subnet)?;
    if subnet.contains(address) {
        Ok(address)
    } else {
        Err(outside(value, subnet))
    }
}

/// Reads a range of which both ends are in the subnet.
pub(super) fn range_inside(entry: &str, subnet: IpNetwork) -> Result<AddressRange, Problem> {
    let range = parse_range(entry)?;
    check_family(entry, range.first, subnet)?;
    if subnet.contains(range.first) && subnet.contains(range.last) {
        Ok(range)
    } else {
        Err(outside(entry, subnet))
    }
}

/// Refuses an address of the other family than the subnet's.
pub(super) fn check_family(value: &str, address: IpAddr, subnet: IpNetwork) -> Result<(), Problem> {
    let family = Family::of(subnet.ip());
    if Family::of(address) == family {
        return Ok(());
    }
    Err(Problem::OtherFamily {
        value: value.to_owned(),
        family,
        subnet,
    })
}

fn outside(value: &str, subnet: IpNetwork) -> Problem {
    Problem::Outside {
        value: value.to_owned(),
        subnet,
    }
}
