//! The virtual function that the device plugin allotted.

use plumb_sdk::facts::LinkType;
use plumb_sdk::function::Function;
use plumb_sdk::{Error, Request};

/// Finds it, and refuses what can never be attached by this flavour.
pub(crate) fn find(request: &Request) -> Result<Function, Error> {
    let function = Function::allotted(request)?;
    function.virtual_function()?;
    function.check_link_type(LinkType::Ethernet, "use type ib-sriov")?;
    Ok(function)
}
