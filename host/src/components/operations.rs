//! The interface `operations` of the contract: each call adds to the plan.
//!
//! Here a recorded call becomes an operation of `crate::operations`; what this version
//! cannot perform is refused, so that a component learns of it while nothing has
//! happened yet.

use wasmtime::component::Resource;

use super::bindings::operations as wit;
use super::bindings::types::{Error, ErrorCode, IpAddress, IpNetwork, Route};
use super::conversion;
use super::host::{Host, LinkHandle, PciHandle, PodLinkHandle, RdmaHandle, Recorded};
use crate::facts::Place;
use crate::kernel::rule::Rule;
use crate::mac;
use crate::operations::{
    AddAddress, AddNeighbour, AddRoute, AddRule, CreateIpvlan, CreateMacvlan, Operation, Parent,
    SetLinkMac, SetLinkMtu, SetLinkSysctl, SetLinkUp,
};

type Answer<T> = wasmtime::Result<Result<T, Error>>;

/// Bytes of an Ethernet address.
const ETHERNET_ADDRESS: usize = 6;

/// Smallest MTU of an IPv4 link (RFC 791); the kernel's own lower bound for Ethernet.
const SMALLEST_MTU: u32 = 68;

fn invalid(message: String) -> Error {
    Error {
        code: ErrorCode::InvalidConfiguration,
        message,
        details: None,
    }
}

fn check_mtu(mtu: Option<u32>) -> Result<(), Error> {
    match mtu {
        Some(mtu) if !(SMALLEST_MTU..=65_535).contains(&mtu) => Err(invalid(format!(
            "mtu {mtu} is out of range: {SMALLEST_MTU} to 65535"
        ))),
        _ => Ok(()),
    }
}

fn check_mac(mac: &[u8]) -> Result<(), Error> {
    if mac.len() != ETHERNET_ADDRESS || mac[0] & 1 != 0 || mac.iter().all(|byte| *byte == 0) {
        return Err(invalid(format!(
            "hardware address {} is not a unicast address of six bytes",
            mac::text(mac)
        )));
    }
    Ok(())
}

/// A name that no link has, for the moment until the link gets its own.
fn temporary_name() -> wasmtime::Result<String> {
    let mut random = [0; 4];
    mac::random_bytes(&mut random).map_err(wasmtime::Error::msg)?;
    Ok(format!("plumb{:08x}", u32::from_ne_bytes(random)))
}

impl Host {
    /// Records one operation under its name in the contract.
    fn add(&mut self, name: &str, operation: Operation) -> Answer<()> {
        Ok(self
            .may_record(name)
            .map(|()| self.record(Recorded::Operation(operation))))
    }

    fn not_performed<T>(&mut self, name: &str) -> Answer<T> {
        Ok(Err(Error {
            code: ErrorCode::UnsupportedOperation,
            message: format!("this version of plumb cannot perform the operation {name}"),
            details: None,
        }))
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
                Ok(Ok(self.table.push(PodLinkHandle)?))
            }
            Err(error) => Ok(Err(error)),
        }
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

impl wit::Host for Host {
    fn create_macvlan(
        &mut self,
        parent: Resource<LinkHandle>,
        options: wit::MacvlanOptions,
    ) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        let mac = match options.mac {
            Some(mac) => mac,
            None => mac::random().map_err(wasmtime::Error::msg)?.to_vec(),
        };
        let mode = match options.mode {
            wit::MacvlanMode::Private => "private",
            wit::MacvlanMode::Vepa => "vepa",
            wit::MacvlanMode::Bridge => "bridge",
            wit::MacvlanMode::Passthru => "passthru",
        };
        let operation = CreateMacvlan {
            parent: self.parent(&parent)?,
            mode: mode.to_owned(),
            mtu: options.mtu,
            mac,
            broadcast_queue_length: options.broadcast_queue_length,
            name: self.interface_name.clone(),
            temporary_name: temporary_name()?,
            index: None,
        };
        let checked = check_mtu(options.mtu)
            .and_then(|()| check_mac(&operation.mac))
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
            parent: self.parent(&parent)?,
            mode: mode.to_owned(),
            mtu: options.mtu,
            name: self.interface_name.clone(),
            temporary_name: temporary_name()?,
            index: None,
        };
        let checked = check_mtu(options.mtu).map(|()| Operation::CreateIpvlan(operation));
        self.add_link("create-ipvlan", checked)
    }

    fn create_ipoib(
        &mut self,
        _parent: Resource<LinkHandle>,
        _options: wit::IpoibOptions,
    ) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        self.not_performed("create-ipoib")
    }

    fn move_link(&mut self, _function: Resource<PciHandle>) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        self.not_performed("move-link")
    }

    fn set_virtual_function(
        &mut self,
        _function: Resource<PciHandle>,
        _settings: wit::VirtualFunctionSettings,
    ) -> Answer<()> {
        self.count_call()?;
        self.not_performed("set-virtual-function")
    }

    fn rebind_driver(&mut self, _function: Resource<PciHandle>) -> Answer<()> {
        self.count_call()?;
        self.not_performed("rebind-driver")
    }

    fn move_rdma_device(
        &mut self,
        _device: Resource<RdmaHandle>,
        _name: Option<String>,
    ) -> Answer<()> {
        self.count_call()?;
        self.not_performed("move-rdma-device")
    }

    fn report_function(
        &mut self,
        _function: Resource<PciHandle>,
        _mac: Option<Vec<u8>>,
    ) -> Answer<()> {
        self.count_call()?;
        self.not_performed("report-function")
    }

    fn set_mtu(&mut self, link: Resource<PodLinkHandle>, mtu: u32) -> Answer<()> {
        self.count_call()?;
        self.table.get(&link)?;
        match check_mtu(Some(mtu)) {
            Ok(()) => self.add(
                "set-mtu",
                Operation::SetLinkMtu(SetLinkMtu { mtu, before: None }),
            ),
            Err(error) => Ok(Err(error)),
        }
    }

    fn set_mac(&mut self, link: Resource<PodLinkHandle>, mac: Vec<u8>) -> Answer<()> {
        self.count_call()?;
        self.table.get(&link)?;
        match check_mac(&mac) {
            Ok(()) => self.add(
                "set-mac",
                Operation::SetLinkMac(SetLinkMac { mac, before: None }),
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
        self.table.get(&link)?;
        // The name becomes a part of a path below /proc/sys.
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(is_plain) {
            return Ok(Err(invalid(format!(
                "{name:?} is not the name of a sysctl"
            ))));
        }
        if value.len() > 64 || value.contains(['\n', '\0']) {
            return Ok(Err(invalid(format!(
                "{value:?} is not the value of a sysctl"
            ))));
        }
        let family = match family {
            wit::SysctlFamily::Ipv4 => "ipv4",
            wit::SysctlFamily::Ipv6 => "ipv6",
        };
        let operation = SetLinkSysctl {
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
        self.table.get(&link)?;
        let recorded = match source {
            wit::AddressSource::Configured => Recorded::AssignConfigured,
            wit::AddressSource::PreviousResult => Recorded::AssignPrevious,
        };
        Ok(self
            .may_record("assign-addresses")
            .map(|()| self.record(recorded)))
    }

    fn add_address(&mut self, link: Resource<PodLinkHandle>, address: IpNetwork) -> Answer<()> {
        self.count_call()?;
        self.table.get(&link)?;
        match conversion::network(address) {
            Ok(address) => self.add("add-address", Operation::AddAddress(AddAddress { address })),
            Err(error) => Ok(Err(error)),
        }
    }

    fn add_route(&mut self, link: Resource<PodLinkHandle>, route: Route) -> Answer<()> {
        self.count_call()?;
        self.table.get(&link)?;
        match conversion::route(route) {
            Ok(route) => {
                let existed = false;
                self.add(
                    "add-route",
                    Operation::AddRoute(AddRoute { route, existed }),
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
        let rule = Rule {
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
        self.table.get(&link)?;
        if !matches!(mac.len(), 6 | 20) {
            return Ok(Err(invalid(format!(
                "{} is not a hardware address of 6 or 20 bytes",
                mac::text(&mac)
            ))));
        }
        let address = conversion::address(address);
        let operation = AddNeighbour { address, mac };
        self.add("add-neighbour", Operation::AddNeighbour(operation))
    }

    fn set_up(&mut self, link: Resource<PodLinkHandle>) -> Answer<()> {
        self.count_call()?;
        self.table.get(&link)?;
        self.add("set-up", Operation::SetLinkUp(SetLinkUp::default()))
    }
}

impl wit::HostPodLink for Host {
    fn drop(&mut self, link: Resource<PodLinkHandle>) -> wasmtime::Result<()> {
        self.table.delete(link)?;
        Ok(())
    }
}
