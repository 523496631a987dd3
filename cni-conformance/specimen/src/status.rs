//! STATUS (specification, section 2, "STATUS"): whether an ADD could succeed now.

use serde_json::Value;

use crate::error::{Error, NOT_AVAILABLE};
use crate::ipam::Ipam;
use crate::pool::Pool;
use crate::request::Request;
use crate::{defects, delegate, network};

/// Fails with code 50 when an ADD would fail.
pub fn status(request: &Request) -> Result<Option<Value>, Error> {
    let ready = ready(request);
    defects::after_status(request, ready.is_ok())?;
    ready.map(|()| None)
}

fn ready(request: &Request) -> Result<(), Error> {
    let unavailable = |error: Error| Error {
        code: NOT_AVAILABLE,
        ..error
    };
    let master = network::master(&request.configuration)?;
    if !network::has_master(&request.configuration) {
        return Err(Error::new(
            NOT_AVAILABLE,
            format!("the node has no interface {master}"),
        ));
    }
    match Ipam::of(request)? {
        Ipam::Pool => Pool::look(request)?.free().map(|_| ()).map_err(unavailable),
        Ipam::Delegate(_) if defects::has("status-without-the-delegate") => Ok(()),
        Ipam::Delegate(name) => {
            let reported = delegate::call(request, &name, delegate::verb(request.verb));
            reported.map(|_| ()).map_err(unavailable)
        }
    }
}
