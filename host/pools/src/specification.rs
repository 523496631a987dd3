//! The rules that hold for a pool wherever it was written.

use plumb_values::range::merge;

use super::fields::Fields;
use super::inside::{address_inside, range_inside};
use super::range::{parse_network, parse_range};
use super::routes::routes;
use super::unsupported::refuse_unsupported;
use super::{AddressRange, Error, Family, NetworkName, Pool, Problem};

/// The fields of a `SpiderIPPool`'s `spec`, as Spiderpool writes them.
pub(super) const POOL_FIELDS: &[&str] = &[
    "subnet",
    "ips",
    "excludeIPs",
    "gateway",
    "routes",
    "ipVersion",
    "default",
    "disable",
    "namespaceName",
    "nodeName",
    "podAffinity",
    "namespaceAffinity",
    "nodeAffinity",
    "multusName",
    "vlan",
];

const RANGES: &str = "a list of ranges like [\"172.16.0.10-172.16.0.20\", \"172.16.0.30\"]";
const NAMES: &str = "a list of names";

/// Reads and checks the fields of a pool.
pub(super) fn read_pool(name: &str, fields: &Fields<'_>) -> Result<Pool, Error> {
    refuse_unsupported(fields)?;
    let subnet = fields.required_text("subnet", "a network like 172.16.0.0/16")?;
    let subnet = parse_network(subnet).map_err(|problem| fields.error("subnet", problem))?;
    let family = Family::of(subnet.ip());
    check_version(fields, &[(subnet.to_string(), family)])?;
    let ranges = |field| {
        let read = |entry: &str| range_inside(entry, subnet);
        fields.texts(field, RANGES, read).map(merge)
    };
    Ok(Pool {
        name: name.to_owned(),
        family,
        subnet,
        ranges: ranges("ips")?,
        excluded: ranges("excludeIPs")?,
        gateway: fields
            .text("gateway")?
            .map(|value| {
                address_inside(value, subnet).map_err(|problem| fields.error("gateway", problem))
            })
            .transpose()?,
        routes: routes(fields, subnet)?,
        is_default: fields.flag("default")?,
        disabled: fields.flag("disable")?,
        namespaces: fields.texts("namespaceName", NAMES, non_empty)?,
        nodes: fields.texts("nodeName", NAMES, non_empty)?,
        networks: fields.texts("multusName", NAMES, network_name)?,
        file: None,
        shared: false,
        unusable: None,
        by_pod_affinity: false,
    })
}

/// Reads the `spec` of a `SpiderReservedIP`: addresses that no pool gives out.
pub(super) fn read_reserved(fields: &Fields<'_>) -> Result<Vec<AddressRange>, Error> {
    fields.only(&["ips", "ipVersion"])?;
    let ranges = fields.texts("ips", RANGES, parse_range)?;
    let families: Vec<_> = ranges
        .iter()
        .map(|range| (range.to_string(), range.family()))
        .collect();
    check_version(fields, &families)?;
    Ok(ranges)
}

/// A pool's name is part of messages, leases and the patterns that select pools, so it
/// keeps to the characters of Kubernetes names, and `_` and capitals beside. It begins as those do:
/// nobody takes it for a flag or a hidden file.
pub(super) fn check_name(name: &str) -> Result<(), Problem> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let begins = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    if begins && name.len() <= 253 && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(Problem::Unexpected {
        value: format!("{name:?}"),
        expected: "a letter or digit, then up to 252 letters, digits, `.`, `_` or `-`",
    })
}

/// Compares `ipVersion`, when written, with the family of each value.
fn check_version(fields: &Fields<'_>, values: &[(String, Family)]) -> Result<(), Error> {
    let Some(written) = fields.value("ipVersion") else {
        return Ok(());
    };
    let (version, expected) = match written.as_u64() {
        Some(4) => (4, Family::Ipv4),
        Some(6) => (6, Family::Ipv6),
        _ => return Err(fields.unexpected("ipVersion", written, "4 or 6")),
    };
    match values.iter().find(|(_, family)| *family != expected) {
        None => Ok(()),
        Some((value, family)) => Err(fields.error(
            "ipVersion",
            Problem::Version {
                version,
                value: value.clone(),
                family: *family,
            },
        )),
    }
}

/// The name of a network, as `NAMESPACE/NAME` or alone.
fn network_name(written: &str) -> Result<NetworkName, Problem> {
    let (namespace, name) = match written.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, written),
    };
    let is_name = |part: &str| !part.trim().is_empty() && !part.contains('/');
    if is_name(name) && namespace.is_none_or(is_name) {
        return Ok(NetworkName {
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        });
    }
    Err(Problem::Unexpected {
        value: format!("{written:?}"),
        expected: "the name of a network, or NAMESPACE/NAME of its NetworkAttachmentDefinition",
    })
}

fn non_empty(name: &str) -> Result<String, Problem> {
    if name.trim().is_empty() {
        return Err(Problem::Unexpected {
            value: format!("{name:?}"),
            expected: "a name",
        });
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests;
