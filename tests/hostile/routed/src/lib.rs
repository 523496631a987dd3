//! A flavour for the tests: a macvlan whose answers leave by a routing table of its own, and a
//! log of all that can be known of the parent and of the pod's other interfaces.

use plumb_sdk::facts::{Link, Place, get_link, get_pod_links};
use plumb_sdk::operations::{
    MacvlanOptions, add_route, add_rule, assign_addresses, configured_addresses, create_macvlan,
};
use plumb_sdk::routing::{Route, Rule};
use plumb_sdk::{Error, Family, Flavour, Request, export_flavour, log};
use serde::Deserialize;

/// The keys, in lower case.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Keys {
    master: String,
    table: u32,
    priority: Option<u32>,
}

/// The flavour.
pub struct Routed;

impl Flavour for Routed {
    fn attach(request: &Request) -> Result<(), Error> {
        let keys: Keys = request.configuration()?;
        let parent = get_link(Place::Host, &keys.master)?;
        log::info(describe(&parent)?);
        for link in get_pod_links()? {
            log::info(describe(&link)?);
        }

        let link = create_macvlan(&parent, &MacvlanOptions::default())?;
        let own = configured_addresses()?;
        assign_addresses(&link, &own)?;
        let connected = Route::to_networks_of(&own).with_source_of(&own);
        add_route(&link, connected.with_table(keys.table))?;
        for family in [Family::Ipv4, Family::Ipv6] {
            let default = Route::default_of(&own, family).with_source_of(&own);
            add_route(&link, default.with_table(keys.table))?;
            let mut rule = Rule::new(family, keys.table).with_source_of(&own);
            if let Some(priority) = keys.priority {
                rule = rule.with_priority(priority);
            }
            add_rule(rule)?;
        }
        Ok(())
    }
}

export_flavour!(Routed);

/// `nic0 (card-0, rail0) numa none speed 10000 10.0.0.5/24 | 10.0.0.0/24 via none src 10.0.0.5 table 254`
fn describe(link: &Link) -> Result<String, Error> {
    let number =
        |number: Option<u32>| number.map_or("none".to_owned(), |number| number.to_string());
    let address = |address: Option<core::net::IpAddr>| {
        address.map_or("none".to_owned(), |address| address.to_string())
    };
    let addresses: Vec<String> = link
        .addresses()?
        .iter()
        .map(|one| one.to_string())
        .collect();
    let routes: Vec<String> = link
        .routes()?
        .iter()
        .map(|route| {
            let destination = route.destination();
            format!(
                "{} via {} src {} table {}",
                destination.map_or("none".to_owned(), |network| network.to_string()),
                address(route.gateway()),
                address(route.source()),
                route.table()
            )
        })
        .collect();
    Ok(format!(
        "{} ({}) numa {} speed {} {} | {}",
        link.name(),
        link.alternative_names().join(", "),
        number(link.numa_node()),
        number(link.speed()),
        addresses.join(", "),
        routes.join("; ")
    ))
}
