//! What the kernel could not express, or would refuse with a bare EINVAL, in the arguments of
//! the operations.

use super::super::bindings::operations as wit;
use super::super::bindings::types::{Error, ErrorCode};
use crate::facts::LinkFacts;
use crate::kernel::guid::Guid;
use crate::kernel::link::INFINIBAND;
use crate::kernel::virtual_function::{Settings, Vlan};
use crate::octets;
use crate::operations::Parent;

/// Bytes of an Ethernet address.
const ETHERNET_ADDRESS: usize = 6;

/// Bytes of an InfiniBand address (`INFINIBAND_ALEN`, linux/if_infiniband.h).
const INFINIBAND_ADDRESS: usize = 20;

/// Smallest MTU of an IPv4 link (RFC 791); the kernel's own lower bound for Ethernet.
const SMALLEST_MTU: u32 = 68;

pub(in crate::components) fn invalid(message: String) -> Error {
    Error {
        code: ErrorCode::InvalidConfiguration,
        message,
        details: None,
    }
}

pub(in crate::components) fn check_mtu(mtu: Option<u32>) -> Result<(), Error> {
    match mtu {
        Some(mtu) if !(SMALLEST_MTU..=65_535).contains(&mtu) => Err(invalid(format!(
            "mtu {mtu} is out of range: {SMALLEST_MTU} to 65535"
        ))),
        _ => Ok(()),
    }
}

pub(in crate::components) fn check_mac(mac: &[u8]) -> Result<(), Error> {
    if mac.len() != ETHERNET_ADDRESS || mac[0] & 1 != 0 || mac.iter().all(|byte| *byte == 0) {
        return Err(invalid(format!(
            "hardware address {} is not a unicast address of six bytes",
            octets::text(mac)
        )));
    }
    Ok(())
}

/// An address of Ethernet or of InfiniBand, of whatever kind.
pub(in crate::components) fn check_hardware_address(mac: &[u8]) -> Result<(), Error> {
    if matches!(mac.len(), ETHERNET_ADDRESS | INFINIBAND_ADDRESS) {
        return Ok(());
    }
    Err(invalid(format!(
        "{:?} is not a hardware address of {ETHERNET_ADDRESS} or {INFINIBAND_ADDRESS} bytes",
        octets::text(mac)
    )))
}

/// `IB_DEVICE_NAME_MAX` (rdma/ib_verbs.h) less the zero at the end.
const RDMA_NAME_BYTES: usize = 63;

pub(in crate::components) fn check_rdma_name(name: &str) -> Result<(), Error> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    // The kernel takes '%' for the place of a number.
    let accepted = !name.is_empty()
        && name.len() <= RDMA_NAME_BYTES
        && !name.starts_with('.')
        && name.bytes().all(is_plain);
    if accepted {
        return Ok(());
    }
    Err(invalid(format!(
        "rdma device name {name:?} must be letters, digits, '_', '-' and '.', at most \
         {RDMA_NAME_BYTES}"
    )))
}

/// What the kernel makes IPoIB children of. It resolves the parent in the namespace of the
/// caller, which is the host.
pub(in crate::components) fn check_infiniband(
    link: &LinkFacts,
    parent: &Parent,
) -> Result<(), Error> {
    if link.hardware_type != INFINIBAND {
        return Err(invalid(format!(
            "create-ipoib needs an InfiniBand interface, and {} is none",
            link.name
        )));
    }
    if parent.in_pod {
        return Err(invalid(format!(
            "create-ipoib needs an interface of the host, and {parent} is not there"
        )));
    }
    Ok(())
}

/// 0x0000 and 0x8000 are no partition (IBA specification, section 10.9.1.2).
pub(in crate::components) fn check_partition_key(key: Option<u16>) -> Result<(), Error> {
    match key {
        Some(key) if key & 0x7fff == 0 => Err(invalid(format!(
            "partition key {key:#06x} is no partition: 0x0001 to 0x7fff, with bit 15 for full \
             membership"
        ))),
        _ => Ok(()),
    }
}

/// The settings as the host keeps them, checked for what the kernel cannot express.
pub(in crate::components) fn settings_of(
    settings: wit::VirtualFunctionSettings,
) -> Result<Settings, Error> {
    if let Some(mac) = &settings.mac {
        check_mac(mac)?;
    }
    if let Some(vlan) = settings
        .vlan
        .filter(|vlan| vlan.id > 4094 || vlan.priority > 7)
    {
        return Err(invalid(format!(
            "vlan {} with priority {} is out of range: 0 to 4094, and 0 to 7",
            vlan.id, vlan.priority
        )));
    }
    let guid = match settings.guid {
        None => None,
        Some(bytes) => Some(check_guid(&bytes)?),
    };
    Ok(Settings {
        mac: settings.mac,
        vlan: settings.vlan.map(|vlan| Vlan {
            id: vlan.id,
            priority: vlan.priority,
            is_802_1ad: matches!(vlan.protocol, wit::VlanProtocol::Ad),
        }),
        minimum_rate: settings.minimum_rate,
        maximum_rate: settings.maximum_rate,
        spoof_check: settings.spoof_check,
        trust: settings.trust,
        link_state: settings.link_state.map(|state| {
            match state {
                wit::VirtualFunctionLinkState::Auto => "auto",
                wit::VirtualFunctionLinkState::Enable => "enable",
                wit::VirtualFunctionLinkState::Disable => "disable",
            }
            .to_owned()
        }),
        node_guid: guid,
        port_guid: guid,
    })
}

fn check_guid(bytes: &[u8]) -> Result<Guid, Error> {
    let refused = |reason: &str| invalid(format!("GUID {} {reason}", octets::text(bytes)));
    let guid: Guid = bytes
        .try_into()
        .map_err(|_| refused("must have eight bytes"))?;
    if guid == [0; 8] {
        return Err(refused("is zero"));
    }
    if guid[0] & 1 != 0 {
        return Err(refused("is a multicast one: its first byte must be even"));
    }
    Ok(guid)
}
