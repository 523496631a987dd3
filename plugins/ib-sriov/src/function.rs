//! The function that the device plugin allotted.

use plumb_sdk::facts::{LinkType, PciFunction};
use plumb_sdk::function::is_vfio;
use plumb_sdk::{Error, Request};

use crate::configuration::Configuration;

/// The driver of functions that virtual machines drive; it has variants, see [`is_vfio`].
const VFIO: &str = "vfio-pci";

/// Finds it, and refuses what can never be attached by this flavour.
pub(crate) fn find(request: &Request, configuration: &Configuration) -> Result<PciFunction, Error> {
    let function = PciFunction::allotted(request)?;
    function.check_link_type(LinkType::Infiniband, "use type sriov")?;
    check_driver(&function, configuration.vfio)?;
    Ok(function)
}

fn check_driver(function: &PciFunction, must_be_vfio: bool) -> Result<(), Error> {
    let address = function.address();
    let driver = function.driver();
    let is_vfio = driver.as_deref().is_some_and(is_vfio);
    let name = driver.as_deref().unwrap_or("no driver");
    if must_be_vfio && !is_vfio {
        return Err(Error::not_available(format!(
            "deviceID \"{address}\" is bound to {name}, and \"vfioPciMode\" wants {VFIO}: bind it to \
             {VFIO}, or leave \"vfioPciMode\" out"
        )));
    }
    if function.user_space_driver().is_some() && !is_vfio {
        return Err(Error::not_available(format!(
            "deviceID \"{address}\" is bound to {name}: bind it to the driver of the adapter, such \
             as mlx5_core, or to {VFIO}"
        )));
    }
    match function.require_parent() {
        Err(error) if !is_vfio => Err(Error {
            message: format!(
                "{}; a physical function itself works only bound to {VFIO}, it is bound to {name}",
                error.message
            ),
            ..error
        }),
        _ => Ok(()),
    }
}
