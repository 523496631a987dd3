//! The functions of `operations`, recorded for the test.

#![allow(
    missing_docs,
    reason = "the same names in `operations` are documented by the contract"
)]

use super::facts::{Link, PciFunction};
use super::{Operation, session};
use crate::operations::{
    AddressSource, IpoibOptions, IpvlanOptions, MacvlanOptions, Rule, SysctlFamily,
    VirtualFunctionSettings,
};
use crate::{Error, IpAddress, IpNetwork, Route};

#[derive(Debug)]
pub struct PodLink(());

pub fn create_macvlan(parent: &Link, options: &MacvlanOptions) -> Result<PodLink, Error> {
    let (parent, options) = (parent.name(), options.clone());
    record_link(Operation::CreateMacvlan { parent, options })
}

pub fn create_ipvlan(parent: &Link, options: IpvlanOptions) -> Result<PodLink, Error> {
    let parent = parent.name();
    record_link(Operation::CreateIpvlan { parent, options })
}

pub fn create_ipoib(parent: &Link, options: IpoibOptions) -> Result<PodLink, Error> {
    let parent = parent.name();
    record_link(Operation::CreateIpoib { parent, options })
}

pub fn move_link(function: &PciFunction) -> Result<PodLink, Error> {
    let function = function.address();
    record_link(Operation::MoveLink { function })
}

pub fn set_virtual_function(
    function: &PciFunction,
    settings: &VirtualFunctionSettings,
    rebind: bool,
) -> Result<(), Error> {
    let (function, settings) = (function.address(), settings.clone());
    record(Operation::SetVirtualFunction {
        function,
        settings,
        rebind,
    })
}

pub fn move_rdma_device(function: &PciFunction, name: Option<&str>) -> Result<(), Error> {
    let (function, name) = (function.address(), name.map(str::to_owned));
    record(Operation::MoveRdmaDevice { function, name })
}

pub fn set_mtu(_link: &PodLink, mtu: u32) -> Result<(), Error> {
    record(Operation::SetMtu { mtu })
}

pub fn set_mac(_link: &PodLink, mac: &[u8]) -> Result<(), Error> {
    let mac = mac.to_vec();
    record(Operation::SetMac { mac })
}

pub fn set_link_sysctl(
    _link: &PodLink,
    family: SysctlFamily,
    name: &str,
    value: &str,
    required: bool,
) -> Result<(), Error> {
    let (name, value) = (name.to_owned(), value.to_owned());
    record(Operation::SetLinkSysctl {
        family,
        name,
        value,
        required,
    })
}

pub fn assign_addresses(_link: &PodLink, source: AddressSource) -> Result<(), Error> {
    record(Operation::AssignAddresses { source })
}

pub fn add_address(_link: &PodLink, address: IpNetwork) -> Result<(), Error> {
    record(Operation::AddAddress { address })
}

pub fn add_route(_link: &PodLink, route: Route) -> Result<(), Error> {
    record(Operation::AddRoute { route })
}

pub fn add_rule(rule: Rule) -> Result<(), Error> {
    record(Operation::AddRule { rule })
}

pub fn add_neighbour(_link: &PodLink, address: IpAddress, mac: &[u8]) -> Result<(), Error> {
    let mac = mac.to_vec();
    record(Operation::AddNeighbour { address, mac })
}

pub fn set_up(_link: &PodLink) -> Result<(), Error> {
    record(Operation::SetUp)
}

pub fn report_function(function: &PciFunction, mac: Option<&[u8]>) -> Result<(), Error> {
    let (function, mac) = (function.address(), mac.map(<[u8]>::to_vec));
    record(Operation::ReportFunction { function, mac })
}

pub fn reserve_addresses() -> Result<(), Error> {
    record(Operation::ReserveAddresses)
}

fn record(operation: Operation) -> Result<(), Error> {
    session::with(|session| session.plan.push(operation));
    Ok(())
}

fn record_link(operation: Operation) -> Result<PodLink, Error> {
    record(operation).map(|()| PodLink(()))
}
