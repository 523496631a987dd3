//! What the pod's interface can be.

use alloc::format;
use alloc::string::String;

use crate::names::check_link_name;
use crate::{Family, Mac, octets};

/// Smallest MTU of an IPv4 link (RFC 791); the kernel's own lower bound for Ethernet.
const SMALLEST_MTU: u32 = 68;

/// Bytes of an Ethernet address.
const ETHERNET_ADDRESS: usize = 6;

/// Bytes of an InfiniBand address (`INFINIBAND_ALEN`, linux/if_infiniband.h).
const INFINIBAND_ADDRESS: usize = 20;

/// `ARPHRD_INFINIBAND` (linux/if_arp.h)
const INFINIBAND: u16 = 32;

/// Most interfaces of one attachment.
const MOST_LINKS: usize = 8;

/// Checks that a step that gives the pod the requested interface is the first to do so.
pub fn check_first_link(operation: &str, has_link: bool) -> Result<(), String> {
    match has_link {
        false => Ok(()),
        true => Err(format!(
            "{operation} would give the pod a second interface of the requested name: each further one needs a name of \
             its own"
        )),
    }
}

/// Checks the name of an interface that the pod gets beside the requested one. `others` are the names of those that it gets
/// as well, the requested one among them.
pub fn check_further_link(operation: &str, name: &str, others: &[&str]) -> Result<(), String> {
    check_link_name(name)?;
    if others.contains(&name) {
        return Err(format!(
            "{operation} would give the pod a second interface named {name}"
        ));
    }
    match others.len() {
        ..MOST_LINKS => Ok(()),
        _ => Err(format!(
            "{operation} would give the pod more than {MOST_LINKS} interfaces by one attachment"
        )),
    }
}

/// Checks an MTU in bytes, as far as it is wrong for every kind of interface.
pub fn check_mtu(mtu: u32) -> Result<(), String> {
    match mtu {
        SMALLEST_MTU..=65_535 => Ok(()),
        _ => Err(format!(
            "mtu {mtu} is out of range: {SMALLEST_MTU} to 65535"
        )),
    }
}

/// Checks the address of one Ethernet interface.
pub fn check_unicast(address: &[u8]) -> Result<(), String> {
    let mac = Mac::try_from(address).ok();
    match mac.filter(|mac| !mac.is_multicast() && !mac.is_zero()) {
        Some(_) => Ok(()),
        None => Err(format!(
            "hardware address {} is not a unicast address of six bytes",
            octets::text(address)
        )),
    }
}

/// Checks an address of Ethernet or of InfiniBand, of whatever kind.
pub fn check_hardware_address(address: &[u8]) -> Result<(), String> {
    if matches!(address.len(), ETHERNET_ADDRESS | INFINIBAND_ADDRESS) {
        return Ok(());
    }
    Err(format!(
        "{:?} is not a hardware address of {ETHERNET_ADDRESS} or {INFINIBAND_ADDRESS} bytes",
        octets::text(address)
    ))
}

/// Checks what an IPoIB child is to be made of, by its name, its `ARPHRD_*` and its place. The
/// kernel resolves the parent in the namespace of the caller, which is the host's.
pub fn check_infiniband_parent(
    name: &str,
    hardware_type: u16,
    is_in_pod: bool,
) -> Result<(), String> {
    if hardware_type != INFINIBAND {
        return Err(format!(
            "create-ipoib needs an InfiniBand interface, and {name} is none"
        ));
    }
    if is_in_pod {
        return Err(format!(
            "create-ipoib needs an interface of the host, and {name} in the pod is not there"
        ));
    }
    Ok(())
}

/// Checks a partition key; 0x0000 and 0x8000 are no partition (IBA specification, section
/// 10.9.1.2).
pub fn check_partition_key(key: u16) -> Result<(), String> {
    match key & 0x7fff {
        0 => Err(format!(
            "partition key {key:#06x} is no partition: 0x0001 to 0x7fff, with bit 15 for full \
             membership"
        )),
        _ => Ok(()),
    }
}

/// The sysctls of `all` that the kernel combines with those of each interface (`IN_DEV_MAXCONF` and its like,
/// linux/inetdevice.h). What `all` sets on every interface, such as `forwarding`, could not be taken back.
const SYSCTLS_OF_ALL_IPV4: [&str; 14] = [
    "accept_local",
    "arp_accept",
    "arp_announce",
    "arp_filter",
    "arp_ignore",
    "arp_notify",
    "drop_gratuitous_arp",
    "drop_unicast_in_l2_multicast",
    "ignore_routes_with_linkdown",
    "log_martians",
    "promote_secondaries",
    "proxy_arp",
    "rp_filter",
    "src_valid_mark",
];

/// The same for IPv6 (net/ipv6/addrconf.c, net/ipv6/ndisc.c).
const SYSCTLS_OF_ALL_IPV6: [&str; 5] = [
    "accept_dad",
    "enhanced_dad",
    "ndisc_evict_nocarrier",
    "ndisc_notify",
    "proxy_ndp",
];

/// Where sysctls of a pod's namespace lie that are no interface's: those of all, and those that new ones begin with.
pub const SYSCTL_SCOPES: [&str; 2] = ["all", "default"];

/// Checks the name and the value of a sysctl that is no interface's.
pub fn check_pod_sysctl(family: Family, name: &str, value: &str) -> Result<(), String> {
    check_sysctl(name, value)?;
    let known = match family {
        Family::Ipv4 => &SYSCTLS_OF_ALL_IPV4[..],
        Family::Ipv6 => &SYSCTLS_OF_ALL_IPV6,
    };
    match known.contains(&name) {
        true => Ok(()),
        false => Err(format!(
            "sysctl {name:?} of {family} cannot be set for a whole pod: {} can",
            known.join(", ")
        )),
    }
}

/// Checks the last part of a sysctl's name, and its value.
pub fn check_sysctl(name: &str, value: &str) -> Result<(), String> {
    // The name becomes a part of a path below /proc/sys.
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(is_plain) {
        return Err(format!("{name:?} is not the name of a sysctl"));
    }
    // The value is printed in plans and traces, so it must not steer a terminal either.
    if value.len() > 64 || value.contains(char::is_control) {
        return Err(format!("{value:?} is not the value of a sysctl"));
    }
    Ok(())
}
