//! Addresses of an interface (`RTM_NEWADDR`, rtnetlink(7)).

use std::net::{IpAddr, Ipv4Addr};

use ipnetwork::IpNetwork;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage, AddressScope};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::errno::Errno;

use super::route_answer::RouteAnswer;
use super::{Result, RouteSocket};

/// The address family of an address.
pub fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

impl RouteSocket {
    /// Adds an address. An IPv6 address is usable at once: it skips duplicate address
    /// detection (`IFA_F_NODAD`), which would keep the pod waiting for one to two
    /// seconds to find out what the lease already says.
    pub fn add_address(&self, index: u32, address: IpNetwork) -> Result<()> {
        self.change(
            || format!("add address {address} to the interface of index {index}"),
            RouteNetlinkMessage::NewAddress(message(index, address)),
            NLM_F_CREATE | NLM_F_EXCL,
        )
    }

    /// Removes an address; true when it was there.
    pub fn delete_address(&self, index: u32, address: IpNetwork) -> Result<bool> {
        let deleted = self.change(
            || format!("delete address {address} from the interface of index {index}"),
            RouteNetlinkMessage::DelAddress(message(index, address)),
            0,
        );
        match deleted {
            Ok(()) => Ok(true),
            Err(error) if matches!(error.errno(), Some(Errno::EADDRNOTAVAIL | Errno::ENODEV)) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// The addresses of one interface; none of one that is gone.
    pub fn addresses(&self, index: u32) -> Result<Vec<IpNetwork>> {
        let mut request = AddressMessage::default();
        request.header.index = index;
        let answers = match self.dump(
            || format!("list the addresses of the interface of index {index}"),
            RouteNetlinkMessage::GetAddress(request),
        ) {
            Err(error) if error.errno() == Some(Errno::ENODEV) => return Ok(Vec::new()),
            answers => answers?,
        };
        Ok(answers
            .into_iter()
            .filter_map(|answer| match answer {
                RouteAnswer::Address(message) if message.header.index == index => decode(&message),
                _ => None,
            })
            .collect())
    }

    /// The addresses of all interfaces, with the index of each.
    pub fn all_addresses(&self) -> Result<Vec<(u32, IpNetwork)>> {
        let answers = self.dump(
            || "list the addresses".into(),
            RouteNetlinkMessage::GetAddress(AddressMessage::default()),
        )?;
        Ok(answers
            .into_iter()
            .filter_map(|answer| match answer {
                RouteAnswer::Address(message) => Some((message.header.index, decode(&message)?)),
                _ => None,
            })
            .collect())
    }
}

fn message(index: u32, address: IpNetwork) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.index = index;
    message.header.family = family(address.ip());
    message.header.prefix_len = address.prefix();
    message.header.scope = AddressScope::Universe;
    message.attributes = vec![
        AddressAttribute::Local(address.ip()),
        AddressAttribute::Address(address.ip()),
    ];
    match address {
        // RFC 3021: a /31 has no broadcast address, and a /32 has no neighbours.
        IpNetwork::V4(network) if network.prefix() < 31 => message
            .attributes
            .push(AddressAttribute::Broadcast(network.broadcast())),
        IpNetwork::V4(_) => {}
        IpNetwork::V6(_) => message
            .attributes
            .push(AddressAttribute::Flags(AddressFlags::Nodad)),
    }
    message
}

fn decode(message: &AddressMessage) -> Option<IpNetwork> {
    let mut found = None;
    for attribute in &message.attributes {
        match attribute {
            // On a point-to-point link IFA_ADDRESS is the peer's: IFA_LOCAL wins.
            AddressAttribute::Local(address) => found = Some(*address),
            AddressAttribute::Address(address) => found = found.or(Some(*address)),
            _ => {}
        }
    }
    IpNetwork::new(found?, message.header.prefix_len).ok()
}

/// `0.0.0.0`, which the kernel leaves out of a default route.
pub const ANY_IPV4: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel ends the dump with ENODEV then.
    #[test]
    fn an_interface_that_is_gone_has_no_addresses() {
        let socket = RouteSocket::open().expect("a socket");
        let none = i32::MAX.unsigned_abs();
        assert_eq!(socket.addresses(none).expect("an empty list"), []);
    }
}
