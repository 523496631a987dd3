//! Between the contract's types and the host's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use plumb_engine::limits;

use super::bindings::{pools as wit, types};
use crate::cni::AddRequest;
use crate::kernel::route::Route;
use crate::leases::Candidate;
use crate::operations::claim_addresses::Source;
use crate::pools::{AddressRange, Family, Pool};
use crate::{Code, Error, Result};

/// What an address policy wants, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// For each address its sources in the order of preference.
    pub claims: Vec<Vec<Source>>,
    /// Whether a pod of the same name is to get the same address again.
    pub keep: bool,
}

/// What an ADD asks for, for the contract.
pub fn request(asked: &AddRequest) -> Result<types::Request> {
    let request = &asked.call;
    let previous = asked.previous.as_ref();
    let configuration = serde_json::to_string(&request.configuration.lower).map_err(|error| {
        Error::new(
            Code::INTERNAL,
            format!("cannot encode the configuration: {error}"),
        )
    })?;
    Ok(types::Request {
        network: request.attachment.network.clone(),
        container_id: request.attachment.container_id.clone(),
        interface_name: request.attachment.interface_name.clone(),
        pod: request.pod.as_ref().map(|pod| types::Pod {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
            uid: pod.uid.clone(),
        }),
        node: node_name(),
        configuration,
        mac: asked.mac.clone(),
        infiniband_guid: asked.infiniband_guid.clone(),
        device_id: asked.device_id.clone(),
        requested_addresses: asked
            .requested_addresses
            .iter()
            .copied()
            .map(to_address)
            .collect(),
        previous_interfaces: previous
            .iter()
            .flat_map(|previous| &previous.interfaces)
            .map(|interface| types::PreviousInterface {
                name: interface.name.clone(),
                in_pod: !interface.sandbox.is_empty(),
            })
            .collect(),
        has_ipam: request.configuration.ipam().is_some(),
        has_previous_addresses: previous.is_some_and(|previous| !previous.addresses.is_empty()),
    })
}

/// The node's name: kubelet registers it by the host's name unless told otherwise.
fn node_name() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_default()
}

/// An address of the contract.
pub fn address(address: types::IpAddress) -> IpAddr {
    match address {
        types::IpAddress::Ipv4((a, b, c, d)) => IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
        types::IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => {
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h))
        }
    }
}

/// An address for the contract.
pub fn to_address(address: IpAddr) -> types::IpAddress {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            types::IpAddress::Ipv4((a, b, c, d))
        }
        IpAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h] = address.segments();
            types::IpAddress::Ipv6((a, b, c, d, e, f, g, h))
        }
    }
}

/// A network of the contract; its prefix may be out of range.
pub fn network(
    network: types::IpNetwork,
) -> std::result::Result<ipnetwork::IpNetwork, types::Error> {
    let address = address(network.address);
    ipnetwork::IpNetwork::new(address, network.prefix_length).map_err(|_| types::Error {
        code: types::ErrorCode::InvalidConfiguration,
        message: format!(
            "{address}/{} has a prefix longer than the address",
            network.prefix_length
        ),
        details: None,
    })
}

fn to_network(network: ipnetwork::IpNetwork) -> types::IpNetwork {
    types::IpNetwork {
        address: to_address(network.ip()),
        prefix_length: network.prefix(),
    }
}

/// Table 0 is none (`RT_TABLE_UNSPEC`, linux/rtnetlink.h): the kernel puts a route into the
/// main one and makes a new, empty one for a rule, under another number.
pub fn check_table(table: Option<u32>) -> std::result::Result<(), types::Error> {
    match table {
        Some(0) => Err(types::Error {
            code: types::ErrorCode::InvalidConfiguration,
            message: "table 0 is no routing table: 254 is the main one, 1 to 252 and 256 to 4294967295 are \
             free to use"
                .to_owned(),
            details: None,
        }),
        _ => Ok(()),
    }
}

/// A route of the contract.
pub fn route(route: types::Route) -> std::result::Result<Route, types::Error> {
    check_table(route.table)?;
    let destination = network(route.destination)?;
    let gateway = route.gateway.map(address);
    if gateway.is_some_and(|gateway| gateway.is_ipv4() != destination.is_ipv4()) {
        return Err(types::Error {
            code: types::ErrorCode::InvalidConfiguration,
            message: format!("a route to {destination} mixes IPv4 and IPv6"),
            details: None,
        });
    }
    Ok(Route {
        destination,
        gateway,
        mtu: route.mtu,
        advertised_mss: route.advertised_mss,
        priority: route.priority,
        table: route.table,
        scope: route.scope,
    })
}

fn to_range(range: &AddressRange) -> wit::AddressRange {
    wit::AddressRange {
        first: to_address(range.first),
        last: to_address(range.last),
    }
}

/// A pool for the contract.
pub fn pool(pool: &Pool) -> wit::Pool {
    wit::Pool {
        name: pool.name.clone(),
        family: match pool.family {
            Family::Ipv4 => wit::Family::Ipv4,
            Family::Ipv6 => wit::Family::Ipv6,
        },
        subnet: to_network(pool.subnet),
        ranges: pool.ranges.iter().map(to_range).collect(),
        excluded: pool.excluded.iter().map(to_range).collect(),
        gateway: pool.gateway.map(to_address),
        routes: pool
            .routes
            .iter()
            .map(|route| types::Route {
                destination: to_network(route.destination),
                gateway: Some(to_address(route.gateway)),
                mtu: None,
                advertised_mss: None,
                priority: None,
                table: None,
                scope: None,
            })
            .collect(),
        is_default: pool.is_default,
        disabled: pool.disabled,
        namespaces: pool.namespaces.clone(),
        nodes: pool.nodes.clone(),
    }
}

/// What a policy proposed, within the limits and within the pools that it was given: a
/// policy chooses, it does not make addresses up.
pub fn proposal(component: &str, proposal: wit::Proposal, pools: &[Pool]) -> Result<Proposal> {
    let broken = |message: String| {
        Error::new(
            Code::COMPONENT_FAILED,
            format!("component {component} proposed {message}; nothing was changed"),
        )
    };
    if proposal.claims.is_empty() || proposal.claims.len() > limits::CLAIMS {
        return Err(broken(format!(
            "{} addresses, where 1 to {} are possible",
            proposal.claims.len(),
            limits::CLAIMS
        )));
    }
    let mut claims = Vec::with_capacity(proposal.claims.len());
    for claim in proposal.claims {
        let mut sources = Vec::with_capacity(claim.candidates.len());
        for candidate in claim.candidates {
            let Some(pool) = pools.iter().find(|pool| pool.name == candidate.pool) else {
                if candidate.pool.len() > limits::STRING_BYTES {
                    return Err(broken(format!(
                        "a pool's name of more than {} bytes",
                        limits::STRING_BYTES
                    )));
                }
                return Err(broken(format!(
                    "pool {:?}, which is not among those of the configuration",
                    candidate.pool
                )));
            };
            if pool.disabled {
                return Err(broken(format!(
                    "pool {}, which is disabled",
                    candidate.pool
                )));
            }
            if candidate.ranges.len() > limits::RANGES {
                return Err(broken(format!(
                    "{} ranges of pool {}, where {} are possible",
                    candidate.ranges.len(),
                    candidate.pool,
                    limits::RANGES
                )));
            }
            let ranges: Vec<_> = candidate
                .ranges
                .into_iter()
                .map(|range| (address(range.first), address(range.last)))
                .collect();
            let usable = pool.usable();
            for (first, last) in &ranges {
                if first.is_ipv4() != last.is_ipv4() || first > last {
                    return Err(broken(format!("{first}-{last}, which is no range")));
                }
                let inside = |range: &AddressRange| range.first <= *first && *last <= range.last;
                if !usable.iter().any(inside) {
                    return Err(broken(format!(
                        "{first}-{last}, which pool {} does not give out",
                        pool.name
                    )));
                }
            }
            let gateway = candidate.gateway.map(address);
            if let Some(gateway) = gateway
                && Family::of(gateway) != pool.family
            {
                return Err(broken(format!(
                    "gateway {gateway} for {} addresses",
                    pool.family
                )));
            }
            let longest = if pool.family == Family::Ipv4 { 32 } else { 128 };
            if candidate.prefix_length > longest {
                return Err(broken(format!(
                    "prefix length {} for {} addresses",
                    candidate.prefix_length, pool.family
                )));
            }
            let routes: std::result::Result<Vec<_>, _> =
                candidate.routes.into_iter().map(route).collect();
            sources.push(Source {
                candidate: Candidate {
                    pool: candidate.pool,
                    ranges,
                },
                prefix: candidate.prefix_length,
                gateway,
                routes: routes.map_err(|error| broken(error.message))?,
            });
        }
        if sources.is_empty() {
            return Err(broken("an address without a pool to take it from".into()));
        }
        claims.push(sources);
    }
    Ok(Proposal {
        claims,
        keep: proposal.keep,
    })
}

/// Text of a component without line breaks and escape sequences: it must not pass for
/// something that plumb says, nor steer a terminal.
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect()
}

/// What a component refused, with a CNI code.
pub fn error(component: &str, error: types::Error) -> Error {
    let code = match error.code {
        types::ErrorCode::InvalidConfiguration => Code::INVALID_CONFIGURATION,
        types::ErrorCode::UnsupportedField => Code::UNSUPPORTED_FIELD,
        types::ErrorCode::InvalidEnvironment => Code::INVALID_ENVIRONMENT,
        types::ErrorCode::TryAgainLater => Code::TRY_AGAIN_LATER,
        types::ErrorCode::NotAvailable | types::ErrorCode::NotFound => Code::NOT_AVAILABLE,
        types::ErrorCode::Denied => Code::DENIED,
        types::ErrorCode::UnsupportedOperation => Code::NOT_PERFORMED,
        // The specification keeps the numbers below 100 for itself.
        types::ErrorCode::Other(code) if code >= 100 => Code(code),
        types::ErrorCode::Other(_) => Code::COMPONENT_FAILED,
    };
    let cut = |text: String| {
        let end = text.floor_char_boundary(limits::STRING_BYTES);
        plain(&text[..end])
    };
    let result = Error::new(code, format!("{component}: {}", cut(error.message)));
    match error.details {
        Some(details) => result.with_details(cut(details)),
        None => result,
    }
}
