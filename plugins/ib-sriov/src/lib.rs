//! Flavour `ib-sriov`: the pod gets a virtual function of an InfiniBand adapter for itself:
//! its IPoIB interface, and its RDMA device if wanted. A virtual machine gets the function
//! without either, bound to `vfio-pci`.

mod configuration;
mod function;
mod ib_kubernetes;
mod port;

pub use configuration::Configuration;

use plumb_sdk::facts::{RdmaNamespaceMode, get_rdma_namespace_mode};
use plumb_sdk::log;
use plumb_sdk::operations::{VirtualFunctionSettings, report_function};
use plumb_sdk::prelude::*;

#[flavour(
    uses(
        set_virtual_function, move_rdma_device, move_link, set_mtu, set_link_sysctl, assign_addresses, set_up,
        report_function
    ),
    keys = Configuration,
    ready = ready
)]
fn attach(request: &Request) -> Result<()> {
    let configuration = Configuration::read(request)?;
    ib_kubernetes::check_handled(&configuration)?;
    let function = function::find(request, &configuration)?;
    function.check_mtu(configuration.mtu)?;
    if function.parent().is_none() {
        log::info("a physical function is handed over as it is: nothing of it is set");
        return report_function(&function, None);
    }
    ib_kubernetes::check_guid(&configuration)?;
    match function.user_space_driver() {
        Some(_) => hand_over(&configuration, &function),
        None => move_in(request, &configuration, &function),
    }
}

fn ready(request: &Request) -> Result<()> {
    let configuration = Configuration::read(request)?;
    // The runtime asks before a device is allotted, so there usually is none.
    if request.device_id().is_some() {
        let function = function::find(request, &configuration)?;
        if function.user_space_driver().is_some() {
            return Ok(());
        }
    }
    match &*configuration.isolation {
        Some(isolation) if !configuration.vfio => isolation.is_possible().map(drop),
        _ => Ok(()),
    }
}

/// The function's interface becomes the pod's.
fn move_in(request: &Request, configuration: &Configuration, function: &PciFunction) -> Result<()> {
    port::check(configuration, function)?;
    if configuration.isolation.is_none() {
        warn_of_unusable_rdma(function)?;
    }
    let link = MovedFunction::of(function)
        .settings(VirtualFunctionSettings {
            // A driver reads a GUID only when it is bound.
            rebind: configuration.guid.is_some(),
            ..configuration.settings()
        })
        .isolation(configuration.isolation.as_ref())
        .mtu(configuration.mtu)
        .move_in()?;
    link.bring_up(request.configured_addresses()?).map(drop)
}

/// The pod may be meant to use IP only, so this is no error.
fn warn_of_unusable_rdma(function: &PciFunction) -> Result<()> {
    if get_rdma_namespace_mode()? == RdmaNamespaceMode::Exclusive {
        log::warning(format!(
            "the pod cannot use RDMA: {} stays with the node without rdmaIsolation",
            function.rdma_devices().join(", ")
        ));
    }
    Ok(())
}

/// A virtual machine drives the function: there is no interface to move or to address.
fn hand_over(configuration: &Configuration, function: &PciFunction) -> Result<()> {
    if configuration.isolation.is_some() {
        log::info(
            "driven by a virtual machine, the function has no RDMA device that could be moved",
        );
    }
    function.set(&configuration.settings())?;
    report_function(function, None)
}

#[cfg(test)]
mod tests;
