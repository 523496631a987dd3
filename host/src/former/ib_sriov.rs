//! The file of ib-sriov-cni: its network configuration with what the function was like (`pkg/types/types.go`).

use plumb_values::arguments::check_rdma_name;
use plumb_values::{Guid, HardwareAddress};
use serde_json::Value;

use super::cache::{Known, address, link, text};
use crate::kernel::link::INFINIBAND;
use crate::kernel::virtual_function::{LinkState, Setting, Settings};

/// Understands it.
///
/// # Errors
///
/// When it has not what ib-sriov-cni writes.
pub fn read(content: &Value) -> Result<Known, String> {
    let mut unknown = vec!["alias, group, queue length, MTU and offloads of the interface"];
    let mut settings = Settings::default();
    let guid = text(content, "HostIFGUID")?;
    if !guid.is_empty() {
        let guid: Guid = guid
            .parse()
            .map_err(|error| format!("\"HostIFGUID\" {guid:?} {error}"))?;
        // It writes down that of the port, and sets both, there and back.
        unknown.push("the node GUID, which becomes that of the port as by ib-sriov-cni");
        // A fresh function shows GUID 0, which no adapter takes.
        settings.extend(
            Settings::guids(match guid.is_zero() {
                true => Guid::UNSET,
                false => guid,
            })
            .iter(),
        );
    }
    if !text(content, "link_state")?.is_empty() {
        // It does not write down what the state was, and its own DEL sets this.
        settings.set(Setting::LinkState(LinkState::Auto));
        unknown.push("link_state, which becomes auto as by ib-sriov-cni");
    }
    let is_isolated = content.get("rdmaIsolation").and_then(Value::as_bool) == Some(true);
    let moved = content.get("RdmaNetState").filter(|_| is_isolated);
    let rdma_device = match moved
        .map(|state| text(state, "sandboxRdmaDevName"))
        .transpose()?
    {
        None | Some("") => None,
        Some(name) => {
            check_rdma_name(name)?;
            Some(name.to_owned())
        }
    };
    Ok(Known {
        address: address(content)?,
        network: text(content, "name")?.to_owned(),
        link: match text(content, "HostIFNames")? {
            // A virtual machine drives the function.
            "" => None,
            // The hardware address is made of the GUID and a number that the kernel picks.
            name => Some(link(name, INFINIBAND, HardwareAddress::default(), 0)?),
        },
        rdma_device,
        settings,
        unknown,
    })
}
