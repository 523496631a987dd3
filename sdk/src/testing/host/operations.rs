//! The interface `operations`: each call is checked as the host does and adds to the plan.

use plumb_values::arguments::{
    check_assigned, check_first_link, check_hardware_address, check_infiniband_parent, check_mtu,
    check_network, check_rdma_name, check_rdma_name_is_for_one, check_sysctl, check_unicast,
    check_untaken, check_virtual_function,
};
use plumb_values::{Family, HardwareAddress, IpNetwork};

pub use super::facts::{Link, PciFunction};
pub use super::options::{IpoibOptions, IpvlanOptions, MacvlanOptions, VirtualFunctionSettings};
pub use super::routing::{Addresses, Route, Rule};
use super::{error, invalid};
use crate::bindings::flavour::plumb::cni::{facts::Place, types};
use crate::testing::session::{self, Session};
use crate::testing::{AddressSource, Operation, Selector};

#[derive(Debug)]
pub struct PodLink(());

pub fn create_macvlan(parent: &Link, options: MacvlanOptions) -> Result<PodLink, types::Error> {
    let parent = parent.name();
    let options = options.checked();
    let operation = options.map(|options| Operation::CreateMacvlan { parent, options });
    add_link("create-macvlan", operation)
}

pub fn create_ipvlan(parent: &Link, options: IpvlanOptions) -> Result<PodLink, types::Error> {
    let parent = parent.name();
    let options = options.checked();
    let operation = options.map(|options| Operation::CreateIpvlan { parent, options });
    add_link("create-ipvlan", operation)
}

pub fn create_ipoib(parent: &Link, options: IpoibOptions) -> Result<PodLink, types::Error> {
    let is_in_pod = parent.place == Place::Pod;
    let operation = check_infiniband_parent(&parent.name(), parent.hardware_type(), is_in_pod)
        .and_then(|()| options.checked())
        .map(|options| Operation::CreateIpoib {
            parent: parent.name(),
            options,
        });
    add_link("create-ipoib", operation)
}

pub fn move_link(function: &PciFunction) -> Result<PodLink, types::Error> {
    let function = function.facts.address.to_string();
    add_link("move-link", Ok(Operation::MoveLink { function }))
}

pub fn set_virtual_function(
    function: &PciFunction,
    settings: VirtualFunctionSettings,
) -> Result<(), types::Error> {
    let facts = &function.facts;
    check_virtual_function(facts.address, facts.parent.is_some()).map_err(invalid)?;
    let settings = settings.checked().map_err(invalid)?;
    let function = facts.address.to_string();
    let operation = Operation::SetVirtualFunction { function, settings };
    add("set-virtual-function", operation)
}

pub fn move_rdma_device(function: &PciFunction, name: Option<&str>) -> Result<(), types::Error> {
    let facts = &function.facts;
    if let Some(name) = name {
        check_rdma_name(name).map_err(invalid)?;
        check_rdma_name_is_for_one(name, facts.address, facts.rdma_devices.len())
            .map_err(invalid)?;
    }
    let operation = Operation::MoveRdmaDevice {
        function: facts.address.to_string(),
        name: name.map(str::to_owned),
    };
    add("move-rdma-device", operation)
}

pub fn set_mtu(_: &PodLink, mtu: u32) -> Result<(), types::Error> {
    check_mtu(mtu).map_err(invalid)?;
    add("set-mtu", Operation::SetMtu { mtu })
}

pub fn set_mac(_: &PodLink, mac: &types::HardwareAddress) -> Result<(), types::Error> {
    let mac = HardwareAddress::from(mac.clone());
    check_unicast(&mac).map_err(invalid)?;
    let mac = mac.mac().expect("it was just checked");
    add("set-mac", Operation::SetMac { mac })
}

pub fn set_link_sysctl(
    _: &PodLink,
    family: types::Family,
    name: &str,
    value: &str,
    required: bool,
) -> Result<(), types::Error> {
    check_sysctl(name, value).map_err(invalid)?;
    let operation = Operation::SetLinkSysctl {
        family: Family::from(family),
        name: name.to_owned(),
        value: value.to_owned(),
        required,
    };
    add("set-link-sysctl", operation)
}

pub fn configured_addresses() -> Result<Addresses, types::Error> {
    let exists = session::with(|session| session.has_ipam);
    let remedy = "the configuration has no \"ipam\": add one";
    addresses(AddressSource::Configured, exists, remedy)
}

pub fn previous_addresses() -> Result<Addresses, types::Error> {
    let exists = session::with(|session| session.has_previous_addresses);
    let remedy = "the previous plugin's result has none";
    addresses(AddressSource::Previous, exists, remedy)
}

pub fn assign_addresses(_: &PodLink, addresses: &Addresses) -> Result<(), types::Error> {
    let addresses = addresses.0;
    take("assign-addresses", addresses)?;
    session::with(|session| session.assigned.push(addresses));
    add("assign-addresses", Operation::AssignAddresses { addresses })
}

pub fn add_address(_: &PodLink, address: types::IpNetwork) -> Result<(), types::Error> {
    let address = IpNetwork::from(address);
    check_network(&address).map_err(invalid)?;
    add("add-address", Operation::AddAddress { address })
}

pub fn add_route(_: &PodLink, route: Route) -> Result<(), types::Error> {
    let route = route.into_facts();
    route.check().map_err(invalid)?;
    for source in route.refers_to() {
        let is_assigned = session::with(|session| session.assigned.contains(&source));
        check_assigned("add-route", is_assigned, "assign-addresses").map_err(invalid)?;
    }
    add("add-route", Operation::AddRoute { route })
}

pub fn add_rule(rule: Rule) -> Result<(), types::Error> {
    let rule = rule.into_facts();
    rule.check().map_err(invalid)?;
    if let Some(Selector::Of(source)) = rule.source {
        let is_assigned = session::with(|session| session.assigned.contains(&source));
        check_assigned("add-rule", is_assigned, "assign-addresses").map_err(invalid)?;
    }
    add("add-rule", Operation::AddRule { rule })
}

pub fn add_neighbour(
    _: &PodLink,
    address: types::IpAddress,
    mac: &types::HardwareAddress,
) -> Result<(), types::Error> {
    let mac = HardwareAddress::from(mac.clone());
    check_hardware_address(&mac).map_err(invalid)?;
    let address = address.into();
    add("add-neighbour", Operation::AddNeighbour { address, mac })
}

pub fn set_up(_: &PodLink) -> Result<(), types::Error> {
    add("set-up", Operation::SetUp)
}

pub fn report_function(
    function: &PciFunction,
    mac: Option<&types::HardwareAddress>,
) -> Result<(), types::Error> {
    let mac = mac.cloned().map(HardwareAddress::from);
    mac.as_deref()
        .map_or(Ok(()), check_hardware_address)
        .map_err(invalid)?;
    let function = function.facts.address.to_string();
    add(
        "report-function",
        Operation::ReportFunction { function, mac },
    )
}

pub fn reserve_addresses(addresses: &Addresses) -> Result<(), types::Error> {
    let addresses = addresses.0;
    take("reserve-addresses", addresses)?;
    session::with(|session| session.reserved.push(addresses));
    add(
        "reserve-addresses",
        Operation::ReserveAddresses { addresses },
    )
}

impl Session {
    /// Whether a step was recorded that assigns or reserves these addresses.
    fn has_taken(&self, addresses: AddressSource) -> bool {
        self.assigned.contains(&addresses) || self.reserved.contains(&addresses)
    }

    fn may_record(&self, name: &str) -> Result<(), types::Error> {
        match self.is_recording {
            true => Ok(()),
            false => Err(error(
                "denied",
                format!("the component may not record {name} here: only attach makes a plan"),
            )),
        }
    }
}

fn add(name: &str, operation: Operation) -> Result<(), types::Error> {
    session::with(|session| {
        session.may_record(name)?;
        session.plan.push(operation);
        Ok(())
    })
}

/// Adds the step that gives the pod its interface, of which a plan has one.
fn add_link(name: &str, operation: Result<Operation, String>) -> Result<PodLink, types::Error> {
    session::with(|session| {
        session.may_record(name)?;
        check_first_link(name, session.has_pod_link).map_err(invalid)?;
        session.plan.push(operation.map_err(invalid)?);
        session.has_pod_link = true;
        Ok(PodLink(()))
    })
}

fn addresses(source: AddressSource, exists: bool, remedy: &str) -> Result<Addresses, types::Error> {
    match exists {
        true => Ok(Addresses(source)),
        false => Err(invalid(format!(
            "the flavour needs {}, but {remedy}",
            source.in_words()
        ))),
    }
}

fn take(name: &str, addresses: AddressSource) -> Result<(), types::Error> {
    session::with(|session| {
        session.may_record(name)?;
        check_untaken(addresses.in_words(), session.has_taken(addresses)).map_err(invalid)
    })
}
