//! What can be set on a PCI function.

use alloc::format;
use alloc::string::String;

use crate::{Device, Guid};

/// `IB_DEVICE_NAME_MAX` (rdma/ib_verbs.h) less the zero at the end.
const RDMA_NAME_BYTES: usize = 63;

/// `ETH_P_8021Q` and `ETH_P_8021AD` (linux/if_ether.h).
const VLAN_PROTOCOLS: [u16; 2] = [0x8100, 0x88a8];

/// Checks that a function has settings that can be changed.
pub fn check_virtual_function(function: Device<'_>, is_virtual: bool) -> Result<(), String> {
    match is_virtual {
        true => Ok(()),
        false => Err(format!(
            "{function} is no virtual function: it has no settings that a physical one holds"
        )),
    }
}

/// Checks the tag that an adapter adds and removes; `protocol` is its Ethertype.
pub fn check_vlan(id: u16, priority: u8, protocol: u16) -> Result<(), String> {
    if id > 4094 || priority > 7 {
        return Err(format!(
            "vlan {id} with priority {priority} is out of range: 0 to 4094, and 0 to 7"
        ));
    }
    check_vlan_protocol(protocol)
}

/// Checks the number of a VLAN that is an interface, and its protocol, an Ethertype.
pub fn check_vlan_child(id: u16, protocol: u16) -> Result<(), String> {
    match id {
        1..=4094 => check_vlan_protocol(protocol),
        _ => Err(format!("vlan {id} is out of range: 1 to 4094")),
    }
}

fn check_vlan_protocol(protocol: u16) -> Result<(), String> {
    match VLAN_PROTOCOLS.contains(&protocol) {
        true => Ok(()),
        false => Err(format!(
            "vlan protocol {protocol:#06x} is neither 0x8100 (802.1Q) nor 0x88a8 (802.1ad)"
        )),
    }
}

/// Checks a GUID that a port is to get.
pub fn check_guid(guid: Guid) -> Result<(), String> {
    if guid.is_zero() {
        return Err(format!("GUID {guid} is zero"));
    }
    if guid.is_multicast() {
        return Err(format!(
            "GUID {guid} is a multicast one: its first byte must be even"
        ));
    }
    Ok(())
}

/// Whether an RDMA device can have this name. It becomes a directory below
/// /sys/class/infiniband, and the kernel replaces `%d` by a number.
pub fn is_rdma_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    !name.is_empty()
        && name.len() <= RDMA_NAME_BYTES
        && !name.starts_with('.')
        && name.bytes().all(is_plain)
}

/// Checks [`is_rdma_name`].
pub fn check_rdma_name(name: &str) -> Result<(), String> {
    match is_rdma_name(name) {
        true => Ok(()),
        false => Err(format!(
            "rdma device name {name:?} must be letters, digits, '_', '-' and '.', at most \
             {RDMA_NAME_BYTES}"
        )),
    }
}

/// Checks that a function has the one RDMA device that a name is for.
pub fn check_rdma_name_is_for_one(
    name: &str,
    function: Device<'_>,
    devices: usize,
) -> Result<(), String> {
    match devices {
        1 => Ok(()),
        _ => Err(format!(
            "rdma device name {name:?} is for one device, but {function} has {devices}"
        )),
    }
}
