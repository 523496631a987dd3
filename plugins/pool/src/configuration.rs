//! The `ipam` object of the network configuration, as far as this policy reads it.

use plumb_sdk::{Error, Request};
use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
struct Network {
    #[serde(default)]
    ipam: Ipam,
}

/// The keys, as the host passes them: in lower case. The names with underscores are
/// Spiderpool's; the others are the same in the style of the CNI specification.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Ipam {
    #[serde(alias = "defaultipv4ippool")]
    default_ipv4_ippool: Vec<String>,
    #[serde(alias = "defaultipv6ippool")]
    default_ipv6_ippool: Vec<String>,
    pools: Option<IgnoredAny>,
    #[serde(alias = "cleangateway")]
    clean_gateway: bool,
    #[serde(alias = "enableipv4")]
    enable_ipv4: Option<bool>,
    #[serde(alias = "enableipv6")]
    enable_ipv6: Option<bool>,
    sticky: Option<bool>,
}

/// What the user wants, with defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// Names of IPv4 pools, with wildcards, in the order of fallback.
    pub ipv4_pools: Vec<String>,
    /// Names of IPv6 pools, with wildcards, in the order of fallback.
    pub ipv6_pools: Vec<String>,
    /// Whether the pools that were passed are written in the configuration itself.
    pub has_inline_pools: bool,
    /// Whether a pool's gateway makes a default route.
    pub default_route: bool,
    /// Whether the interface may get an IPv4 address.
    pub ipv4: bool,
    /// Whether the interface may get an IPv6 address.
    pub ipv6: bool,
    /// Whether a pod of the same name is to get the same address again.
    pub sticky: bool,
}

impl Configuration {
    /// Reads the request's configuration.
    ///
    /// Errors: `invalid-configuration`, naming the key.
    pub fn read(request: &Request) -> Result<Self, Error> {
        let Network { ipam } = request.configuration()?;
        Ok(Self {
            ipv4_pools: ipam.default_ipv4_ippool,
            ipv6_pools: ipam.default_ipv6_ippool,
            has_inline_pools: ipam.pools.is_some(),
            default_route: !ipam.clean_gateway,
            ipv4: ipam.enable_ipv4.unwrap_or(true),
            ipv6: ipam.enable_ipv6.unwrap_or(true),
            sticky: ipam.sticky.unwrap_or(true),
        })
    }
}
