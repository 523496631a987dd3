//! Flavour `sriov-rdma`: the pod gets a virtual function of an Ethernet adapter for itself,
//! on RoCE with its RDMA device. It answers to the types `sriov`, and `rdma`, which comes
//! after another plugin and moves the RDMA device only.

mod chained;
mod configuration;
mod function;
mod vlan;

pub use configuration::{Configuration, Sriov};

use plumb_sdk::facts::PciFunction;
use plumb_sdk::operations::{
    bring_up, move_link, report_function, reserve_addresses, set_mac, set_mtu,
};
use plumb_sdk::{Error, Flavour, HardwareAddress, Request, export_flavour, log};

/// The flavour; `export_flavour!` makes the component of it.
pub struct SriovRdma;

impl Flavour for SriovRdma {
    fn attach(request: &Request) -> Result<(), Error> {
        match Configuration::read(request)? {
            Configuration::Sriov(sriov) => {
                let function = function::find(request)?;
                function.check_mtu(sriov.mtu)?;
                match function.user_space_driver() {
                    Some(driver) => hand_over(request, &sriov, &function, &driver),
                    None => move_in(request, &sriov, &function),
                }
            }
            Configuration::Rdma(isolation) => {
                let function = chained::find(request)?;
                isolation.record(&function)
            }
        }
    }

    fn ready(request: &Request) -> Result<(), Error> {
        match Configuration::read(request)? {
            Configuration::Sriov(sriov) => {
                // The runtime asks before a device is allotted, so there usually is none.
                if request.device_id().is_some() {
                    let function = function::find(request)?;
                    if function.user_space_driver().is_some() {
                        return Ok(());
                    }
                }
                match sriov.isolation {
                    Some(isolation) => isolation.is_possible().map(drop),
                    None => Ok(()),
                }
            }
            Configuration::Rdma(isolation) => isolation.is_possible().map(drop),
        }
    }
}

export_flavour!(SriovRdma);

/// The function's interface becomes the pod's.
fn move_in(request: &Request, sriov: &Sriov, function: &PciFunction) -> Result<(), Error> {
    function.link()?;
    set(sriov, function)?;
    if let Some(isolation) = &sriov.isolation {
        isolation.record(function)?;
    }
    let link = move_link(function)?;
    if let Some(mtu) = sriov.mtu {
        set_mtu(&link, mtu)?;
    }
    if let Some(mac) = sriov.settings.mac {
        // The interface keeps the one it had when its driver was bound.
        set_mac(&link, mac)?;
    }
    bring_up(&link, request.configured_addresses()?.as_ref())
}

/// A program in the pod drives the function: there is no interface to move.
fn hand_over(
    request: &Request,
    sriov: &Sriov,
    function: &PciFunction,
    driver: &str,
) -> Result<(), Error> {
    sriov.ipam.refuse_dhcp(
        "the function is driven from user space and has no interface that DHCP could use; \
         use another ipam, such as pool, host-local or static",
    )?;
    if sriov.isolation.is_some() {
        log::info(format!(
            "bound to {driver}, the function has no RDMA device that could be moved"
        ));
    }
    set(sriov, function)?;
    let mac = sriov.settings.mac.map(HardwareAddress::from);
    report_function(function, mac.as_ref())?;
    match request.configured_addresses()? {
        Some(addresses) => reserve_addresses(&addresses),
        None => Ok(()),
    }
}

/// For both ways, because every place that sets something gets a kilobyte of code.
#[inline(never)]
fn set(sriov: &Sriov, function: &PciFunction) -> Result<(), Error> {
    function.set(&sriov.settings)
}

#[cfg(test)]
mod tests;
