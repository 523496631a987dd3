//! Which pools may be used, and why the others may not.

use plumb_sdk::pools::{Family, Pool};
use plumb_sdk::{Error, Request, log};

use crate::configuration::Configuration;
use crate::ranges::{self, Span};
use crate::wildcard;

/// A pool that can give this interface an address.
pub(crate) struct Usable<'a> {
    pub pool: &'a Pool,
    /// What it can give out; not empty.
    pub spans: Vec<Span>,
}

/// What one family's address may come from.
pub(crate) struct Selected<'a> {
    pub family: Family,
    /// In the order of fallback; not empty.
    pub pools: Vec<Usable<'a>>,
}

/// The usable pools of each family that the interface gets an address of, IPv4 first.
///
/// Errors: `invalid-configuration` when nothing selects a pool, `not-available` when
/// none of the selected ones is usable, with the reason for each.
pub(crate) fn select<'a>(
    configuration: &Configuration,
    request: &Request,
    pools: &'a [Pool],
) -> Result<Vec<Selected<'a>>, Error> {
    let named = !configuration.ipv4_pools.is_empty() || !configuration.ipv6_pools.is_empty();
    let mut selected = Vec::new();
    let mut refused = Vec::new();
    for (family, names, enabled) in [
        (Family::Ipv4, &configuration.ipv4_pools, configuration.ipv4),
        (Family::Ipv6, &configuration.ipv6_pools, configuration.ipv6),
    ] {
        if !enabled {
            continue;
        }
        let mut reasons = Vec::new();
        let candidates = match named {
            true => by_name(names, pools, &mut reasons)?,
            false => by_nature(configuration, pools, family),
        };
        let usable = filter(candidates, family, request, &mut reasons);
        if !usable.is_empty() {
            selected.push(Selected {
                family,
                pools: usable,
            });
        } else if named && !names.is_empty() {
            // Whoever names a pool of a family wants an address of that family.
            return Err(none_usable(family_name(family), &reasons));
        }
        refused.extend(reasons);
    }
    if selected.is_empty() {
        return Err(match refused.is_empty() {
            true => nothing_selected(configuration, pools),
            false => none_usable("", &refused),
        });
    }
    for reason in refused {
        log::warning(format!("pool left out: {reason}"));
    }
    Ok(selected)
}

/// The family in error messages.
pub(crate) fn family_name(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "IPv4 ",
        Family::Ipv6 => "IPv6 ",
    }
}

/// Name by name, so that the order written is the order of fallback; what one wildcard
/// matches stays in the order of the pools.
fn by_name<'a>(
    names: &[String],
    pools: &'a [Pool],
    reasons: &mut Vec<String>,
) -> Result<Vec<&'a Pool>, Error> {
    let mut found: Vec<&Pool> = Vec::new();
    for name in names {
        let mut any = false;
        for pool in pools {
            let matches = match wildcard::is_pattern(name) {
                true => wildcard::matches(name, &pool.name).ok_or_else(|| malformed(name))?,
                false => *name == pool.name,
            };
            if matches {
                any = true;
                if !found.iter().any(|other| other.name == pool.name) {
                    found.push(pool);
                }
            }
        }
        if !any {
            reasons.push(format!("{name}: no pool has this name"));
        }
    }
    Ok(found)
}

fn by_nature<'a>(
    configuration: &Configuration,
    pools: &'a [Pool],
    family: Family,
) -> Vec<&'a Pool> {
    pools
        .iter()
        .filter(|pool| pool.family == family)
        .filter(|pool| configuration.has_inline_pools || pool.is_default)
        .collect()
}

fn filter<'a>(
    candidates: Vec<&'a Pool>,
    family: Family,
    request: &Request,
    reasons: &mut Vec<String>,
) -> Vec<Usable<'a>> {
    let mut usable = Vec::new();
    for pool in candidates {
        match check(pool, family, request) {
            Ok(spans) => usable.push(Usable { pool, spans }),
            Err(reason) => reasons.push(format!("{}: {reason}", pool.name)),
        }
    }
    usable
}

/// What the pool can give to this pod on this node, or why nothing.
fn check(pool: &Pool, family: Family, request: &Request) -> Result<Vec<Span>, String> {
    if pool.family != family {
        return Err(format!("it is of the other family ({})", pool.subnet));
    }
    if pool.disabled {
        return Err("it is disabled".to_owned());
    }
    if !pool.nodes.is_empty() && !pool.nodes.contains(&request.node) {
        return Err(format!(
            "it is for the nodes {}, this one is {:?}",
            pool.nodes.join(", "),
            request.node
        ));
    }
    if !pool.namespaces.is_empty() {
        let allowed = pool.namespaces.join(", ");
        match &request.pod {
            None => {
                return Err(format!(
                    "it is for the namespaces {allowed}, and the runtime did not tell the pod's"
                ));
            }
            Some(pod) if !pool.namespaces.contains(&pod.namespace) => {
                return Err(format!(
                    "it is for the namespaces {allowed}, the pod is in {:?}",
                    pod.namespace
                ));
            }
            Some(_) => {}
        }
    }
    let spans = ranges::usable(pool);
    if spans.is_empty() {
        return Err("all of its addresses are excluded".to_owned());
    }
    Ok(spans)
}

fn malformed(name: &str) -> Error {
    Error::invalid_configuration(format!(
        "pool name {name:?} is a malformed wildcard: close each \"[\", and write a range as \"[a-z]\""
    ))
}

fn none_usable(family: &str, reasons: &[String]) -> Error {
    Error::not_available(format!("no {family}pool is usable: {}", reasons.join("; ")))
}

fn nothing_selected(configuration: &Configuration, pools: &[Pool]) -> Error {
    if !configuration.ipv4 && !configuration.ipv6 {
        return Error::invalid_configuration(
            "both \"enable_ipv4\" and \"enable_ipv6\" are false: no address could be given",
        );
    }
    let names: Vec<&str> = pools.iter().map(|pool| pool.name.as_str()).collect();
    let error = Error::invalid_configuration(
        "no pool is selected: name pools in \"default_ipv4_ippool\" or \"default_ipv6_ippool\" of \"ipam\", \
         write them in its \"pools\", or mark a pool of the pool folder as default",
    );
    match names.is_empty() {
        true => error.with_details("the host found no pool at all"),
        false => error.with_details(format!("pools that the host found: {}", names.join(", "))),
    }
}
