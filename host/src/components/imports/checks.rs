//! What the kernel could not express, or would refuse with a bare EINVAL, in the arguments of
//! the operations.

use plumb_values::{Guid, Mac};

use super::super::bindings::operations as wit;
use super::super::bindings::types::{Error, ErrorCode};
use crate::facts::LinkFacts;
use crate::kernel::link::INFINIBAND;
use crate::kernel::virtual_function::{LinkState, Setting, Settings, Vlan};
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

pub(in crate::components) fn check_mac(bytes: &[u8]) -> Result<(), Error> {
    mac_of(bytes).map(drop)
}

/// The address of an Ethernet interface.
fn mac_of(bytes: &[u8]) -> Result<Mac, Error> {
    let mac = Mac::try_from(bytes).ok();
    mac.filter(|mac| !mac.is_multicast() && !mac.is_zero())
        .ok_or_else(|| {
            invalid(format!(
                "hardware address {} is not a unicast address of six bytes",
                octets::text(bytes)
            ))
        })
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
    let mac = settings.mac.as_deref().map(mac_of).transpose()?;
    if let Some(vlan) = settings
        .vlan
        .filter(|vlan| vlan.id > 4094 || vlan.priority > 7)
    {
        return Err(invalid(format!(
            "vlan {} with priority {} is out of range: 0 to 4094, and 0 to 7",
            vlan.id, vlan.priority
        )));
    }
    let guid = settings.guid.as_deref().map(guid_of).transpose()?;
    let vlan = settings.vlan.map(|vlan| Vlan {
        id: vlan.id,
        priority: vlan.priority,
        is_802_1ad: matches!(vlan.protocol, wit::VlanProtocol::Ad),
    });
    let link_state = settings.link_state.map(|state| match state {
        wit::VirtualFunctionLinkState::Auto => LinkState::Auto,
        wit::VirtualFunctionLinkState::Enable => LinkState::Enable,
        wit::VirtualFunctionLinkState::Disable => LinkState::Disable,
    });
    let asked = [
        mac.map(Setting::Mac),
        vlan.map(Setting::Vlan),
        settings.minimum_rate.map(Setting::MinimumRate),
        settings.maximum_rate.map(Setting::MaximumRate),
        settings.spoof_check.map(Setting::SpoofCheck),
        settings.trust.map(Setting::Trust),
        link_state.map(Setting::LinkState),
        guid.map(Setting::NodeGuid),
        guid.map(Setting::PortGuid),
    ];
    Ok(asked.into_iter().flatten().collect())
}

fn guid_of(bytes: &[u8]) -> Result<Guid, Error> {
    let refused = |reason: &str| invalid(format!("GUID {} {reason}", octets::text(bytes)));
    let guid = Guid::try_from(bytes).map_err(|_| refused("must have eight bytes"))?;
    if guid.is_zero() {
        return Err(refused("is zero"));
    }
    if guid.is_multicast() {
        return Err(refused("is a multicast one: its first byte must be even"));
    }
    Ok(guid)
}
