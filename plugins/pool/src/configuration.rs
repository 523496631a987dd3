//! The object `ipam` of the network configuration, as far as this policy reads it.

use plumb_sdk::keys::Anything;
use plumb_sdk::prelude::*;

/// What the user wants. The names with underscores are Spiderpool's; without them they are in the style of the CNI
/// specification.
#[derive(Debug, Clone, PartialEq, Eq, Keys)]
pub struct Configuration {
    /// Names of IPv4 pools, with wildcards, in the order of fallback.
    #[keys(name = "default_ipv4_ippool", default)]
    pub ipv4_pools: Vec<String>,
    /// Names of IPv6 pools, with wildcards, in the order of fallback.
    #[keys(name = "default_ipv6_ippool", default)]
    pub ipv6_pools: Vec<String>,
    /// Pools that are written in the configuration itself.
    #[keys(name = "pools")]
    pub inline_pools: Option<Anything>,
    /// Whether a pool's gateway makes no default route.
    #[keys(name = "clean_gateway", default)]
    pub clean_gateway: bool,
    /// Whether the interface may get an IPv4 address.
    #[keys(name = "enable_ipv4", default = true)]
    pub ipv4: bool,
    /// Whether the interface may get an IPv6 address.
    #[keys(name = "enable_ipv6", default = true)]
    pub ipv6: bool,
    /// Whether a pod of the same name is to get the same address again.
    #[keys(default = true)]
    pub sticky: bool,
}
