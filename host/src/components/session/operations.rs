//! What a flavour may record: each call is checked and added to the plan.
//!
//! Here a recorded call becomes an operation of `crate::operations`; what this version cannot
//! perform is refused, so that a component learns of it while nothing has happened yet.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb_engine::limits;
use plumb_values::arguments::{
    IPOIB_MODES, IPVLAN_MODES, MACVLAN_MODES, SYSCTL_SCOPES, check_assigned, check_child_mtu,
    check_ethernet_parent, check_first_link, check_further_link, check_granted,
    check_hardware_address, check_infiniband_parent, check_ipoib_mtu, check_mtu,
    check_partition_key, check_pod_sysctl, check_rdma_name, check_rdma_name_is_for_one,
    check_recording, check_sysctl, check_table, check_unicast, check_untaken,
    check_virtual_function, check_word, is_connected,
};
use plumb_values::{Device, Family};
use serde::{Deserialize, Serialize};

use super::arguments::{check_route_template, check_rule_template, settings_of};
use super::authority::Authority;
use super::{LinkHandle, PciHandle, PodLinkHandle, Recorded};
use crate::components::grants;
use crate::components::refusal::{Reason, Refusal};
use crate::facts::Place;
use crate::kernel::route::Route;
use crate::operations::{
    AddAddress, AddNeighbour, AddRoute, AddRule, CreateIpoib, CreateIpvlan, CreateMacvlan,
    LinkNumber, MoveLink, MoveRdmaDevice, Operation, Parent, ReportFunction, SetLinkSysctl, SetMac,
    SetMtu, SetNeighbourSysctl, SetPodSysctl, SetUp, SetVirtualFunction, UsePreviousLink,
};
use crate::outcome::{AddressSource, Assigned};
use crate::policy::{Pattern, driver, function_names, names};
use crate::routing::{RouteTemplate, RuleTemplate};

/// Options of `create-macvlan`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MacvlanOptions {
    /// None: `bridge`.
    pub mode: Option<String>,
    /// Bytes; none: the parent's.
    pub mtu: Option<u32>,
    /// None: a random locally administered one.
    pub mac: Option<Vec<u8>>,
    /// Packets.
    pub broadcast_queue_length: Option<u32>,
    /// None: the requested one.
    pub name: Option<String>,
}

/// Options of `create-ipvlan`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpvlanOptions {
    /// None: `l2`.
    pub mode: Option<String>,
    /// Bytes; none: the parent's.
    pub mtu: Option<u32>,
    /// None: the requested one.
    pub name: Option<String>,
}

/// Options of `create-ipoib`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpoibOptions {
    /// None: the parent's.
    pub partition_key: Option<u16>,
    /// None: the parent's.
    pub mode: Option<String>,
    /// Whether user space handles multicast joins.
    pub user_multicast: Option<bool>,
    /// Bytes; none: what the kernel chooses.
    pub mtu: Option<u32>,
    /// None: the requested one.
    pub name: Option<String>,
}

/// A VLAN tag, as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vlan {
    /// 0 clears the tag.
    pub id: u16,
    /// 0 to 7.
    pub priority: u8,
    /// Its Ethertype.
    pub protocol: u16,
}

/// Settings of `set-virtual-function`; none leaves one as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualFunctionSettings {
    /// Six bytes.
    pub mac: Option<Vec<u8>>,
    /// The tag.
    pub vlan: Option<Vlan>,
    /// Mbit/s.
    pub minimum_rate: Option<u32>,
    /// Mbit/s.
    pub maximum_rate: Option<u32>,
    /// Whether source addresses are checked.
    pub spoof_check: Option<bool>,
    /// Whether the function is trusted.
    pub trust: Option<bool>,
    /// `auto`, `enable` or `disable`.
    pub link_state: Option<String>,
    /// Eight bytes, set as node and as port GUID.
    pub guid: Option<Vec<u8>>,
    /// Whether the driver is bound again when the GUID or the hardware address has changed.
    pub rebind: bool,
}

type Answer<T> = Result<T, Refusal>;

/// Each is the operation of the same name in the contract.
///
/// # Errors
///
/// [`Reason::Denied`] without a grant, [`Reason::InvalidConfiguration`] for an argument that is
/// out of range.
impl Authority {
    pub(super) fn create_macvlan(
        &mut self,
        parent: &LinkHandle,
        options: MacvlanOptions,
    ) -> Answer<PodLinkHandle> {
        let own = options.name.clone();
        self.create("create-macvlan", own.as_deref(), |authority, link, name| {
            authority.may_use_parent("create-macvlan", parent)?;
            let mode = options.mode.unwrap_or_else(|| "bridge".to_owned());
            check_word("macvlan mode", &mode, &MACVLAN_MODES)?;
            authority.child_of(link, "macvlan", parent, options.mtu)?;
            options.mac.as_deref().map_or(Ok(()), check_unicast)?;
            Ok(Operation::CreateMacvlan(CreateMacvlan {
                link,
                parent: parent_of(parent),
                mode,
                mtu: options.mtu,
                mac: options.mac,
                broadcast_queue_length: options.broadcast_queue_length,
                name,
                temporary_name: String::new(),
                index: None,
                below: None,
            }))
        })
    }

    pub(super) fn create_ipvlan(
        &mut self,
        parent: &LinkHandle,
        options: IpvlanOptions,
    ) -> Answer<PodLinkHandle> {
        let own = options.name.clone();
        self.create("create-ipvlan", own.as_deref(), |authority, link, name| {
            authority.may_use_parent("create-ipvlan", parent)?;
            let mode = options.mode.unwrap_or_else(|| "l2".to_owned());
            check_word("ipvlan mode", &mode, &IPVLAN_MODES)?;
            authority.child_of(link, "ipvlan", parent, options.mtu)?;
            Ok(Operation::CreateIpvlan(CreateIpvlan {
                link,
                parent: parent_of(parent),
                mode,
                mtu: options.mtu,
                name,
                temporary_name: String::new(),
                index: None,
                below: None,
            }))
        })
    }

    pub(super) fn create_ipoib(
        &mut self,
        parent: &LinkHandle,
        options: IpoibOptions,
    ) -> Answer<PodLinkHandle> {
        let own = options.name.clone();
        self.create("create-ipoib", own.as_deref(), |authority, link, name| {
            authority.may_use_parent("create-ipoib", parent)?;
            if let Some(mode) = &options.mode {
                check_word("ipoib mode", mode, &IPOIB_MODES)?;
            }
            let of = parent_of(parent);
            check_infiniband_parent(&of.name, parent.facts.hardware_type, of.in_pod)?;
            check_ipoib_child(parent, &options)?;
            options.partition_key.map_or(Ok(()), check_partition_key)?;
            Ok(Operation::CreateIpoib(CreateIpoib {
                link,
                parent: of,
                partition_key: options.partition_key,
                mode: options.mode,
                user_multicast: options.user_multicast,
                mtu: options.mtu,
                name,
                temporary_name: String::new(),
                alias: String::new(),
                permanent_address: None,
                index: None,
            }))
        })
    }

    pub(super) fn move_link(&mut self, function: &PciHandle) -> Answer<PodLinkHandle> {
        self.create("move-link", None, |authority, link, name| {
            authority.may_use_function("move-link", function)?;
            Ok(Operation::MoveLink(MoveLink {
                link,
                address: function.facts.address.clone(),
                name,
                index: None,
            }))
        })
    }

    pub(super) fn set_virtual_function(
        &mut self,
        function: &PciHandle,
        settings: &VirtualFunctionSettings,
    ) -> Answer<()> {
        self.may_use_function("set-virtual-function", function)?;
        let is_virtual = function.facts.virtual_function.is_some();
        check_virtual_function(Device(&function.facts.address), is_virtual)?;
        let operation = SetVirtualFunction {
            address: function.facts.address.clone(),
            settings: settings_of(settings)?,
            rebind: settings.rebind,
        };
        self.add(
            "set-virtual-function",
            Operation::SetVirtualFunction(operation),
        )
    }

    pub(super) fn move_rdma_device(
        &mut self,
        function: &PciHandle,
        name: Option<String>,
    ) -> Answer<()> {
        self.may_use_function("move-rdma-device", function)?;
        if let Some(name) = &name {
            let devices = function.facts.rdma_devices.len();
            check_rdma_name(name)?;
            check_rdma_name_is_for_one(name, Device(&function.facts.address), devices)?;
        }
        let operation = MoveRdmaDevice {
            address: function.facts.address.clone(),
            name,
            devices: Vec::new(),
        };
        self.add("move-rdma-device", Operation::MoveRdmaDevice(operation))
    }

    /// An interface of an earlier plugin of the chain.
    pub(super) fn use_previous_link(&mut self, name: String) -> Answer<PodLinkHandle> {
        self.may_record("use-previous-link")?;
        if !self.asked.is_chained {
            return Err(Refusal::invalid(format!(
                "component {} works on interface {name:?} of an earlier plugin, and the network is not chained: add \
                 \"chained\": true to it, which tells DEL as well whose the interface is",
                self.component
            )));
        }
        let mut listed = self.asked.previous_interfaces.iter();
        if !listed.any(|interface| interface.in_pod && interface.name == name) {
            let inside = self.asked.previous_interfaces.iter();
            let inside = inside.filter(|interface| interface.in_pod);
            let names: Vec<_> = inside.map(|interface| interface.name.as_str()).collect();
            return Err(Refusal::new(
                Reason::NotFound,
                format!(
                    "prevResult has no interface {name:?} in the pod: it lists {}",
                    match names.is_empty() {
                        true => "none".to_owned(),
                        false => names.join(", "),
                    }
                ),
            ));
        }
        let known = self.pod_links.iter().find(|(_, known)| **known == name);
        if let Some((number, _)) = known {
            return Ok(PodLinkHandle { number: *number });
        }
        // No result of a plugin has as many interfaces in a pod.
        let number = u8::try_from(self.pod_links.len()).map_err(|_| {
            Refusal::denied(format!(
                "component {} works on more than 256 interfaces",
                self.component
            ))
        })?;
        let link = LinkNumber(number);
        self.pod_links.insert(link, name.clone());
        let operation = UsePreviousLink {
            link,
            name,
            index: None,
        };
        self.record(Recorded::Operation(operation.into()));
        Ok(PodLinkHandle { number: link })
    }

    pub(super) fn set_mtu(&mut self, link: PodLinkHandle, mtu: u32) -> Answer<()> {
        check_mtu(mtu)?;
        if let Some((kind, parent, most)) = self.child_of.get(&link.number) {
            check_child_mtu(kind, mtu, parent, *most)?;
        }
        let operation = SetMtu {
            link: link.number,
            mtu,
            before: None,
        };
        self.add("set-mtu", Operation::SetMtu(operation))
    }

    pub(super) fn set_mac(&mut self, link: PodLinkHandle, mac: Vec<u8>) -> Answer<()> {
        check_unicast(&mac)?;
        let operation = SetMac {
            link: link.number,
            mac,
            before: None,
        };
        self.add("set-mac", Operation::SetMac(operation))
    }

    pub(super) fn set_link_sysctl(
        &mut self,
        link: PodLinkHandle,
        family: Family,
        name: String,
        value: String,
        required: bool,
    ) -> Answer<()> {
        check_sysctl(&name, &value)?;
        let operation = SetLinkSysctl {
            link: link.number,
            family: folder_of(family),
            name,
            value,
            required,
            kept: false,
            before: None,
            after: None,
        };
        self.add("set-link-sysctl", Operation::SetLinkSysctl(operation))
    }

    pub(super) fn set_neighbour_sysctl(
        &mut self,
        link: PodLinkHandle,
        family: Family,
        name: String,
        value: String,
        required: bool,
    ) -> Answer<()> {
        check_sysctl(&name, &value)?;
        let operation = SetNeighbourSysctl {
            link: link.number,
            family: folder_of(family),
            name,
            value,
            required,
            before: None,
            after: None,
        };
        self.add("set-neighbour-sysctl", operation.into())
    }

    pub(super) fn set_pod_sysctl(
        &mut self,
        scope: String,
        family: Family,
        name: String,
        value: String,
        required: bool,
    ) -> Answer<()> {
        check_word("scope of a sysctl", &scope, &SYSCTL_SCOPES)?;
        check_pod_sysctl(family, &name, &value)?;
        let operation = SetPodSysctl {
            scope,
            family: folder_of(family),
            name,
            value,
            required,
            before: None,
            after: None,
        };
        self.add("set-pod-sysctl", operation.into())
    }

    /// The addresses of a source, of which there are some.
    pub(super) fn source(&self, source: AddressSource) -> Answer<AddressSource> {
        let (exists, remedy) = match source {
            AddressSource::Configured => (
                self.asked.has_ipam,
                "the configuration has no \"ipam\": add one",
            ),
            AddressSource::Previous => (
                self.asked.has_previous_addresses,
                "the previous plugin's result has none",
            ),
        };
        match exists {
            true => Ok(source),
            false => Err(Refusal::invalid(format!(
                "the flavour needs {source}, but {remedy}"
            ))),
        }
    }

    pub(super) fn assign_addresses(
        &mut self,
        link: PodLinkHandle,
        source: AddressSource,
    ) -> Answer<()> {
        self.may_record("assign-addresses")?;
        self.check_untaken(source)?;
        self.record(Recorded::Assign(link.number, source));
        Ok(())
    }

    pub(super) fn reserve_addresses(&mut self, source: AddressSource) -> Answer<()> {
        self.may_record("reserve-addresses")?;
        self.check_untaken(source)?;
        self.record(Recorded::Reserve(source));
        Ok(())
    }

    pub(super) fn add_address(&mut self, link: PodLinkHandle, address: IpNetwork) -> Answer<()> {
        let link = link.number;
        self.add(
            "add-address",
            Operation::AddAddress(AddAddress { link, address }),
        )
    }

    pub(super) fn add_route(&mut self, link: PodLinkHandle, template: RouteTemplate) -> Answer<()> {
        template.table.map_or(Ok(()), check_table)?;
        check_route_template(&template)?;
        self.may_record("add-route")?;
        for source in template.refers_to() {
            self.check_assigned("add-route", source)?;
        }
        let link = link.number;
        if !template.refers_to().is_empty() {
            self.record(Recorded::AddRoutes(link, template));
            return Ok(());
        }
        let route = plain_route(&template)?;
        self.record(Recorded::Operation(AddRoute::by(link, route).into()));
        Ok(())
    }

    pub(super) fn add_rule(&mut self, template: RuleTemplate) -> Answer<()> {
        check_table(template.table)?;
        check_rule_template(&template)?;
        self.may_record("add-rule")?;
        if let Some(source) = template.refers_to() {
            self.check_assigned("add-rule", source)?;
            self.record(Recorded::AddRules(template));
            return Ok(());
        }
        for rule in template.rules(|_| Assigned::default()) {
            self.record(Recorded::Operation(AddRule::of(rule).into()));
        }
        Ok(())
    }

    pub(super) fn add_neighbour(
        &mut self,
        link: PodLinkHandle,
        address: IpAddr,
        mac: Vec<u8>,
    ) -> Answer<()> {
        check_hardware_address(&mac)?;
        let operation = AddNeighbour {
            link: link.number,
            address,
            mac,
        };
        self.add("add-neighbour", Operation::AddNeighbour(operation))
    }

    pub(super) fn set_up(&mut self, link: PodLinkHandle) -> Answer<()> {
        let operation = SetUp {
            link: link.number,
            before: false,
        };
        self.add("set-up", Operation::SetUp(operation))
    }

    pub(super) fn report_function(
        &mut self,
        function: &PciHandle,
        mac: Option<Vec<u8>>,
    ) -> Answer<()> {
        self.may_use_function("report-function", function)?;
        mac.as_deref().map_or(Ok(()), check_hardware_address)?;
        let operation = ReportFunction {
            link: LinkNumber::default(),
            address: function.facts.address.clone(),
            mac,
        };
        self.add("report-function", Operation::ReportFunction(operation))
    }

    /// Records one operation under its name in the contract.
    pub(super) fn add(&mut self, name: &str, operation: Operation) -> Answer<()> {
        self.may_record(name)?;
        self.record(Recorded::Operation(operation));
        Ok(())
    }

    /// Records what gives the pod an interface: the requested one, or with a name `own` one beside it.
    pub(super) fn create(
        &mut self,
        operation: &str,
        own: Option<&str>,
        step: impl FnOnce(&mut Self, LinkNumber, String) -> Answer<Operation>,
    ) -> Answer<PodLinkHandle> {
        self.may_record(operation)?;
        if self.asked.is_chained {
            return Err(Refusal::invalid(format!(
                "{operation} would give the pod an interface, and a network with \"chained\": true works on that of an \
                 earlier plugin: leave \"chained\" out"
            )));
        }
        let (number, name) = self.next_link(operation, own)?;
        let step = step(self, number, name.clone())?;
        self.pod_links.insert(number, name);
        self.record(Recorded::Operation(step));
        Ok(PodLinkHandle { number })
    }

    /// Number and name of the next interface. That of the requested one is 0, whenever it comes.
    fn next_link(&self, operation: &str, own: Option<&str>) -> Answer<(LinkNumber, String)> {
        let requested = LinkNumber::default();
        let Some(own) = own else {
            check_first_link(operation, self.pod_links.contains_key(&requested))?;
            return Ok((requested, self.asked.interface_name.clone()));
        };
        let others = self
            .pod_links
            .iter()
            .filter(|(number, _)| **number != requested);
        let others = others.map(|(_, name)| name.as_str());
        let names: Vec<&str> = others.chain([self.asked.interface_name.as_str()]).collect();
        check_further_link(operation, own, &names)?;
        let number = u8::try_from(names.len()).unwrap_or(u8::MAX);
        Ok((LinkNumber(number), own.to_owned()))
    }

    /// Checks what a child of an Ethernet interface is to be made of, and notes its largest MTU.
    pub(super) fn child_of(
        &mut self,
        link: LinkNumber,
        kind: &'static str,
        parent: &LinkHandle,
        mtu: Option<u32>,
    ) -> Answer<()> {
        let (name, most) = (&parent.facts.name, parent.facts.mtu);
        check_ethernet_parent(kind, name, parent.facts.hardware_type)?;
        if let Some(mtu) = mtu {
            check_mtu(mtu)?;
            check_child_mtu(kind, mtu, name, most)?;
        }
        self.child_of.insert(link, (kind, name.clone(), most));
        Ok(())
    }

    /// Addresses are taken once: for one interface, or for the result alone.
    fn check_untaken(&self, source: AddressSource) -> Answer<()> {
        if self.asked.is_chained {
            return Err(Refusal::invalid(format!(
                "{source} cannot be given to an interface of an earlier plugin, which has its own: add-address adds one"
            )));
        }
        let is_reserved = self.recorded.contains(&Recorded::Reserve(source));
        let is_taken = is_reserved || self.is_assigned(source);
        Ok(check_untaken(&source.to_string(), is_taken)?)
    }

    /// What refers to addresses comes after the step that assigns them.
    fn check_assigned(&self, name: &str, source: AddressSource) -> Answer<()> {
        Ok(check_assigned(
            name,
            self.are_there(source),
            "assign-addresses",
        )?)
    }

    fn is_assigned(&self, source: AddressSource) -> bool {
        let mut steps = self.recorded.iter();
        steps.any(|step| matches!(step, Recorded::Assign(_, assigned) if *assigned == source))
    }

    /// Whether addresses are there that a step may refer to: those of an earlier plugin's interface are.
    fn are_there(&self, source: AddressSource) -> bool {
        let is_chained = self.asked.is_chained && source == AddressSource::Previous;
        is_chained || self.is_assigned(source)
    }

    /// Whether an operation of this name may be recorded now.
    fn may_record(&self, name: &str) -> Answer<()> {
        let denied = Refusal::denied;
        let who = format!("component {}", self.component);
        check_recording(&who, name, self.recording).map_err(denied)?;
        check_granted(&self.component, name, self.grants.allow(name)).map_err(denied)?;
        if self.recorded.len() + self.recorded_elsewhere >= limits::OPERATIONS {
            return Err(denied(format!(
                "component {} recorded more than {} operations",
                self.component,
                limits::OPERATIONS
            )));
        }
        Ok(())
    }

    /// Whether an operation may be about this link. One in the pod is the pod's.
    pub(super) fn may_use_parent(&self, operation: &str, link: &LinkHandle) -> Answer<()> {
        let Some(patterns) = self.grants.devices(operation) else {
            return Ok(());
        };
        if link.place == Place::Pod {
            return Ok(());
        }
        let driver = driver(&link.facts, self.facts.as_ref())?;
        let mut allowed = patterns.iter();
        match allowed.any(|pattern| pattern.matches(names(&link.facts), driver.as_deref())) {
            true => Ok(()),
            false => Err(self.not_granted(operation, patterns, &link.facts.name)),
        }
    }

    /// Whether an operation may be about this PCI function.
    fn may_use_function(&self, operation: &str, function: &PciHandle) -> Answer<()> {
        let Some(patterns) = self.grants.devices(operation) else {
            return Ok(());
        };
        let facts = &function.facts;
        let mut allowed = patterns.iter();
        match allowed.any(|pattern| pattern.matches(function_names(facts), facts.driver.as_deref()))
        {
            true => Ok(()),
            false => Err(self.not_granted(operation, patterns, &facts.address)),
        }
    }

    fn not_granted(&self, operation: &str, patterns: &[Pattern], device: &str) -> Refusal {
        let patterns: Vec<_> = patterns.iter().map(ToString::to_string).collect();
        let option = grants::Device::of(operation).map_or("", grants::Device::option);
        Refusal::denied(format!(
            "component {name} has a grant for {operation} on {}, and not on {device}: `plumbctl component grant \
             {name} {operation} {option} {device}` gives it",
            patterns.join(", "),
            name = self.component
        ))
    }

    /// Adds to the plan what [`Self::may_record`] allowed.
    fn record(&mut self, recorded: Recorded) {
        self.recorded.push(recorded);
    }
}

/// The folder of a family below `net`.
fn folder_of(family: Family) -> String {
    match family {
        Family::Ipv4 => "ipv4",
        Family::Ipv6 => "ipv6",
    }
    .to_owned()
}

pub(super) fn parent_of(link: &LinkHandle) -> Parent {
    Parent {
        name: link.facts.name.clone(),
        index: link.facts.index,
        in_pod: link.place == Place::Pod,
    }
}

/// Checks the MTU of an IPoIB child. Without a mode it gets its parent's, which the MTU shows.
fn check_ipoib_child(parent: &LinkHandle, options: &IpoibOptions) -> Answer<()> {
    let Some(mtu) = options.mtu else {
        return Ok(());
    };
    let facts = &parent.facts;
    let is_connected = match options.mode.as_deref() {
        Some(mode) => mode == "connected",
        None => is_connected(facts.mtu),
    };
    check_mtu(mtu)?;
    Ok(check_ipoib_mtu(mtu, is_connected, &facts.name, facts.mtu)?)
}

/// A route that refers to no addresses, checked.
///
/// # Errors
///
/// [`Reason::InvalidConfiguration`] when it refers to some, or is none.
pub fn plain_route(template: &RouteTemplate) -> Result<Route, Refusal> {
    template.table.map_or(Ok(()), check_table)?;
    check_route_template(template)?;
    let mut routes = match template.refers_to().as_slice() {
        [] => template.routes(|_| Assigned::default()),
        _ => Vec::new(),
    };
    routes.pop().ok_or_else(|| {
        Refusal::invalid(format!(
            "route {template} refers to addresses that are not known here"
        ))
    })
}
