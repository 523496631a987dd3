//! What an interface can be made of, and how large its packets can be.
//!
//! The kernel answers each of these with EINVAL and no word about the parent.

use alloc::format;
use alloc::string::String;

/// `ARPHRD_*` (linux/if_arp.h)
const ETHERNET: u16 = 1;
const INFINIBAND: u16 = 32;
const LOOPBACK: u16 = 772;

/// `IPOIB_UD_MTU`: the fabric's largest packet, 4096 bytes, without the IPoIB header. What the port
/// has now may be less; the parent's MTU is what its multicast group carries.
const LARGEST_DATAGRAM: u32 = 4092;

/// `IPOIB_CM_MTU`: 64 KiB without 16 bytes, in which the headers are aligned.
const LARGEST_CONNECTED: u32 = 65_520;

/// What `ipoib_change_mtu` takes at least: `ETH_MIN_MTU` and the IPoIB header.
const SMALLEST_IPOIB: u32 = 72;

/// Checks the parent of a macvlan or an ipvlan, by its name and its `ARPHRD_*`: both are made of
/// Ethernet alone (`macvlan_port_create`, `ipvlan_port_create` of Linux). `kind` is the child's.
pub fn check_ethernet_parent(kind: &str, parent: &str, hardware_type: u16) -> Result<(), String> {
    match hardware_type {
        ETHERNET => Ok(()),
        INFINIBAND => Err(format!(
            "parent {parent} is an InfiniBand link, {kind} needs Ethernet: use the flavour ipoib"
        )),
        LOOPBACK => Err(format!(
            "parent {parent} is the loopback link, {kind} needs Ethernet: name the node's adapter in \"master\""
        )),
        number => Err(format!(
            "parent {parent} is a link of type {number} (ARPHRD), {kind} needs Ethernet: name another in \"master\""
        )),
    }
}

/// Checks the MTU of a child against that of the interface that its packets leave by: macvlan and VLAN are refused by the
/// kernel with a bare EINVAL, and what an ipvlan sends is lost. `kind` is such as `macvlan`.
pub fn check_child_mtu(kind: &str, mtu: u32, parent: &str, most: u32) -> Result<(), String> {
    match mtu <= most {
        true => Ok(()),
        false => Err(format!(
            "mtu {mtu} of the {kind} is above that of its parent {parent}, which has {most}: use {most} or less, or raise \
             the parent's"
        )),
    }
}

/// Whether an IPoIB link with this MTU, in bytes, is in connected mode: no other has such large packets.
pub fn is_connected(mtu: u32) -> bool {
    mtu > LARGEST_DATAGRAM
}

/// Checks the MTU of an IPoIB child, in bytes, by its mode and its parent's MTU
/// (Documentation/infiniband/ipoib.rst of Linux).
pub fn check_ipoib_mtu(
    mtu: u32,
    is_connected: bool,
    parent: &str,
    parents: u32,
) -> Result<(), String> {
    let (largest, hint) = match is_connected {
        true => (LARGEST_CONNECTED, String::new()),
        false => (
            parents.min(LARGEST_DATAGRAM),
            format!(", or \"mode\": \"connected\" for up to {LARGEST_CONNECTED}"),
        ),
    };
    if (SMALLEST_IPOIB..=largest).contains(&mtu) {
        return Ok(());
    }
    Err(format!(
        "mtu {mtu} is not possible below parent {parent} with its {parents}: use {SMALLEST_IPOIB} to \
         {largest}{hint}"
    ))
}
