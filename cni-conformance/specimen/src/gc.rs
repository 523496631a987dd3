//! GC (specification, section 2, "GC"): gives back what attachments had whose namespace has
//! gone without a DEL.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::Value;

use crate::error::Error;
use crate::ipam::Ipam;
use crate::request::Request;
use crate::{defects, delegate, record};

/// Goes on after an error, and reports the first one. An attachment that is not in the list
/// and whose namespace is there stays: the list may be older than the attachment, or another
/// runtime's.
pub fn collect(request: &Request) -> Result<Option<Value>, Error> {
    defects::before_gc(request)?;
    let ipam = Ipam::of(request)?;
    let valid = valid(&request.configuration);
    let mut ended = Ok(());
    for (path, container, interface) in record::all(&request.network) {
        let listed = valid.iter().any(|one| {
            one["containerID"] == container.as_str() && one["ifname"] == interface.as_str()
        });
        let takes = match defects::judges_by_the_list(request, &container, &interface) {
            Some(takes) => takes.then_some(None),
            None if listed => None,
            None => dead(&path).map(Some),
        };
        // The lock of a dead one is held until its record is gone.
        if let Some(_lock) = takes {
            ended = ended.and(record::remove(&path));
        }
    }
    defects::other_networks(request);
    if let Some(name) = ipam.delegate() {
        let reported = delegate::call(request, name, delegate::verb(request.verb)).map(|_| ());
        if !defects::has("gc-swallows-the-delegates-error") {
            ended = ended.and(reported);
        }
    }
    ended.map(|()| None)
}

/// The list of the newer key where there is one, else of the older one; Go writes a list of
/// none as null.
fn valid(configuration: &Value) -> &[Value] {
    ["cni.dev/valid-attachments", "cni.dev/attachments"]
        .iter()
        .find_map(|key| configuration.get(*key))
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The lock of an attachment on which nobody is at work and whose namespace is gone.
fn dead(path: &Path) -> Option<File> {
    let file = File::open(path).ok()?;
    file.try_lock().ok()?;
    let inode = |metadata: fs::Metadata| metadata.ino();
    if file.metadata().ok().map(inode) != fs::metadata(path).ok().map(inode) {
        return None;
    }
    // Nothing is written there when the ADD was killed at its very beginning.
    let alive = record::read(path).is_some_and(|attachment| {
        fs::metadata(&attachment.namespace)
            .is_ok_and(|metadata| (metadata.dev(), metadata.ino()) == attachment.identity)
    });
    (!alive).then_some(file)
}
