//! The virtual or scalable function that the device plugin allotted.

use plumb_sdk::facts::{LinkType, PciFunction};
use plumb_sdk::{Error, Request};

/// Finds it, and refuses what can never be attached by this flavour.
pub(crate) fn find(request: &Request) -> Result<PciFunction, Error> {
    let function = PciFunction::allotted(request)?;
    if function.auxiliary_name().is_none() {
        function.require_parent()?;
    }
    function.check_link_type(LinkType::Ethernet, "use type ib-sriov")?;
    Ok(function)
}
