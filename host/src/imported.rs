//! The end of pods whose addresses were taken up from another product: a DEL that comes with that product's configuration, for
//! a pod of which plumb has no record.
//!
//! Where network, container and interface were known when a lease was taken up, the attachment is its owner as any other. Else
//! the pod says which it is: see [`imported`].

use std::net::IpAddr;

use crate::cni::Request;
use crate::leases::imported::{self, Ended};
use crate::leases::{Owner, Pod};
use crate::node::Node;
use crate::{Code, Error, Result};

/// Releases what was taken up of the attachment of a DEL.
///
/// # Errors
///
/// What is written down of such leases cannot be read or removed, or the lease store not be written. The DEL is to come again.
pub fn release(request: &Request, node: &Node<'_>) -> Result<()> {
    let folder = node.state.path();
    let failed = |doing: &str, error: std::io::Error| {
        let folder = folder.join(imported::FOLDER);
        Error::new(
            Code::IO,
            format!("cannot {doing} {}: {error}", folder.display()),
        )
    };
    let known = imported::all(folder).map_err(|error| failed("read", error))?;
    if known.is_empty() {
        return Ok(());
    }
    let owner = Owner::from(&request.attachment);
    let pod = request.pod.as_ref().map(Pod::from);
    let addresses = reported_addresses(request, node);
    let ended = Ended {
        owner: &owner,
        pod: pod.as_ref(),
        uid: request.pod.as_ref().map_or("", |pod| &pod.uid),
        addresses: &addresses,
    };
    for one in known.iter().filter(|one| one.is_of(&ended)) {
        for lease in node.leases.release(&one.lease.owner)? {
            node.trace.info(format_args!(
                "released {} of pool {}, which {} had from the product that attached it",
                lease.address, lease.pool, request.attachment
            ));
        }
        // Last: a DEL that was killed in between finds it again.
        imported::remove(folder, one.lease.address)
            .map_err(|error| failed("remove a file of", error))?;
    }
    Ok(())
}

/// The addresses of the result that the runtime sends with DEL. One that cannot be understood tells of none.
fn reported_addresses(request: &Request, node: &Node<'_>) -> Vec<IpAddr> {
    match request.previous() {
        Ok(previous) => {
            let addresses = previous.into_iter().flat_map(|previous| previous.addresses);
            addresses.map(|one| one.address.ip()).collect()
        }
        Err(error) => {
            node.trace.warning(&error);
            Vec::new()
        }
    }
}
