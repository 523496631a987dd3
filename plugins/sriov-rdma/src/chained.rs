//! The function whose RDMA device follows the interface of the plugin before (type `rdma`).

use plumb_sdk::facts::{Link, LinkType, PciFunction, Place, get_link, get_pci_function};
use plumb_sdk::{Error, ErrorCode, Request};

/// The function of `deviceID`, else the one below the interface of the previous result.
pub(crate) fn find(request: &Request) -> Result<PciFunction, Error> {
    let interface = interface_in_pod(request)?;
    let below = interface.as_ref().and_then(Link::pci_address);
    let function = match (request.device_id(), below) {
        (Some(_), _) => PciFunction::allotted(request)?,
        (None, Some(address)) => get_pci_function(address)?,
        (None, None) => {
            return Err(Error::not_found(format!(
                "no PCI function is known below {} in the pod, whose RDMA device could be moved: \
                 name it in \"deviceID\"",
                request.interface_name()
            )));
        }
    };
    let address = function.address();
    match interface {
        // The kernel re-creates the interfaces of an InfiniBand device when it moves.
        Some(link) if link.link_type() == LinkType::Infiniband && below == Some(address) => {
            Err(Error::invalid_configuration(format!(
                "moving the RDMA device of {address} would destroy the pod's interface {}, because \
                 it is InfiniBand: leave out type rdma and use \"rdmaIsolation\" of type ib-sriov",
                link.name()
            )))
        }
        _ => Ok(function),
    }
}

/// The interface that the plugin before has made; none where a program in the pod drives the
/// function.
fn interface_in_pod(request: &Request) -> Result<Option<Link>, Error> {
    let interfaces = request.previous_interfaces();
    if interfaces.is_empty() {
        return Err(Error::invalid_configuration(
            "type rdma comes after another plugin in a list of plugins, but there is no \
             \"prevResult\" with an interface: put type sriov before it, or use its \"rdmaIsolation\"",
        ));
    }
    let name = request.interface_name();
    if !interfaces
        .iter()
        .any(|interface| interface.is_in_pod() && interface.name() == name)
    {
        return Ok(None);
    }
    match get_link(Place::Pod, &name) {
        Ok(link) => Ok(Some(link)),
        Err(error) if error.code == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
