//! Flavour `sriov-rdma`: the pod gets a virtual function of an Ethernet adapter for itself,
//! or a scalable one, on RoCE with its RDMA device. It answers to the types `sriov`, and `rdma`, which comes
//! after another plugin and moves the RDMA device only.

mod chained;
mod configuration;
mod function;
mod scalable;
mod vlan;

pub use configuration::{Configuration, Sriov};

use configuration::Written;

use plumb_sdk::log;
use plumb_sdk::operations::{report_function, reserve_addresses, set_mac};
use plumb_sdk::prelude::*;

#[flavour(
    uses(
        set_virtual_function, move_rdma_device, move_link, set_mtu, set_mac, set_link_sysctl, assign_addresses,
        set_up, report_function, reserve_addresses
    ),
    keys = Written,
    ready = ready
)]
fn attach(request: &Request) -> Result<()> {
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

fn ready(request: &Request) -> Result<()> {
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

/// The function's interface becomes the pod's.
fn move_in(request: &Request, sriov: &Sriov, function: &PciFunction) -> Result<()> {
    function.link()?;
    set(sriov, function)?;
    let link = MovedFunction::of(function)
        .isolation(sriov.isolation.as_ref())
        .mtu(sriov.mtu)
        .move_in()?;
    if let Some(mac) = sriov.settings.mac {
        // The interface keeps the one it had when its driver was bound.
        set_mac(&link, mac)?;
    }
    link.bring_up(request.configured_addresses()?).map(drop)
}

/// A program in the pod drives the function: there is no interface to move.
fn hand_over(request: &Request, sriov: &Sriov, function: &PciFunction, driver: &str) -> Result<()> {
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
fn set(sriov: &Sriov, function: &PciFunction) -> Result<()> {
    if let Some(name) = function.auxiliary_name() {
        return scalable::check(&name, &sriov.settings);
    }
    function.set(&sriov.settings)
}

#[cfg(test)]
mod tests;
