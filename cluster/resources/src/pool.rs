//! Pools, as far as networks speak of them. What a `SpiderIPPool` says is read by `plumb-pools`.

use plumb_values::Family;
use plumb_values::similar::question;
use serde_json::Value;

use crate::multus_config::MultusConfig;

/// The kind of a pool.
pub const POOL_KIND: &str = "SpiderIPPool";
/// The kind of addresses that no pool gives out.
pub const RESERVED_KIND: &str = "SpiderReservedIP";
/// The kind of pools that are carved for each application.
pub const SUBNET_KIND: &str = "SpiderSubnet";
/// The kind of what holds for all networks.
pub const COORDINATOR_KIND: &str = "SpiderCoordinator";

/// Why a `SpiderSubnet` is not used, and what serves instead.
pub const SUBNETS_ARE_NOT_USED: &str = "plumb carves no pools out of a SpiderSubnet: write a SpiderIPPool with its subnet, \
     gateway and addresses, and name it in the network's ippools or in the pod's annotation ipam.spidernet.io/ippool";

/// The fields that only the agents can compare with a pod or a node.
const AFFINITIES: [&str; 3] = ["podAffinity", "namespaceAffinity", "nodeAffinity"];

/// A pool without what `plumb-pools` cannot decide where no pod is at hand.
#[must_use]
pub fn without_affinities(pool: &Value) -> Value {
    let mut pool = pool.clone();
    if let Some(specification) = pool.get_mut("spec").and_then(Value::as_object_mut) {
        specification.retain(|field, _| !AFFINITIES.contains(&field.as_str()));
    }
    pool
}

/// Says which of the pools that a network names there are not, among those that are `known`.
#[must_use]
pub fn unknown_pools(network: &MultusConfig, known: &[(&str, Family)]) -> Vec<String> {
    let Some(pools) = &network.pools else {
        return Vec::new();
    };
    let lists = [
        ("ipv4", &pools.ipv4, Family::Ipv4),
        ("ipv6", &pools.ipv6, Family::Ipv6),
    ];
    lists
        .into_iter()
        .flat_map(|(list, names, family)| names.iter().map(move |name| (list, name, family)))
        .filter_map(|(list, name, family)| unknown(list, name, family, known))
        .collect()
}

fn unknown(list: &str, name: &str, family: Family, known: &[(&str, Family)]) -> Option<String> {
    let of_family = known.iter().filter(|(_, other)| *other == family);
    if of_family.clone().any(|(pool, _)| matches(name, pool)) {
        return None;
    }
    if known.iter().any(|(pool, _)| matches(name, pool)) {
        return Some(format!(
            "ippools.{list} has {name:?}, which is a pool of the other family: write it into the other list"
        ));
    }
    Some(match name.contains('*') {
        true => format!("ippools.{list} has {name:?}, and no {family} pool has a name like that"),
        false => {
            let question = question(name, of_family.map(|(pool, _)| *pool));
            let separator = if question.is_empty() { "" } else { ": " };
            format!(
                "ippools.{list} has {name:?}, and no {family} pool has this name{separator}{}",
                question.trim_end()
            )
        }
    })
}

/// Whether a name or a pattern, in which `*` is any number of characters, means a pool.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, behind)) => name.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|start| rest.is_char_boundary(*start))
                .any(|start| matches(behind, &rest[start..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pool_that_is_not_there_is_asked_about() {
        let network = MultusConfig::read(&json!({"metadata": {"name": "n"}, "spec": {"cniType": "macvlan", "macvlan": {
            "master": ["eth1"],
            "ippools": {"ipv4": ["gpu1-net91", "gpu1-*", "rail*", "other", "six"], "ipv6": ["six"]}}}}))
        .unwrap();
        let known = [("gpu1-net11", Family::Ipv4), ("six", Family::Ipv6)];
        assert_eq!(
            unknown_pools(&network, &known),
            [
                "ippools.ipv4 has \"gpu1-net91\", and no IPv4 pool has this name: did you mean \"gpu1-net11\"?",
                "ippools.ipv4 has \"rail*\", and no IPv4 pool has a name like that",
                "ippools.ipv4 has \"other\", and no IPv4 pool has this name",
                "ippools.ipv4 has \"six\", which is a pool of the other family: write it into the other list",
            ]
        );
    }

    #[test]
    fn a_star_is_any_number_of_characters() {
        for (pattern, name, expected) in [
            ("a*", "a", true),
            ("a*c", "abc", true),
            ("a*c", "abd", false),
            ("*rail*1", "rdmarail1", true),
            ("a", "ab", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
