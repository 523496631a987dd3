//! Next hops that share the packets of a route.

use core::fmt;
use core::net::IpAddr;

use serde::{Deserialize, Serialize};

/// One of several next hops of a route (`struct rtnexthop`, linux/rtnetlink.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextHop {
    /// Its address.
    pub gateway: IpAddr,
    /// Its share of the packets, against the weights of the others: 1 to 256.
    pub weight: u16,
}

/// In the words of ip-route(8).
impl fmt::Display for NextHop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "nexthop via {} weight {}",
            self.gateway, self.weight
        )
    }
}
