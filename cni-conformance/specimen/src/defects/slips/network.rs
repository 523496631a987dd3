//! Slips of STATUS and GC, which are about a network.

use std::fs::{self, File};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::folder_of;
use crate::defects::has;
use crate::error::{CONFIGURATION, Error};
use crate::record;
use crate::request::Request;

/// When STATUS knows its answer.
pub fn after_status(request: &Request, ready: bool) -> Result<(), Error> {
    let folder = folder_of(request);
    let make = |name: &str, text: &str| {
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(folder.join(name), text))
            .map_err(|error| record::wrong("write into", &folder, &error))
    };
    if has("status-prepares-badly") && !folder.exists() {
        make("asked.lock", "")?;
    }
    if has("status-leaves-a-note") && ready {
        make("note", "asked")?;
    }
    if has("believes-the-last-status") && !ready {
        make("not-ready.lock", "")?;
    }
    Ok(())
}

/// At the beginning of a GC.
pub fn before_gc(request: &Request) -> Result<(), Error> {
    let newer = request.configuration.get("cni.dev/valid-attachments");
    let older = request.configuration.get("cni.dev/attachments");
    let refuse = |what: &str| Err(Error::new(CONFIGURATION, what));
    if has("gc-makes-an-index") && !record::root().exists() {
        let _ = fs::create_dir_all(record::root());
        let _ = fs::write(record::root().join("index"), "[]");
    }
    if has("gc-wants-quiet") {
        // An ADD that was started just before holds its record at some moment of the next few, however fast the
        // machine is.
        let busy = |path: &Path| File::open(path).is_ok_and(|file| file.try_lock().is_err());
        let begin = Instant::now();
        let mut is_quiet = true;
        while is_quiet && begin.elapsed() < Duration::from_millis(30) {
            is_quiet = !record::all(&request.network)
                .iter()
                .any(|(path, _, _)| busy(path));
            sleep(Duration::from_micros(200));
        }
        if !is_quiet {
            return refuse("an attachment is being made");
        }
    }
    match (newer, older) {
        (Some(Value::Null), Some(Value::Null)) if has("two-nulls") => refuse("there is no list"),
        (Some(_), Some(_)) if has("gc-takes-one-key") => refuse("there are two lists"),
        _ => Ok(()),
    }
}

/// Whether GC takes an attachment away for another reason than it should; nothing where it
/// does as it should.
pub fn judges_by_the_list(request: &Request, container: &str, interface: &str) -> Option<bool> {
    let key = request.configuration.get("cni.dev/valid-attachments");
    let older = request.configuration.get("cni.dev/attachments");
    let list = key.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_in = |list: &[Value]| {
        list.iter()
            .any(|one| one["containerID"] == container && one["ifname"] == interface)
    };
    let nothing_to_do = (has("gc-of-an-empty-list") && key == Some(&json!([])))
        || (has("gc-of-null") && key == Some(&Value::Null))
        || (has("gc-knows-the-newer-key") && key.is_none() && older.is_some());
    if nothing_to_do {
        return Some(false);
    }
    if has("gc-reads-the-first") && list.len() > 1 {
        return Some(!is_in(&list[..1]));
    }
    if has("gc-of-everything") && key.is_none() && older.is_none() {
        return Some(true);
    }
    None
}

/// When GC is through with its own network.
pub fn other_networks(request: &Request) {
    let folders = fs::read_dir(record::root()).into_iter().flatten().flatten();
    let names = folders.filter_map(|entry| entry.file_name().into_string().ok());
    for network in names.filter(|name| *name != request.network) {
        for (path, _, _) in record::all(&network) {
            if has("gc-of-all-networks") {
                let _ = record::remove(&path);
            }
        }
    }
}
