//! What a flavour may record: each call is checked and added to the plan.
//!
//! Here a recorded call becomes an operation of `crate::operations`; what this version cannot
//! perform is refused, so that a component learns of it while nothing has happened yet.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb_engine::limits;
use plumb_values::Family;
use plumb_values::arguments::{
    IPOIB_MODES, IPVLAN_MODES, MACVLAN_MODES, check_assigned, check_first_link,
    check_hardware_address, check_infiniband_parent, check_mtu, check_partition_key,
    check_rdma_name, check_rdma_name_is_for_one, check_sysctl, check_table, check_unicast,
    check_untaken, check_virtual_function, check_word,
};
use serde::{Deserialize, Serialize};

use super::arguments::{address_of, check_route_template, check_rule_template, settings_of};
use super::authority::Authority;
use super::{LinkHandle, PciHandle, PodLinkHandle, Recorded};
use crate::components::grants::Device;
use crate::components::refusal::Refusal;
use crate::facts::Place;
use crate::kernel::route::Route;
use crate::operations::{
    AddAddress, AddNeighbour, AddRoute, AddRule, CreateIpoib, CreateIpvlan, CreateMacvlan,
    LinkNumber, MoveLink, MoveRdmaDevice, Operation, Parent, ReportFunction, SetLinkSysctl, SetMac,
    SetMtu, SetUp, SetVirtualFunction,
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
}

/// Options of `create-ipvlan`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpvlanOptions {
    /// None: `l2`.
    pub mode: Option<String>,
    /// Bytes; none: the parent's.
    pub mtu: Option<u32>,
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
        self.create("create-macvlan", |authority| {
            authority.may_use_parent("create-macvlan", parent)?;
            let mode = options.mode.unwrap_or_else(|| "bridge".to_owned());
            check_word("macvlan mode", &mode, &MACVLAN_MODES)?;
            options.mtu.map_or(Ok(()), check_mtu)?;
            options.mac.as_deref().map_or(Ok(()), check_unicast)?;
            Ok(Operation::CreateMacvlan(CreateMacvlan {
                link: LinkNumber::default(),
                parent: parent_of(parent),
                mode,
                mtu: options.mtu,
                mac: options.mac,
                broadcast_queue_length: options.broadcast_queue_length,
                name: authority.asked.interface_name.clone(),
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
        self.create("create-ipvlan", |authority| {
            authority.may_use_parent("create-ipvlan", parent)?;
            let mode = options.mode.unwrap_or_else(|| "l2".to_owned());
            check_word("ipvlan mode", &mode, &IPVLAN_MODES)?;
            options.mtu.map_or(Ok(()), check_mtu)?;
            Ok(Operation::CreateIpvlan(CreateIpvlan {
                link: LinkNumber::default(),
                parent: parent_of(parent),
                mode,
                mtu: options.mtu,
                name: authority.asked.interface_name.clone(),
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
        self.create("create-ipoib", |authority| {
            authority.may_use_parent("create-ipoib", parent)?;
            if let Some(mode) = &options.mode {
                check_word("ipoib mode", mode, &IPOIB_MODES)?;
            }
            let of = parent_of(parent);
            check_infiniband_parent(&of.name, parent.facts.hardware_type, of.in_pod)?;
            options.mtu.map_or(Ok(()), check_mtu)?;
            options.partition_key.map_or(Ok(()), check_partition_key)?;
            Ok(Operation::CreateIpoib(CreateIpoib {
                link: LinkNumber::default(),
                parent: of,
                partition_key: options.partition_key,
                mode: options.mode,
                user_multicast: options.user_multicast,
                mtu: options.mtu,
                name: authority.asked.interface_name.clone(),
                temporary_name: String::new(),
                alias: String::new(),
                permanent_address: None,
                index: None,
            }))
        })
    }

    pub(super) fn move_link(&mut self, function: &PciHandle) -> Answer<PodLinkHandle> {
        self.create("move-link", |authority| {
            authority.may_use_function("move-link", function)?;
            Ok(Operation::MoveLink(MoveLink {
                link: LinkNumber::default(),
                address: function.facts.address.clone(),
                name: authority.asked.interface_name.clone(),
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
        check_virtual_function(address_of(function)?, is_virtual)?;
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
            check_rdma_name_is_for_one(name, address_of(function)?, devices)?;
        }
        let operation = MoveRdmaDevice {
            address: function.facts.address.clone(),
            name,
            devices: Vec::new(),
        };
        self.add("move-rdma-device", Operation::MoveRdmaDevice(operation))
    }

    pub(super) fn set_mtu(&mut self, link: PodLinkHandle, mtu: u32) -> Answer<()> {
        check_mtu(mtu)?;
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
        let family = match family {
            Family::Ipv4 => "ipv4",
            Family::Ipv6 => "ipv6",
        };
        let operation = SetLinkSysctl {
            link: link.number,
            family: family.to_owned(),
            name,
            value,
            required,
            kept: false,
            before: None,
        };
        self.add("set-link-sysctl", Operation::SetLinkSysctl(operation))
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
    fn add(&mut self, name: &str, operation: Operation) -> Answer<()> {
        self.may_record(name)?;
        self.record(Recorded::Operation(operation));
        Ok(())
    }

    /// Records the creation of the pod's interface, of which there is one in a plan.
    fn create(
        &mut self,
        name: &str,
        operation: impl FnOnce(&Self) -> Answer<Operation>,
    ) -> Answer<PodLinkHandle> {
        self.may_record(name)?;
        check_first_link(name, self.has_pod_link)?;
        let operation = operation(self)?;
        self.has_pod_link = true;
        self.record(Recorded::Operation(operation));
        Ok(PodLinkHandle {
            number: LinkNumber::default(),
        })
    }

    /// Addresses are taken once: for one interface, or for the result alone.
    fn check_untaken(&self, source: AddressSource) -> Answer<()> {
        let is_reserved = self.recorded.contains(&Recorded::Reserve(source));
        let is_taken = is_reserved || self.is_assigned(source);
        Ok(check_untaken(&source.to_string(), is_taken)?)
    }

    /// What refers to addresses comes after the step that assigns them.
    fn check_assigned(&self, name: &str, source: AddressSource) -> Answer<()> {
        Ok(check_assigned(
            name,
            self.is_assigned(source),
            "assign-addresses",
        )?)
    }

    fn is_assigned(&self, source: AddressSource) -> bool {
        let mut steps = self.recorded.iter();
        steps.any(|step| matches!(step, Recorded::Assign(_, assigned) if *assigned == source))
    }

    /// Whether an operation of this name may be recorded now.
    fn may_record(&self, name: &str) -> Answer<()> {
        let denied = Refusal::denied;
        if !self.recording {
            return Err(denied(format!(
                "component {} may not record {name} here: only attach makes a plan",
                self.component
            )));
        }
        if !self.grants.allow(name) {
            return Err(denied(format!(
                "component {} has no grant for {name}: `plumbctl component grant {} {name}` \
                 gives it",
                self.component, self.component
            )));
        }
        if self.recorded.len() >= limits::OPERATIONS {
            return Err(denied(format!(
                "component {} recorded more than {} operations",
                self.component,
                limits::OPERATIONS
            )));
        }
        Ok(())
    }

    /// Whether an operation may be about this link. One in the pod is the pod's.
    fn may_use_parent(&self, operation: &str, link: &LinkHandle) -> Answer<()> {
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
        let option = Device::of(operation).map_or("", Device::option);
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

fn parent_of(link: &LinkHandle) -> Parent {
    Parent {
        name: link.facts.name.clone(),
        index: link.facts.index,
        in_pod: link.place == Place::Pod,
    }
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
