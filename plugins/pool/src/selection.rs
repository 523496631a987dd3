//! Which pools may be used, and why the others may not.

use plumb_sdk::pools::Pool;
use plumb_sdk::{AddressRange, Error, Family, Request, UnusablePool, did_you_mean, log};

use crate::configuration::Configuration;
use crate::wildcard;

/// A pool with what is compared for every one: each look at a pool is a call of the host.
struct Known<'a> {
    pool: &'a Pool,
    name: String,
    family: Family,
}

/// A pool that the host does not pass, or a file of pools that it cannot read.
struct Unusable {
    name: Option<String>,
    is_default: bool,
    reason: String,
}

impl Unusable {
    fn of(pool: &UnusablePool) -> Self {
        Self {
            name: pool.name(),
            is_default: pool.is_default(),
            reason: pool.reason(),
        }
    }

    fn in_words(&self) -> String {
        match &self.name {
            Some(name) => format!("{name}: {}", self.reason),
            None => self.reason.clone(),
        }
    }
}

/// A pool that can give this interface an address.
pub(crate) struct Usable<'a> {
    pub pool: &'a Pool,
    pub name: String,
    /// What it can give out; not empty.
    pub ranges: Vec<AddressRange>,
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
    let pools: Vec<Known> = pools
        .iter()
        .map(|pool| Known {
            pool,
            name: pool.name(),
            family: pool.family(),
        })
        .collect();
    let unusable: Vec<Unusable> = request.unusable_pools().iter().map(Unusable::of).collect();
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
            true => by_name(names, &pools, &unusable, &mut reasons)?,
            false => by_nature(configuration, &pools, family),
        };
        let usable = filter(candidates, family, request, &mut reasons);
        if !usable.is_empty() {
            selected.push(Selected {
                family,
                pools: usable,
            });
        } else if named && !names.is_empty() {
            // A network that names a pool of a family wants an address of that family.
            return Err(none_usable(&format!("{family} "), &reasons));
        }
        refused.extend(reasons);
    }
    if !named {
        let of_nature = |one: &&Unusable| configuration.inline_pools.is_some() || one.is_default;
        refused.extend(unusable.iter().filter(of_nature).map(Unusable::in_words));
    }
    if selected.is_empty() {
        return Err(match refused.is_empty() {
            true => nothing_selected(configuration, &pools, &unusable),
            false => none_usable("", &refused),
        });
    }
    for reason in refused {
        log::warning(format!("pool left out: {reason}"));
    }
    Ok(selected)
}

/// Name by name, so that the order written is the order of fallback; what one wildcard
/// matches stays in the order of the pools.
fn by_name<'k, 'a>(
    names: &[String],
    pools: &'k [Known<'a>],
    unusable: &[Unusable],
    reasons: &mut Vec<String>,
) -> Result<Vec<&'k Known<'a>>, Error> {
    let mut found: Vec<&Known> = Vec::new();
    for name in names {
        let mut any = false;
        for pool in pools {
            if means(name, &pool.name)? {
                any = true;
                if !found.iter().any(|other| other.name == pool.name) {
                    found.push(pool);
                }
            }
        }
        for pool in unusable {
            if let Some(own) = &pool.name
                && means(name, own)?
            {
                any = true;
                let reason = pool.in_words();
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
        }
        if !any {
            reasons.push(missing(name, pools, unusable));
        }
    }
    Ok(found)
}

/// Whether a name of the configuration, with or without wildcards, means a pool.
fn means(name: &str, pool: &str) -> Result<bool, Error> {
    match wildcard::is_pattern(name) {
        true => wildcard::matches(name, pool).ok_or_else(|| malformed(name)),
        false => Ok(name == pool),
    }
}

/// That no pool has a name, with those that are nearly the same, and the files that it may be in.
fn missing(name: &str, pools: &[Known], unusable: &[Unusable]) -> String {
    let known = pools.iter().map(|pool| Some(pool.name.as_str()));
    let known = known.chain(unusable.iter().map(|pool| pool.name.as_deref()));
    let mut reason = format!("{name}: no pool has this name");
    if let Some(question) = did_you_mean(name, known.flatten()) {
        reason.push_str("; ");
        reason.push_str(&question);
    }
    let unread: Vec<_> = unusable
        .iter()
        .filter(|pool| pool.name.is_none())
        .map(Unusable::in_words)
        .collect();
    if !unread.is_empty() {
        reason.push_str(" (it may be where nothing could be read: ");
        reason.push_str(&unread.join("; "));
        reason.push(')');
    }
    reason
}

fn by_nature<'k, 'a>(
    configuration: &Configuration,
    pools: &'k [Known<'a>],
    family: Family,
) -> Vec<&'k Known<'a>> {
    pools
        .iter()
        .filter(|pool| pool.family == family)
        .filter(|pool| configuration.inline_pools.is_some() || pool.pool.is_default())
        .collect()
}

fn filter<'a>(
    candidates: Vec<&Known<'a>>,
    family: Family,
    request: &Request,
    reasons: &mut Vec<String>,
) -> Vec<Usable<'a>> {
    let mut usable = Vec::new();
    for candidate in candidates {
        match check(candidate, family, request) {
            Ok(ranges) => usable.push(Usable {
                pool: candidate.pool,
                name: candidate.name.clone(),
                ranges,
            }),
            Err(reason) => reasons.push(format!("{}: {reason}", candidate.name)),
        }
    }
    usable
}

/// What the pool can give to this pod on this node, or why nothing.
fn check(known: &Known, family: Family, request: &Request) -> Result<Vec<AddressRange>, String> {
    let pool = known.pool;
    if known.family != family {
        return Err(format!("it is of the other family ({})", pool.subnet()));
    }
    if pool.is_disabled() {
        return Err("it is disabled".to_owned());
    }
    check_node(&pool.nodes(), request)?;
    check_namespace(&pool.namespaces(), request)?;
    match pool.usable() {
        ranges if ranges.is_empty() => Err("all of its addresses are excluded".to_owned()),
        ranges => Ok(ranges),
    }
}

fn check_node(allowed: &[String], request: &Request) -> Result<(), String> {
    if allowed.is_empty() {
        return Ok(());
    }
    let node = request.node();
    // Kubernetes has no capitals in names.
    match allowed.iter().any(|name| name.eq_ignore_ascii_case(&node)) {
        true => Ok(()),
        false => Err(format!(
            "it is for the nodes {}, this one is {node:?} (`node` of the node's policy, else the variable NODE_NAME, else \
             the host's name)",
            allowed.join(", ")
        )),
    }
}

fn check_namespace(allowed: &[String], request: &Request) -> Result<(), String> {
    if allowed.is_empty() {
        return Ok(());
    }
    let names = allowed.join(", ");
    let Some(pod) = request.pod() else {
        return Err(format!(
            "it is for the namespaces {names}, and the runtime did not report the pod's"
        ));
    };
    let namespace = pod.namespace();
    match allowed.contains(&namespace) {
        true => Ok(()),
        false => Err(format!(
            "it is for the namespaces {names}, the pod is in {namespace:?}"
        )),
    }
}

fn malformed(name: &str) -> Error {
    Error::invalid_configuration(format!(
        "pool name {name:?} is a malformed wildcard: close each \"[\", and write a range as \"[a-z]\""
    ))
}

fn none_usable(family: &str, reasons: &[String]) -> Error {
    Error::not_available(format!("no {family}pool is usable: {}", reasons.join("; ")))
}

fn nothing_selected(
    configuration: &Configuration,
    pools: &[Known],
    unusable: &[Unusable],
) -> Error {
    if !configuration.ipv4 && !configuration.ipv6 {
        return Error::invalid_configuration(
            "both \"enable_ipv4\" and \"enable_ipv6\" are false: no address could be given",
        );
    }
    let names: Vec<String> = pools.iter().map(|known| known.name.clone()).collect();
    let left_out: Vec<String> = unusable.iter().map(Unusable::in_words).collect();
    let error = Error::invalid_configuration(
        "no pool is selected: name pools in \"default_ipv4_ippool\" or \"default_ipv6_ippool\" of \"ipam\", \
         write them in its \"pools\", or mark a pool of the pool folder as default",
    );
    match names.is_empty() {
        true if left_out.is_empty() => error.with_details("the host found no pool at all"),
        true => error.with_details(format!(
            "pools that cannot be used: {}",
            left_out.join("; ")
        )),
        false => error.with_details(format!("pools that the host found: {}", names.join(", "))),
    }
}
