//! What a component passes, as the host keeps it. The rules are `plumb_values::arguments`.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb_values::arguments::{
    LINK_STATES, check_guid, check_network, check_next_hops, check_route, check_route_to_networks,
    check_rule, check_rule_selectors, check_unicast, check_vlan, check_word,
};
use plumb_values::{Family, Guid, Mac};

use super::functions::VirtualFunctionSettings;
use crate::components::refusal::Refusal;
use crate::kernel::virtual_function::{LinkState, Setting, Settings, Vlan};
use crate::octets;
use crate::routing::{Destination, Origin, RouteTemplate, RuleTemplate};

/// `ETH_P_8021AD` (linux/if_ether.h)
const SERVICE_TAG: u16 = 0x88a8;

/// The settings as the host keeps them.
pub(super) fn settings_of(settings: &VirtualFunctionSettings) -> Result<Settings, Refusal> {
    let mac = settings.mac.as_deref().map(mac_of).transpose()?;
    let vlan = match settings.vlan {
        Some(vlan) => {
            check_vlan(vlan.id, vlan.priority, vlan.protocol)?;
            Some(Vlan {
                id: vlan.id,
                priority: vlan.priority,
                is_802_1ad: vlan.protocol == SERVICE_TAG,
            })
        }
        None => None,
    };
    let guid = settings.guid.as_deref().map(guid_of).transpose()?;
    let link_state = match settings.link_state.as_deref() {
        None => None,
        Some("auto") => Some(LinkState::Auto),
        Some("enable") => Some(LinkState::Enable),
        Some("disable") => Some(LinkState::Disable),
        Some(word) => {
            check_word("link state", word, &LINK_STATES)?;
            None
        }
    };
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

fn mac_of(bytes: &[u8]) -> Result<Mac, Refusal> {
    check_unicast(bytes)?;
    Mac::try_from(bytes).map_err(|_| Refusal::invalid(octets::text(bytes)))
}

fn guid_of(bytes: &[u8]) -> Result<Guid, Refusal> {
    let guid = Guid::try_from(bytes).map_err(|_| {
        Refusal::invalid(format!(
            "GUID {} must have eight bytes",
            octets::text(bytes)
        ))
    })?;
    check_guid(guid)?;
    Ok(guid)
}

/// A route is of one family, as far as its addresses are known.
pub(super) fn check_route_template(template: &RouteTemplate) -> Result<(), Refusal> {
    let source = match template.source {
        Some(Origin::Known(address)) => Some(address),
        _ => None,
    };
    let destination = match template.destination {
        Destination::Network(network) => shared(network),
        Destination::DefaultOf(_, family) => plumb_values::IpNetwork::everything(family),
        Destination::NetworksOf(addresses) => {
            let addresses = addresses.to_string();
            let gateway = template.gateway.or(first_hop(template));
            return Ok(check_route_to_networks(&addresses, gateway, source)?);
        }
    };
    check_next_hops(
        destination.family(),
        template.gateway.or(gateway_to_come(template)),
        &template.next_hops,
        template.on_link,
    )?;
    Ok(check_route(&destination, template.gateway, source)?)
}

fn first_hop(template: &RouteTemplate) -> Option<IpAddr> {
    template.next_hops.first().map(|hop| hop.gateway)
}

/// Stands for the gateway that a route gets with its addresses.
fn gateway_to_come(template: &RouteTemplate) -> Option<IpAddr> {
    match template.destination {
        Destination::DefaultOf(_, family) => Some(family.unspecified()),
        Destination::Network(_) | Destination::NetworksOf(_) => None,
    }
}

/// A rule is of its family.
pub(super) fn check_rule_template(template: &RuleTemplate) -> Result<(), Refusal> {
    let source = match template.source {
        Some(Origin::Known(network)) => Some(shared(network)),
        _ => None,
    };
    let destination = template.destination.map(shared);
    let family: Option<Family> = Some(template.family);
    check_rule_selectors(template.family, &template.selectors)?;
    Ok(check_rule(family, source.as_ref(), destination.as_ref())?)
}

/// A network that a component passes; its prefix may be out of range.
pub fn network_of(address: IpAddr, prefix_length: u8) -> Result<IpNetwork, Refusal> {
    let network = plumb_values::IpNetwork {
        address,
        prefix_length,
    };
    check_network(&network)?;
    IpNetwork::new(address, prefix_length).map_err(|error| Refusal::invalid(error.to_string()))
}

fn shared(network: IpNetwork) -> plumb_values::IpNetwork {
    plumb_values::IpNetwork {
        address: network.ip(),
        prefix_length: network.prefix(),
    }
}
