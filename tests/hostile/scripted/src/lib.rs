//! A flavour for the tests, which records the steps that its network lists: what the kernel makes of an operation, and what
//! is left of it, is tested without a component for each.

use std::net::IpAddr;

use plumb_sdk::facts::{Place, get_link};
use plumb_sdk::operations::{self, MacvlanOptions, PodLink, SysctlScope};
use plumb_sdk::routing::{Addresses, Route, Rule};
use plumb_sdk::{Error, Family, Flavour, IpNetwork, Mac, Request, export_flavour};
use serde::Deserialize;

/// The keys, in lower case.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Keys {
    steps: Vec<Step>,
}

/// One step: `step` says which, the others are its parameters.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Step {
    step: String,
    master: String,
    name: String,
    value: String,
    scope: String,
    family: u8,
    required: bool,
    mtu: Option<u32>,
    mac: String,
    address: String,
    to: String,
    from: String,
    gateway: String,
    source: String,
    hops: Vec<Hop>,
    onlink: bool,
    table: Option<u32>,
    priority: Option<u32>,
    iif: String,
    oif: String,
    mark: Option<u32>,
    mask: Option<u32>,
    protocol: Option<u8>,
    sports: Option<(u16, u16)>,
    dports: Option<(u16, u16)>,
    suppress: Option<u8>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Hop {
    via: String,
    weight: u16,
}

/// The flavour.
pub struct Scripted;

impl Flavour for Scripted {
    fn attach(request: &Request) -> Result<(), Error> {
        let keys: Keys = request.configuration()?;
        let mut link = None;
        for step in &keys.steps {
            step.record(&mut link)?;
        }
        Ok(())
    }
}

export_flavour!(Scripted);

impl Step {
    fn record(&self, link: &mut Option<PodLink>) -> Result<(), Error> {
        match self.step.as_str() {
            "macvlan" => {
                let parent = get_link(Place::Host, &self.master)?;
                let options = MacvlanOptions {
                    mtu: self.mtu,
                    ..MacvlanOptions::default()
                };
                *link = Some(operations::create_macvlan(&parent, &options)?);
                return Ok(());
            }
            "previous" => {
                *link = Some(operations::use_previous_link(&self.name)?);
                return Ok(());
            }
            "rule" => return operations::add_rule(self.rule()?),
            "pod-sysctl" => {
                let scope = match self.scope.as_str() {
                    "default" => SysctlScope::Default,
                    _ => SysctlScope::All,
                };
                return operations::set_pod_sysctl(
                    scope,
                    self.family(),
                    &self.name,
                    &self.value,
                    self.required,
                );
            }
            _ => {}
        }
        let link = link
            .as_ref()
            .ok_or_else(|| Error::invalid_configuration("no step made a link before this one"))?;
        self.of_link(link)
    }

    fn of_link(&self, link: &PodLink) -> Result<(), Error> {
        match self.step.as_str() {
            "assign" => operations::assign_addresses(link, &operations::configured_addresses()?),
            "up" => operations::set_up(link),
            "mtu" => operations::set_mtu(link, self.mtu.unwrap_or_default()),
            "mac" => operations::set_mac(link, self.mac()?),
            "address" => operations::add_address(link, network(&self.address)?),
            "neighbour" => {
                operations::add_neighbour(link, address(&self.address)?, &self.mac()?.into())
            }
            "route" => operations::add_route(link, self.route()?),
            "sysctl" => operations::set_link_sysctl(
                link,
                self.family(),
                &self.name,
                &self.value,
                self.required,
            ),
            "neighbour-sysctl" => operations::set_neighbour_sysctl(
                link,
                self.family(),
                &self.name,
                &self.value,
                self.required,
            ),
            other => Err(Error::invalid_configuration(format!("no step {other:?}"))),
        }
    }

    fn family(&self) -> Family {
        match self.family {
            6 => Family::Ipv6,
            _ => Family::Ipv4,
        }
    }

    fn mac(&self) -> Result<Mac, Error> {
        let mac = self.mac.parse();
        mac.map_err(|error| Error::invalid_configuration(format!("{:?} {error}", self.mac)))
    }

    fn route(&self) -> Result<Route, Error> {
        let mut route = Route::to(network(&self.to)?);
        for hop in &self.hops {
            route = route.with_next_hop(address(&hop.via)?, hop.weight);
        }
        if !self.gateway.is_empty() {
            route = route.with_gateway(address(&self.gateway)?);
        }
        route = match addresses(&self.source)? {
            Some(addresses) => route.with_source_of(&addresses),
            None if self.source.is_empty() => route,
            None => route.with_source(address(&self.source)?),
        };
        if self.onlink {
            route = route.with_on_link();
        }
        if let Some(table) = self.table {
            route = route.with_table(table);
        }
        if let Some(priority) = self.priority {
            route = route.with_priority(priority);
        }
        Ok(route)
    }

    fn rule(&self) -> Result<Rule, Error> {
        let mut rule = Rule::new(self.family(), self.table.unwrap_or(254));
        rule = match addresses(&self.from)? {
            Some(addresses) => rule.with_source_of(&addresses),
            None if self.from.is_empty() => rule,
            None => rule.with_source(network(&self.from)?),
        };
        if !self.to.is_empty() {
            rule = rule.with_destination(network(&self.to)?);
        }
        if let Some(priority) = self.priority {
            rule = rule.with_priority(priority);
        }
        if !self.iif.is_empty() {
            rule = rule.with_input_interface(&self.iif);
        }
        if !self.oif.is_empty() {
            rule = rule.with_output_interface(&self.oif);
        }
        if let Some(mark) = self.mark {
            rule = rule.with_masked_mark(mark, self.mask.unwrap_or(u32::MAX));
        }
        if let Some(protocol) = self.protocol {
            rule = rule.with_ip_protocol(protocol);
        }
        if let Some((first, last)) = self.sports {
            rule = rule.with_source_ports(first..=last);
        }
        if let Some((first, last)) = self.dports {
            rule = rule.with_destination_ports(first..=last);
        }
        if let Some(length) = self.suppress {
            rule = rule.with_suppress_prefix_length(length);
        }
        Ok(rule)
    }
}

/// `configured` and `previous` are the addresses of these names.
fn addresses(text: &str) -> Result<Option<Addresses>, Error> {
    match text {
        "configured" => operations::configured_addresses().map(Some),
        "previous" => operations::previous_addresses().map(Some),
        _ => Ok(None),
    }
}

fn network(text: &str) -> Result<IpNetwork, Error> {
    let network = text.parse();
    network.map_err(|error| Error::invalid_configuration(format!("{text:?} {error}")))
}

fn address(text: &str) -> Result<IpAddr, Error> {
    let address = text.parse();
    address.map_err(|error| Error::invalid_configuration(format!("{text:?}: {error}")))
}
