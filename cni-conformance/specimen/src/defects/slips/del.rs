//! Slips of DEL.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use super::add::{first, locks_of_adds};
use super::{folder_of, remove_notes};
use crate::defects::has;
use crate::error::{CONFIGURATION, ENVIRONMENT, EXISTS, Error, INPUT_OUTPUT, NAMESPACE};
use crate::namespace::Namespace;
use crate::record::{self, Attachment};
use crate::request::Request;
use crate::version::Version;
use crate::{del, ip, network, result};

/// At the beginning of a DEL.
pub fn before_delete(request: &Request) -> Result<(), Error> {
    remove_notes(request);
    let configuration = &request.configuration;
    let previous = &configuration["prevResult"];
    let never = !folder_of(request).exists();
    if has("del-needs-its-folder") && never {
        let folder = folder_of(request);
        return Err(Error::new(
            INPUT_OUTPUT,
            format!("there is no folder {}", folder.display()),
        ));
    }
    if has("refuses-an-empty-result") && *previous == json!({}) {
        return Err(Error::new(CONFIGURATION, "prevResult has no cniVersion"));
    }
    if has("cannot-read-old-results")
        && request.version == Version::V0_4_0
        && result::list(previous, "ips")
            .iter()
            .any(|ip| ip["version"].is_string())
    {
        return Err(Error::new(
            CONFIGURATION,
            "unknown field \"version\" in prevResult",
        ));
    }
    if has("needs-the-namespace") && std::env::var_os("CNI_NETNS").is_none() {
        return Err(Error::new(ENVIRONMENT, "CNI_NETNS is missing"));
    }
    if has("second-del-fails")
        && request.version == Version::V0_3_1
        && record::Record::open(request)?.is_none()
    {
        return Err(Error::new(EXISTS, "the attachment does not exist"));
    }
    if has("lock-of-the-dead") {
        for (lock, _, container) in locks_of_adds(request) {
            if container == request.container {
                let _ = fs::remove_file(lock);
            }
        }
    }
    Ok(())
}

/// Before DEL takes away the interface of an attachment that it has a record of.
pub fn before_the_interface_goes(request: &Request, attachment: &Attachment) -> Result<(), Error> {
    let path = Path::new(&request.namespace);
    let refuse = |what: &str| Err(Error::new(NAMESPACE, what));
    let namespace = Namespace::open(&request.namespace);
    if has("del-refuses-a-file") && path.exists() && namespace.is_err() {
        return refuse("the file is no namespace");
    }
    if has("del-needs-the-process") && path.starts_with("/proc") && !path.exists() {
        return refuse("the process does not exist");
    }
    if has("del-needs-the-master") && !network::has_master(&request.configuration) {
        return refuse("the node's interface does not exist");
    }
    let sandbox = sandbox(request);
    if has("del-waits-for-the-process")
        && request.namespace.is_empty()
        && sandbox
            .is_some_and(|sandbox| sandbox.starts_with("/proc/") && Path::new(sandbox).exists())
    {
        return refuse("the container is still running");
    }
    if has("del-believes-the-sandbox")
        && request.namespace.is_empty()
        && let Some(sandbox) = sandbox
    {
        delete_by_name(sandbox, &request.interface);
    }
    if has("del-goes-by-the-name") {
        delete_by_name(&request.namespace, &request.interface);
    }
    if has("record-goes-first")
        && let Some(record) = record::Record::open_without_lock(request)
    {
        record::remove(&record)?;
        sleep(Duration::from_millis(10));
    }
    let Ok(namespace) = namespace else {
        return Ok(());
    };
    let found = namespace.name_of(&attachment.mac)?;
    if has("del-needs-the-name")
        && found
            .as_ref()
            .is_some_and(|name| *name != request.interface)
    {
        return refuse("the interface does not exist");
    }
    if has("del-needs-the-interface")
        && found.is_none()
        && network::has_master(&request.configuration)
        && !namespace.interfaces()?.contains_key(&request.interface)
    {
        return refuse("the interface does not exist");
    }
    Ok(())
}

/// `sandbox` of the pod's interface in the previous result.
fn sandbox(request: &Request) -> Option<&str> {
    let interfaces = result::list(&request.configuration["prevResult"], "interfaces");
    let own = interfaces
        .iter()
        .find(|one| one["name"] == request.interface.as_str());
    own?["sandbox"].as_str()
}

fn delete_by_name(path: &str, name: &str) {
    if let Ok(namespace) = Namespace::open(path) {
        let _ = namespace.inside(|| ip::batch(&format!("link delete dev {name}\n")));
    }
}

/// Whether DEL forgets to give the address back.
pub fn keeps_the_record(request: &Request) -> bool {
    let path = Path::new(&request.namespace);
    let gone = path.starts_with("/run/netns") && !path.exists();
    let empty = std::env::var_os("CNI_NETNS").is_some_and(|path| path.is_empty());
    let without_result = request.configuration["prevResult"].is_null();
    (has("keeps-the-address-without-path") && gone)
        || (has("keeps-the-address-without-namespace") && empty && without_result)
        || (has("knows-named-namespaces") && path.starts_with("/proc") && path.exists())
}

/// When DEL has taken the interface away.
pub fn after_the_interface_went(request: &Request, attachment: &Attachment) {
    let there = Namespace::open(&request.namespace).is_ok();
    for (path, container, _) in record::all(&request.network) {
        let Some(other) = record::read(&path) else {
            continue;
        };
        if has("one-interface-for-a-container") && container == request.container {
            let _ = del::remove_interface(&request.namespace, &other.mac);
        }
        let alike = container.get(..8) == request.container.get(..8);
        let pooled = attachment.address.is_some();
        let another = container != request.container;
        if has("short-container-ids")
            && alike
            && another
            && there
            && pooled
            && other.address.is_some()
        {
            let _ = record::remove(&path);
        }
    }
}

/// Whether DEL does not call its delegate.
pub fn forgets_the_delegate(request: &Request) -> bool {
    let gone = Namespace::open(&request.namespace).is_err();
    (has("del-without-namespace-without-delegate") && gone)
        || (has("remembers-the-first-ipam") && !first(&folder_of(request), true).exists())
}
