//! CHECK (specification, section 2, "CHECK"): compares the previous result with the kernel,
//! and changes nothing.

use std::net::IpAddr;

use serde_json::Value;

use crate::error::{CONFIGURATION, DIFFERENT, Error};
use crate::ipam::Ipam;
use crate::namespace::{Interface, Namespace, network};
use crate::record::Record;
use crate::request::Request;
use crate::version::Version;
use crate::{defects, delegate, ip, json, result};

/// Fails when the attachment is not as its ADD left it. What others have added is theirs.
pub fn check(request: &Request) -> Result<Option<Value>, Error> {
    let previous = json::get(&request.configuration, "prevResult");
    if !previous.is_object() {
        if defects::has("check-of-no-result") {
            return Ok(None);
        }
        return Err(Error::new(CONFIGURATION, "CHECK needs prevResult"));
    }
    let ipam = Ipam::of(request)?;
    let mut record = Record::open(request)?;
    if record.as_mut().and_then(Record::attachment).is_none() {
        return Err(different(request, "was never added, or is deleted"));
    }
    let namespace = Namespace::open(&request.namespace)?;
    let mut interfaces = namespace.interfaces()?;
    match interfaces.remove(&request.interface) {
        None if defects::has("check-without-the-interface") => return Ok(None),
        None => return Err(different(request, "is not in the pod")),
        Some(there) if defects::has("check-ignores-an-interface-that-is-down") && !there.up => {
            return Ok(None);
        }
        Some(there) => compare(request, previous, &there, &namespace)?,
    }
    if let Some(name) = ipam.delegate()
        && !defects::has("check-without-the-delegate")
    {
        match delegate::call(request, name, delegate::verb(request.verb)) {
            Err(error) if error.code == 999 && defects::has("check-ignores-internal-errors") => {}
            other => other.map(|_| ())?,
        }
    }
    match defects::has("check-prints-the-result") && request.version == Version::V0_4_0 {
        true => Ok(Some(previous.clone())),
        false => Ok(None),
    }
}

fn compare(
    request: &Request,
    previous: &Value,
    there: &Interface,
    namespace: &Namespace,
) -> Result<(), Error> {
    let reported = result::list(previous, "interfaces");
    let index = reported
        .iter()
        .position(|one| one["name"] == request.interface.as_str())
        .ok_or_else(|| different(request, "is not in prevResult"))?;
    let mac = reported[index]["mac"].as_str().unwrap_or(&there.mac);
    if !mac.eq_ignore_ascii_case(&there.mac) && !defects::has("check-ignores-hardware-addresses") {
        return Err(different(
            request,
            &format!("has the hardware address {}, not {mac}", there.mac),
        ));
    }
    if !there.up {
        return Err(different(request, "is down"));
    }
    let addresses: Vec<(IpAddr, u32)> = result::list(previous, "ips")
        .iter()
        .filter(|ip| ip["interface"] == index)
        .filter_map(|ip| network(ip["address"].as_str()?))
        .collect();
    if let Some(missing) = addresses.iter().find(|one| !there.addresses.contains(one)) {
        let (address, length) = missing;
        if defects::has("check-repairs") {
            let add = format!("address add {address}/{length} dev {}\n", request.interface);
            namespace.inside(|| ip::batch(&add))?;
        }
        if !defects::has("check-ignores-addresses") {
            return Err(different(request, &format!("lacks {address}/{length}")));
        }
        if !there.addresses.iter().any(|(address, _)| address.is_ipv4()) {
            return Ok(());
        }
    }
    let additional = there
        .addresses
        .iter()
        .any(|one| one.0.is_ipv4() && !addresses.contains(one));
    if additional && defects::has("check-allows-no-additions") {
        return Err(different(request, "has addresses that prevResult has not"));
    }
    let routes = namespace.inside(ip::destinations)?;
    let wanted = result::list(previous, "routes");
    let missing = wanted.iter().filter_map(|route| route["dst"].as_str());
    match missing
        .into_iter()
        .find(|dst| !routes.iter().any(|there| there == dst))
    {
        Some(missing) if !defects::has("check-ignores-routes") => {
            Err(different(request, &format!("lacks the route to {missing}")))
        }
        _ => Ok(()),
    }
}

fn different(request: &Request, what: &str) -> Error {
    let Request {
        interface,
        container,
        ..
    } = request;
    Error::new(
        DIFFERENT,
        format!("{interface} of container {container} {what}"),
    )
}
