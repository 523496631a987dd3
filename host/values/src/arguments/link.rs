//! What the pod's interface can be.

use alloc::format;
use alloc::string::String;

use crate::{Mac, octets};

/// Smallest MTU of an IPv4 link (RFC 791); the kernel's own lower bound for Ethernet.
const SMALLEST_MTU: u32 = 68;

/// Bytes of an Ethernet address.
const ETHERNET_ADDRESS: usize = 6;

/// Bytes of an InfiniBand address (`INFINIBAND_ALEN`, linux/if_infiniband.h).
const INFINIBAND_ADDRESS: usize = 20;

/// `ARPHRD_INFINIBAND` (linux/if_arp.h)
const INFINIBAND: u16 = 32;

/// Checks that a step that gives the pod its interface is the first to do so.
pub fn check_first_link(operation: &str, has_link: bool) -> Result<(), String> {
    match has_link {
        false => Ok(()),
        true => Err(format!(
            "{operation} would give the pod a second interface: one attachment makes one"
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
