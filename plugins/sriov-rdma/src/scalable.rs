//! Scalable functions: parts of a PCI function, without a PCI address of their own. sriov-cni does not serve them; with
//! rdma-cni they are in use behind plugins that move a netdev.

use plumb_sdk::Error;
use plumb_sdk::operations::VirtualFunctionSettings;

/// Refuses what only a virtual function's physical one could set. The hardware address is the netdev's own.
///
/// Errors: `unsupported-field`.
pub(crate) fn check(name: &str, settings: &VirtualFunctionSettings) -> Result<(), Error> {
    let others = VirtualFunctionSettings {
        mac: None,
        ..settings.clone()
    };
    if others.is_empty() {
        return Ok(());
    }
    Err(Error::unsupported_field(
        "deviceID",
        name,
        "a scalable function has no physical one that could set its vlan, rates, spoofchk, trust or link_state: leave \
         these keys out, and set what is possible by its port (devlink-port(8)), where scalable functions are made",
    ))
}
