//! DEL (specification, section 2, "DEL"): succeeds whatever is gone already.

use serde_json::Value;

use crate::error::Error;
use crate::ipam::Ipam;
use crate::namespace::Namespace;
use crate::record::Record;
use crate::request::Request;
use crate::{defects, delegate, ip};

/// Takes the interface away and gives the address back.
pub fn delete(request: &Request) -> Result<Option<Value>, Error> {
    defects::before_delete(request)?;
    let ipam = Ipam::of(request)?;
    if defects::has("delegates-before-it-deletes")
        && let Some(name) = ipam.delegate()
    {
        delegate::call(request, name, "DEL")?;
    }
    let mut record = Record::open(request)?;
    defects::pause("del-gives-up-on-another", 30);
    let mut keeps_the_record = false;
    let attachment = record.as_mut().and_then(Record::attachment);
    if let Some(attachment) = &attachment {
        defects::before_the_interface_goes(request, attachment)?;
        keeps_the_record = defects::keeps_the_record(request);
        if !keeps_the_record || !defects::has("knows-named-namespaces") {
            remove_interface(&request.namespace, &attachment.mac)?;
        }
        defects::after_the_interface_went(request, attachment);
    }
    // What goes wrong from here on must not keep the rest from being cleaned up.
    let reported = match ipam.delegate() {
        Some(name) if !defects::forgets_the_delegate(request) => {
            delegate::call(request, name, "DEL").map(|_| ())
        }
        _ => Ok(()),
    };
    if let Some(record) = record
        && !keeps_the_record
    {
        record.remove()?;
    }
    reported.map(|()| None)
}

/// Deletes the interface with this hardware address. Without a namespace there is nothing
/// to do: the interface has ended with it, or will.
pub fn remove_interface(path: &str, mac: &str) -> Result<(), Error> {
    let Ok(namespace) = Namespace::open(path) else {
        return Ok(());
    };
    let Some(name) = namespace.name_of(mac)? else {
        return Ok(());
    };
    let deleted = namespace.inside(|| ip::batch(&format!("link delete dev {name}\n")));
    match deleted {
        // Somebody else was faster.
        Err(_) if namespace.name_of(mac)?.is_none() => Ok(()),
        other => other,
    }
}
