//! The interface `operations`: each call is checked as the host does and adds to the plan.

use plumb_values::arguments::{
    SYSCTL_SCOPES, check_assigned, check_bridge, check_child_mtu, check_ethernet_parent,
    check_first_link, check_further_link, check_granted, check_hardware_address,
    check_infiniband_parent, check_ipoib_mtu, check_movable, check_mtu, check_network,
    check_not_default, check_one_bridge, check_pod_sysctl, check_port_settings, check_rdma_name,
    check_rdma_name_is_for_one, check_recording, check_sysctl, check_unicast, check_untaken,
    check_virtual_function, check_word, is_connected,
};
use plumb_values::names::check_alternative_name;
use plumb_values::{Device, Family, HardwareAddress, IpNetwork};

pub use super::bridges::{BridgeOptions, SharedBridge, share_bridge};
pub use super::facts::{Link, PciFunction};
pub use super::netdevs::{ChannelCounts, RingSizes, VethOptions, VlanOptions};
pub use super::options::{IpoibOptions, IpvlanOptions, MacvlanOptions, VirtualFunctionSettings};
pub use super::routing::{Addresses, Route, Rule};
use super::{error, invalid};
use crate::bindings::flavour::plumb::cni::{facts::Place, types};
use crate::declaration::Declaration;
use crate::operations;
use crate::testing::session::{self, Session};
use crate::testing::{AddressSource, Operation, Selector};

/// None: the requested one.
#[derive(Debug)]
pub struct PodLink(Option<String>);

pub fn create_macvlan(parent: &Link, options: MacvlanOptions) -> Result<PodLink, types::Error> {
    may_use_parent("create-macvlan", parent)?;
    let options = options.checked();
    let name = name_of(&options, |options| &options.name);
    let operation = options.and_then(|options| {
        child_of(&name, "macvlan", parent, options.mtu)?;
        let parent = parent.name();
        Ok(Operation::CreateMacvlan { parent, options })
    });
    add_link("create-macvlan", name, operation)
}

pub fn create_ipvlan(parent: &Link, options: IpvlanOptions) -> Result<PodLink, types::Error> {
    may_use_parent("create-ipvlan", parent)?;
    let options = options.checked();
    let name = name_of(&options, |options| &options.name);
    let operation = options.and_then(|options| {
        child_of(&name, "ipvlan", parent, options.mtu)?;
        let parent = parent.name();
        Ok(Operation::CreateIpvlan { parent, options })
    });
    add_link("create-ipvlan", name, operation)
}

/// Checks what a child of an Ethernet interface is to be made of, and notes its largest MTU.
fn child_of(
    own: &Option<String>,
    kind: &'static str,
    parent: &Link,
    mtu: Option<u32>,
) -> Result<(), String> {
    let (name, most) = (parent.name(), parent.mtu());
    check_ethernet_parent(kind, &name, parent.hardware_type())?;
    if let Some(mtu) = mtu {
        check_child_mtu(kind, mtu, &name, most)?;
    }
    session::with(|session| session.child_of.insert(own.clone(), (kind, name, most)));
    Ok(())
}

pub fn create_ipoib(parent: &Link, options: IpoibOptions) -> Result<PodLink, types::Error> {
    may_use_parent("create-ipoib", parent)?;
    let options =
        check_infiniband_parent(&parent.name(), parent.hardware_type(), parent.is_in_pod())
            .and_then(|()| options.checked());
    let name = name_of(&options, |options| &options.name);
    let operation = options.and_then(|options| {
        check_ipoib_child(parent, &options)?;
        let parent = parent.name();
        Ok(Operation::CreateIpoib { parent, options })
    });
    add_link("create-ipoib", name, operation)
}

pub fn create_vlan(parent: &Link, options: VlanOptions) -> Result<PodLink, types::Error> {
    may_use_parent("create-vlan", parent)?;
    let options = options.checked();
    let name = name_of(&options, |options| &options.name);
    let operation = options.and_then(|options| {
        child_of(&name, "vlan", parent, options.mtu)?;
        let parent = parent.name();
        Ok(Operation::CreateVlan { parent, options })
    });
    add_link("create-vlan", name, operation)
}

pub fn create_veth(options: VethOptions) -> Result<PodLink, types::Error> {
    let bridge = options.bridge.take();
    let shared = options.shared_bridge.take();
    if let Some(bridge) = bridge.as_ref().or(shared.as_ref()) {
        may_use_parent("create-veth", bridge)?;
    }
    let options = options.checked().and_then(|options| {
        check_one_bridge(bridge.is_some(), shared.is_some())?;
        match (&bridge, &shared) {
            (Some(bridge), _) => {
                check_bridge(&bridge.name(), bridge.kind().as_deref(), bridge.is_in_pod())?;
            }
            (None, Some(_)) => {}
            (None, None) => check_port_settings(options.hairpin || options.isolated)?,
        }
        Ok(options)
    });
    let name = name_of(&options, |options| &options.name);
    let bridge = bridge.or(shared).map(|bridge| bridge.name());
    let operation = options.map(|options| Operation::CreateVeth { bridge, options });
    add_link("create-veth", name, operation)
}

pub fn move_netdev(link: &Link, name: Option<&str>) -> Result<PodLink, types::Error> {
    may_use_parent("move-netdev", link)?;
    let own = link.name();
    let pci_address = link.facts.pci_address.map(|address| address.to_string());
    let checked = check_movable(
        &own,
        link.is_in_pod(),
        link.hardware_type(),
        link.kind().as_deref(),
        pci_address.as_deref(),
    );
    let leading = session::with(|session| {
        let mut routes = session.node().default_routes.iter();
        routes.find(|(at, _)| *at == Place::Host).cloned()
    });
    if let (Ok(()), Some((_, leading))) = (&checked, leading) {
        check_not_default(&own, &[&leading]).map_err(|message| error("denied", message))?;
    }
    let operation = checked.map(|()| Operation::MoveNetdev {
        link: own,
        name: name.map(str::to_owned),
    });
    add_link("move-netdev", name.map(str::to_owned), operation)
}

pub fn move_link(function: &PciFunction) -> Result<PodLink, types::Error> {
    may_use_function("move-link", function)?;
    let function = function.facts.id();
    add_link("move-link", None, Ok(Operation::MoveLink { function }))
}

pub fn set_virtual_function(
    function: &PciFunction,
    settings: VirtualFunctionSettings,
) -> Result<(), types::Error> {
    may_use_function("set-virtual-function", function)?;
    let facts = &function.facts;
    let function = facts.id();
    check_virtual_function(Device(&function), facts.parent.is_some()).map_err(invalid)?;
    let settings = settings.checked().map_err(invalid)?;
    let operation = Operation::SetVirtualFunction { function, settings };
    add("set-virtual-function", operation)
}

pub fn move_rdma_device(function: &PciFunction, name: Option<&str>) -> Result<(), types::Error> {
    may_use_function("move-rdma-device", function)?;
    let facts = &function.facts;
    let function = facts.id();
    if let Some(name) = name {
        check_rdma_name(name).map_err(invalid)?;
        check_rdma_name_is_for_one(name, Device(&function), facts.rdma_devices.len())
            .map_err(invalid)?;
    }
    let name = name.map(str::to_owned);
    let operation = Operation::MoveRdmaDevice { function, name };
    add("move-rdma-device", operation)
}

pub fn use_previous_link(name: &str) -> Result<PodLink, types::Error> {
    session::with(|session| {
        session.may_record("use-previous-link")?;
        if !session.is_chained {
            return Err(invalid(format!(
                "the component works on interface {name:?} of an earlier plugin, and the network is not chained: add \
                 \"chained\": true to it, which tells DEL as well whose the interface is"
            )));
        }
        let inside = &session.previous_links;
        if !inside.iter().any(|known| known == name) {
            return Err(error(
                "not-found",
                format!(
                    "prevResult has no interface {name:?} in the pod: it lists {}",
                    match inside.is_empty() {
                        true => "none".to_owned(),
                        false => inside.join(", "),
                    }
                ),
            ));
        }
        let own = (name != session.interface_name).then(|| name.to_owned());
        let operation = Operation::UsePreviousLink {
            name: name.to_owned(),
        };
        if !session.plan.contains(&operation) {
            session.plan.push(operation);
        }
        Ok(PodLink(own))
    })
}

pub fn set_mtu(link: &PodLink, mtu: u32) -> Result<(), types::Error> {
    check_mtu(mtu).map_err(invalid)?;
    if let Some((kind, parent, most)) =
        session::with(|session| session.child_of.get(&link.0).cloned())
    {
        check_child_mtu(kind, mtu, &parent, most).map_err(invalid)?;
    }
    add_of(link, "set-mtu", Operation::SetMtu { mtu })
}

pub fn set_mac(link: &PodLink, mac: &types::HardwareAddress) -> Result<(), types::Error> {
    let mac = HardwareAddress::from(mac.clone());
    check_unicast(&mac).map_err(invalid)?;
    let mac = mac.mac().expect("it was just checked");
    add_of(link, "set-mac", Operation::SetMac { mac })
}

pub fn set_queue_length(link: &PodLink, packets: u32) -> Result<(), types::Error> {
    add_of(
        link,
        "set-queue-length",
        Operation::SetQueueLength { packets },
    )
}

pub fn add_alternative_name(link: &PodLink, name: &str) -> Result<(), types::Error> {
    check_alternative_name(name).map_err(invalid)?;
    let name = name.to_owned();
    let operation = Operation::AddAlternativeName { name };
    add_of(link, "add-alternative-name", operation)
}

pub fn set_rings(link: &PodLink, sizes: RingSizes) -> Result<(), types::Error> {
    let sizes = sizes.checked().map_err(invalid)?;
    add_of(link, "set-rings", Operation::SetRings { sizes })
}

pub fn set_channels(link: &PodLink, counts: ChannelCounts) -> Result<(), types::Error> {
    let counts = counts.checked().map_err(invalid)?;
    add_of(link, "set-channels", Operation::SetChannels { counts })
}

pub fn set_link_sysctl(
    link: &PodLink,
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
    add_of(link, "set-link-sysctl", operation)
}

pub fn set_neighbour_sysctl(
    link: &PodLink,
    family: types::Family,
    name: &str,
    value: &str,
    required: bool,
) -> Result<(), types::Error> {
    check_sysctl(name, value).map_err(invalid)?;
    let operation = Operation::SetNeighbourSysctl {
        family: Family::from(family),
        name: name.to_owned(),
        value: value.to_owned(),
        required,
    };
    add_of(link, "set-neighbour-sysctl", operation)
}

pub fn set_pod_sysctl(
    scope: &str,
    family: types::Family,
    name: &str,
    value: &str,
    required: bool,
) -> Result<(), types::Error> {
    let family = Family::from(family);
    check_word("scope of a sysctl", scope, &SYSCTL_SCOPES).map_err(invalid)?;
    check_pod_sysctl(family, name, value).map_err(invalid)?;
    let operation = Operation::SetPodSysctl {
        scope: scope.to_owned(),
        family,
        name: name.to_owned(),
        value: value.to_owned(),
        required,
    };
    add("set-pod-sysctl", operation)
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

pub fn assign_addresses(link: &PodLink, addresses: &Addresses) -> Result<(), types::Error> {
    let addresses = addresses.0;
    take("assign-addresses", addresses)?;
    session::with(|session| session.assigned.push(addresses));
    let operation = Operation::AssignAddresses { addresses };
    add_of(link, "assign-addresses", operation)
}

pub fn add_address(link: &PodLink, address: types::IpNetwork) -> Result<(), types::Error> {
    let address = IpNetwork::from(address);
    check_network(&address).map_err(invalid)?;
    add_of(link, "add-address", Operation::AddAddress { address })
}

pub fn add_route(link: &PodLink, route: Route) -> Result<(), types::Error> {
    let route = route.into_facts();
    route.check().map_err(invalid)?;
    for source in route.refers_to() {
        let is_assigned = session::with(|session| session.are_there(source));
        check_assigned("add-route", is_assigned, "assign-addresses").map_err(invalid)?;
    }
    add_of(link, "add-route", Operation::AddRoute { route })
}

pub fn add_rule(rule: Rule) -> Result<(), types::Error> {
    let rule = rule.into_facts();
    rule.check().map_err(invalid)?;
    if let Some(Selector::Of(source)) = rule.source {
        let is_assigned = session::with(|session| session.are_there(source));
        check_assigned("add-rule", is_assigned, "assign-addresses").map_err(invalid)?;
    }
    add("add-rule", Operation::AddRule { rule })
}

pub fn add_neighbour(
    link: &PodLink,
    address: types::IpAddress,
    mac: &types::HardwareAddress,
) -> Result<(), types::Error> {
    let mac = HardwareAddress::from(mac.clone());
    check_hardware_address(&mac).map_err(invalid)?;
    let address = address.into();
    let operation = Operation::AddNeighbour { address, mac };
    add_of(link, "add-neighbour", operation)
}

pub fn set_up(link: &PodLink) -> Result<(), types::Error> {
    add_of(link, "set-up", Operation::SetUp)
}

pub fn report_function(
    function: &PciFunction,
    mac: Option<&types::HardwareAddress>,
) -> Result<(), types::Error> {
    may_use_function("report-function", function)?;
    let mac = mac.cloned().map(HardwareAddress::from);
    mac.as_deref()
        .map_or(Ok(()), check_hardware_address)
        .map_err(invalid)?;
    let function = function.facts.id();
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
    /// Whether addresses are there that a step may refer to: those of an earlier plugin's interface
    /// are.
    fn are_there(&self, addresses: AddressSource) -> bool {
        let is_chained = self.is_chained && addresses == AddressSource::Previous;
        is_chained || self.assigned.contains(&addresses)
    }

    /// Whether a step was recorded that assigns or reserves these addresses.
    fn has_taken(&self, addresses: AddressSource) -> bool {
        self.assigned.contains(&addresses) || self.reserved.contains(&addresses)
    }

    pub(super) fn may_record(&self, name: &str) -> Result<(), types::Error> {
        let grants = self.node().grants.as_ref();
        let is_granted = grants.is_none_or(|grants| grants.allow(name));
        check_recording(&self.who(), name, self.is_recording)
            .and_then(|()| check_declared(self.declaration.as_ref(), name))
            .and_then(|()| check_granted(self.component(), name, is_granted))
            .map_err(|sentence| error("denied", sentence))
    }
}

fn may_use_parent(operation: &str, link: &Link) -> Result<(), types::Error> {
    session::with(|session| session.may_use_parent(operation, link.place, &link.facts))
        .map_err(|sentence| error("denied", sentence))
}

fn may_use_function(operation: &str, function: &PciFunction) -> Result<(), types::Error> {
    session::with(|session| session.may_use_function(operation, &function.facts))
        .map_err(|sentence| error("denied", sentence))
}

/// The host leaves this to the grants, which an operator gives as the component declares them.
fn check_declared(declaration: Option<&Declaration>, name: &str) -> Result<(), String> {
    match declaration {
        Some(declaration) if !declaration.declares(name) => Err(format!(
            "component {} does not declare {name}: add {} to uses(...) of its #[flavour], or operators will not know \
             to grant it",
            declaration.name,
            name.replace('-', "_")
        )),
        _ => Ok(()),
    }
}

fn check_ipoib_child(parent: &Link, options: &operations::IpoibOptions) -> Result<(), String> {
    let is_connected = match options.mode {
        Some(mode) => mode == operations::IpoibMode::Connected,
        None => is_connected(parent.mtu()),
    };
    match options.mtu {
        Some(mtu) => check_ipoib_mtu(mtu, is_connected, &parent.name(), parent.mtu()),
        None => Ok(()),
    }
}

fn add(name: &str, operation: Operation) -> Result<(), types::Error> {
    session::with(|session| {
        session.may_record(name)?;
        session.plan.push(operation);
        Ok(())
    })
}

/// Adds a step that is about an interface of the pod.
fn add_of(link: &PodLink, name: &str, operation: Operation) -> Result<(), types::Error> {
    let operation = match &link.0 {
        None => operation,
        Some(link) => Operation::Of {
            link: link.clone(),
            operation: Box::new(operation),
        },
    };
    add(name, operation)
}

/// The name of its own that options have.
fn name_of<T>(
    options: &Result<T, String>,
    name: impl FnOnce(&T) -> &Option<String>,
) -> Option<String> {
    options
        .as_ref()
        .ok()
        .and_then(|options| name(options).clone())
}

/// Adds the step that gives the pod an interface: the requested one, of which there is one, or with a name `own` one beside it.
fn add_link(
    name: &str,
    own: Option<String>,
    operation: Result<Operation, String>,
) -> Result<PodLink, types::Error> {
    session::with(|session| {
        session.may_record(name)?;
        if session.is_chained {
            return Err(invalid(format!(
                "{name} would give the pod an interface, and a network with \"chained\": true works on that of an earlier \
                 plugin: leave \"chained\" out"
            )));
        }
        match &own {
            None => check_first_link(name, session.pod_links.contains(&None)),
            Some(own) => {
                let others = session.pod_links.iter().flatten().map(String::as_str);
                let names: Vec<&str> = others.chain([session.interface_name.as_str()]).collect();
                check_further_link(name, own, &names)
            }
        }
        .map_err(invalid)?;
        session.plan.push(operation.map_err(invalid)?);
        session.pod_links.push(own.clone());
        Ok(PodLink(own))
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
        if session.is_chained {
            return Err(invalid(format!(
                "{} cannot be given to an interface of an earlier plugin, which has its own: add-address adds one",
                addresses.in_words()
            )));
        }
        check_untaken(addresses.in_words(), session.has_taken(addresses)).map_err(invalid)
    })
}
