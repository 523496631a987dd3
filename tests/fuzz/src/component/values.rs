//! Values of the contract, as a component could make them: mostly near what is right.

use arbitrary::{Result, Unstructured};
use plumb::components::contract_0_1::bindings::operations as wit;
use plumb::components::contract_0_1::bindings::types::{IpAddress, IpNetwork, Route};

/// An address of either family, often one that the pools know.
pub fn address(choices: &mut Unstructured<'_>) -> Result<IpAddress> {
    Ok(match choices.int_in_range(0..=7)? {
        0 => IpAddress::Ipv4(choices.arbitrary()?),
        1 => IpAddress::Ipv6(choices.arbitrary()?),
        2..=5 => IpAddress::Ipv4((10, 1, 0, choices.arbitrary()?)),
        _ => IpAddress::Ipv6((0xfd00, 1, 0, 0, 0, 0, 0, choices.arbitrary::<u8>()?.into())),
    })
}

/// A network whose prefix may be out of range.
pub fn network(choices: &mut Unstructured<'_>) -> Result<IpNetwork> {
    Ok(IpNetwork {
        address: address(choices)?,
        prefix_length: choices.arbitrary()?,
    })
}

/// A route of whatever families.
pub fn route(choices: &mut Unstructured<'_>) -> Result<Route> {
    Ok(Route {
        destination: network(choices)?,
        gateway: optional(choices, address)?,
        mtu: choices.arbitrary()?,
        advertised_mss: choices.arbitrary()?,
        priority: choices.arbitrary()?,
        table: choices.arbitrary()?,
        scope: choices.arbitrary()?,
    })
}

/// A hardware address, often of a right length.
pub fn mac(choices: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let length = *choices.choose(&[6, 6, 6, 20, 8, 0, 1, 5, 7, 21])?;
    (0..length).map(|_| choices.arbitrary()).collect()
}

/// A name with what a name should not have.
pub fn name(choices: &mut Unstructured<'_>) -> Result<String> {
    const NAMES: [&str; 12] = [
        "mlx5_0",
        "eth0",
        "..",
        ".",
        "",
        "a/b",
        "../../kernel/core_pattern",
        "eth%d",
        "a b",
        "a\nb",
        "\u{1b}[31m",
        "arp_notify",
    ];
    Ok(match choices.int_in_range(0..=3)? {
        0 => choices.arbitrary()?,
        1 => "n".repeat(choices.int_in_range(0..=100)?),
        _ => (*choices.choose(&NAMES)?).to_owned(),
    })
}

/// Settings of a virtual function.
pub fn settings(choices: &mut Unstructured<'_>) -> Result<wit::VirtualFunctionSettings> {
    Ok(wit::VirtualFunctionSettings {
        mac: optional(choices, mac)?,
        vlan: optional(choices, |choices| {
            Ok(wit::VlanTag {
                id: choices.int_in_range(0..=5000)?,
                priority: choices.int_in_range(0..=9)?,
                protocol: *choices.choose(&[wit::VlanProtocol::Q, wit::VlanProtocol::Ad])?,
            })
        })?,
        minimum_rate: choices.arbitrary()?,
        maximum_rate: choices.arbitrary()?,
        spoof_check: choices.arbitrary()?,
        trust: choices.arbitrary()?,
        link_state: optional(choices, |choices| {
            Ok(*choices.choose(&[
                wit::VirtualFunctionLinkState::Auto,
                wit::VirtualFunctionLinkState::Enable,
                wit::VirtualFunctionLinkState::Disable,
            ])?)
        })?,
        guid: optional(choices, mac)?,
    })
}

/// Bytes, or none for the default.
pub fn mtu(choices: &mut Unstructured<'_>) -> Result<Option<u32>> {
    optional(choices, |choices| match choices.int_in_range(0..=3)? {
        0 => choices.arbitrary(),
        1 => choices.int_in_range(60..=75),
        2 => choices.int_in_range(65_530..=65_540),
        _ => Ok(1500),
    })
}

/// The value, or none.
pub fn optional<T>(
    choices: &mut Unstructured<'_>,
    value: impl FnOnce(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Option<T>> {
    match choices.arbitrary()? {
        true => value(choices).map(Some),
        false => Ok(None),
    }
}
