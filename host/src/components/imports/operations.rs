//! The interface `operations` of the contract: each call adds to the plan.
//!
//! Here a recorded call becomes an operation of `crate::operations`; what this version
//! cannot perform is refused, so that a component learns of it while nothing has
//! happened yet.

use wasmtime::component::Resource;

use super::super::bindings::operations as wit;
use super::super::bindings::types::{Error, IpAddress, IpNetwork, Route};
use super::super::conversion;
use super::super::session::{LinkHandle, PciHandle, PodLinkHandle, Recorded, Session};
use super::checks::{
    check_hardware_address, check_infiniband, check_mac, check_mtu, check_partition_key,
    check_rdma_name, invalid, settings_of,
};
use crate::facts::Place;
use crate::kernel::rule::Rule;
use crate::operations::{
    AddAddress, AddNeighbour, AddRoute, AddRule, CreateIpoib, CreateIpvlan, CreateMacvlan,
    LinkNumber, MoveLink, MoveRdmaDevice, Operation, Parent, ReportFunction, SetLinkSysctl, SetMac,
    SetMtu, SetUp, SetVirtualFunction,
};

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl Session {
    /// Records one operation under its name in the contract.
    fn add(&mut self, name: &str, operation: Operation) -> Answer<()> {
        Ok(self
            .may_record(name)
            .map(|()| self.record(Recorded::Operation(operation))))
    }

    /// Records the creation of the pod's interface, of which there is one in a plan.
    fn add_link(
        &mut self,
        name: &str,
        operation: Result<Operation, Error>,
    ) -> Answer<Resource<PodLinkHandle>> {
        let allowed = self.may_record(name).and_then(|()| {
            if self.has_pod_link {
                return Err(invalid(format!(
                    "{name} would give the pod a second interface: one attachment makes one"
                )));
            }
            operation
        });
        match allowed {
            Ok(operation) => {
                self.has_pod_link = true;
                self.record(Recorded::Operation(operation));
                Ok(Ok(self.table.push(PodLinkHandle {
                    number: LinkNumber::default(),
                })?))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// The address of a function that the component was given.
    fn function(&self, function: &Resource<PciHandle>) -> wasmtime::Result<String> {
        Ok(self.table.get(function)?.facts.address.clone())
    }

    fn parent(&self, link: &Resource<LinkHandle>) -> wasmtime::Result<Parent> {
        let link = self.table.get(link)?;
        Ok(Parent {
            name: link.facts.name.clone(),
            index: link.facts.index,
            in_pod: link.place == Place::Pod,
        })
    }
}

impl wit::Host for Session {
    fn create_macvlan(
        &mut self,
        parent: Resource<LinkHandle>,
        options: wit::MacvlanOptions,
    ) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        let mode = match options.mode {
            wit::MacvlanMode::Private => "private",
            wit::MacvlanMode::Vepa => "vepa",
            wit::MacvlanMode::Bridge => "bridge",
            wit::MacvlanMode::Passthru => "passthru",
        };
        let operation = CreateMacvlan {
            link: LinkNumber::default(),
            parent: self.parent(&parent)?,
            mode: mode.to_owned(),
            mtu: options.mtu,
            mac: options.mac,
            broadcast_queue_length: options.broadcast_queue_length,
            name: self.interface_name.clone(),
            temporary_name: String::new(),
            index: None,
        };
        let checked = check_mtu(options.mtu)
            .and_then(|()| operation.mac.as_deref().map_or(Ok(()), check_mac))
            .map(|()| Operation::CreateMacvlan(operation));
        self.add_link("create-macvlan", checked)
    }

    fn create_ipvlan(
        &mut self,
        parent: Resource<LinkHandle>,
        options: wit::IpvlanOptions,
    ) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        let mode = match options.mode {
            wit::IpvlanMode::L2 => "l2",
            wit::IpvlanMode::L3 => "l3",
            wit::IpvlanMode::L3s => "l3s",
        };
        let operation = CreateIpvlan {
            link: LinkNumber::default(),
            parent: self.parent(&parent)?,
            mode: mode.to_owned(),
            mtu: options.mtu,
            name: self.interface_name.clone(),
            temporary_name: String::new(),
            index: None,
        };
        let checked = check_mtu(options.mtu).map(|()| Operation::CreateIpvlan(operation));
        self.add_link("create-ipvlan", checked)
    }

    fn create_ipoib(
        &mut self,
        parent: Resource<LinkHandle>,
        options: wit::IpoibOptions,
    ) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        let mode = options.mode.map(|mode| match mode {
            wit::IpoibMode::Datagram => "datagram",
            wit::IpoibMode::Connected => "connected",
        });
        let operation = CreateIpoib {
            link: LinkNumber::default(),
            parent: self.parent(&parent)?,
            partition_key: options.partition_key,
            mode: mode.map(str::to_owned),
            user_multicast: options.user_multicast,
            mtu: options.mtu,
            name: self.interface_name.clone(),
            temporary_name: String::new(),
            alias: String::new(),
            index: None,
        };
        let checked = check_infiniband(&self.table.get(&parent)?.facts, &operation.parent)
            .and_then(|()| check_mtu(options.mtu))
            .and_then(|()| check_partition_key(options.partition_key))
            .map(|()| Operation::CreateIpoib(operation));
        self.add_link("create-ipoib", checked)
    }

    fn move_link(&mut self, function: Resource<PciHandle>) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        let operation = MoveLink {
            link: LinkNumber::default(),
            address: self.function(&function)?,
            name: self.interface_name.clone(),
            index: None,
        };
        self.add_link("move-link", Ok(Operation::MoveLink(operation)))
    }

    fn set_virtual_function(
        &mut self,
        function: Resource<PciHandle>,
        settings: wit::VirtualFunctionSettings,
        rebind: bool,
    ) -> Answer<()> {
        self.count_call()?;
        let facts = &self.table.get(&function)?.facts;
        let address = facts.address.clone();
        if facts.virtual_function.is_none() {
            return Ok(Err(invalid(format!(
                "PCI function {address} is no virtual function: it has no settings that a \
                 physical one holds"
            ))));
        }
        match settings_of(settings) {
            Ok(settings) => self.add(
                "set-virtual-function",
                Operation::SetVirtualFunction(SetVirtualFunction {
                    address,
                    settings,
                    rebind,
                }),
            ),
            Err(error) => Ok(Err(error)),
        }
    }

    fn move_rdma_device(
        &mut self,
        function: Resource<PciHandle>,
        name: Option<String>,
    ) -> Answer<()> {
        self.count_call()?;
        let facts = &self.table.get(&function)?.facts;
        let address = facts.address.clone();
        let count = facts.rdma_devices.len();
        if let Some(name) = &name {
            if let Err(error) = check_rdma_name(name) {
                return Ok(Err(error));
            }
            if count != 1 {
                return Ok(Err(invalid(format!(
                    "rdma device name {name:?} is for one device, but PCI function {address} has \
                     {count}"
                ))));
            }
        }
        let operation = MoveRdmaDevice {
            address,
            name,
            devices: Vec::new(),
        };
        self.add("move-rdma-device", Operation::MoveRdmaDevice(operation))
    }

    fn report_function(
        &mut self,
        function: Resource<PciHandle>,
        mac: Option<Vec<u8>>,
    ) -> Answer<()> {
        self.count_call()?;
        let address = self.function(&function)?;
        if let Some(Err(error)) = mac.as_deref().map(check_hardware_address) {
            return Ok(Err(error));
        }
        let operation = ReportFunction {
            link: LinkNumber::default(),
            address,
            mac,
        };
        self.add("report-function", Operation::ReportFunction(operation))
    }

    fn reserve_addresses(&mut self) -> Answer<()> {
        self.count_call()?;
        Ok(self
            .may_record("reserve-addresses")
            .map(|()| self.record(Recorded::ReserveConfigured)))
    }

    fn set_mtu(&mut self, link: Resource<PodLinkHandle>, mtu: u32) -> Answer<()> {
        self.count_call()?;
        let number = self.table.get(&link)?.number;
        match check_mtu(Some(mtu)) {
            Ok(()) => self.add(
                "set-mtu",
                Operation::SetMtu(SetMtu {
                    link: number,
                    mtu,
                    before: None,
                }),
            ),
            Err(error) => Ok(Err(error)),
        }
    }

    fn set_mac(&mut self, link: Resource<PodLinkHandle>, mac: Vec<u8>) -> Answer<()> {
        self.count_call()?;
        let number = self.table.get(&link)?.number;
        match check_mac(&mac) {
            Ok(()) => self.add(
                "set-mac",
                Operation::SetMac(SetMac {
                    link: number,
                    mac,
                    before: None,
                }),
            ),
            Err(error) => Ok(Err(error)),
        }
    }

    fn set_link_sysctl(
        &mut self,
        link: Resource<PodLinkHandle>,
        family: wit::SysctlFamily,
        name: String,
        value: String,
        required: bool,
    ) -> Answer<()> {
        self.count_call()?;
        let number = self.table.get(&link)?.number;
        // The name becomes a part of a path below /proc/sys.
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(is_plain) {
            return Ok(Err(invalid(format!(
                "{name:?} is not the name of a sysctl"
            ))));
        }
        // It stands in the plan and in the trace, so it must not steer a terminal either.
        if value.len() > 64 || value.contains(char::is_control) {
            return Ok(Err(invalid(format!(
                "{value:?} is not the value of a sysctl"
            ))));
        }
        let family = match family {
            wit::SysctlFamily::Ipv4 => "ipv4",
            wit::SysctlFamily::Ipv6 => "ipv6",
        };
        let operation = SetLinkSysctl {
            link: number,
            family: family.to_owned(),
            name,
            value,
            required,
            before: None,
        };
        self.add("set-link-sysctl", Operation::SetLinkSysctl(operation))
    }

    fn assign_addresses(
        &mut self,
        link: Resource<PodLinkHandle>,
        source: wit::AddressSource,
    ) -> Answer<()> {
        self.count_call()?;
        let number = self.table.get(&link)?.number;
        let recorded = match source {
            wit::AddressSource::Configured => Recorded::AssignConfigured(number),
            wit::AddressSource::PreviousResult => Recorded::AssignPrevious(number),
        };
        Ok(self
            .may_record("assign-addresses")
            .map(|()| self.record(recorded)))
    }

    fn add_address(&mut self, link: Resource<PodLinkHandle>, address: IpNetwork) -> Answer<()> {
        self.count_call()?;
        let number = self.table.get(&link)?.number;
        match conversion::network(address) {
            Ok(address) => self.add(
                "add-address",
                Operation::AddAddress(AddAddress {
                    link: number,
                    address,
                }),
            ),
            Err(error) => Ok(Err(error)),
        }
    }

    fn add_route(&mut self, link: Resource<PodLinkHandle>, route: Route) -> Answer<()> {
        self.count_call()?;
        let number = self.table.get(&link)?.number;
        match conversion::route(route) {
            Ok(route) => {
                let existed = false;
                self.add(
                    "add-route",
                    Operation::AddRoute(AddRoute {
                        link: number,
                        route,
                        existed,
                    }),
                )
            }
            Err(error) => Ok(Err(error)),
        }
    }

    fn add_rule(&mut self, rule: wit::Rule) -> Answer<()> {
        self.count_call()?;
        let networks = (
            rule.source.map(conversion::network).transpose(),
            rule.destination.map(conversion::network).transpose(),
        );
        let (source, destination) = match networks {
            (Ok(source), Ok(destination)) => (source, destination),
            (Err(error), _) | (_, Err(error)) => return Ok(Err(error)),
        };
        if let (Some(source), Some(destination)) = (source, destination)
            && source.is_ipv4() != destination.is_ipv4()
        {
            return Ok(Err(invalid(format!(
                "a rule from {source} to {destination} mixes IPv4 and IPv6"
            ))));
        }
        if let Err(error) = conversion::check_table(Some(rule.table)) {
            return Ok(Err(error));
        }
        let rule = Rule {
            is_ipv6: false,
            source,
            destination,
            table: rule.table,
            priority: rule.priority,
        };
        let existed = false;
        self.add("add-rule", Operation::AddRule(AddRule { rule, existed }))
    }

    fn add_neighbour(
        &mut self,
        link: Resource<PodLinkHandle>,
        address: IpAddress,
        mac: Vec<u8>,
    ) -> Answer<()> {
        self.count_call()?;
        let number = self.table.get(&link)?.number;
        if let Err(error) = check_hardware_address(&mac) {
            return Ok(Err(error));
        }
        let address = conversion::address(address);
        let operation = AddNeighbour {
            link: number,
            address,
            mac,
        };
        self.add("add-neighbour", Operation::AddNeighbour(operation))
    }

    fn set_up(&mut self, link: Resource<PodLinkHandle>) -> Answer<()> {
        self.count_call()?;
        let number = self.table.get(&link)?.number;
        self.add(
            "set-up",
            Operation::SetUp(SetUp {
                link: number,
                before: false,
            }),
        )
    }
}

impl wit::HostPodLink for Session {
    fn drop(&mut self, link: Resource<PodLinkHandle>) -> wasmtime::Result<()> {
        self.table.delete(link)?;
        Ok(())
    }
}
