//! Slips of ADD.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{folder_of, remove_notes};
use crate::defects::has;
use crate::error::{Error, KERNEL, TRY_AGAIN};
use crate::ipam::Ipam;
use crate::record::{self, Attachment};
use crate::request::Request;

/// At the beginning of an ADD.
pub fn before_add(request: &Request) -> Result<(), Error> {
    remove_notes(request);
    let marker = folder_of(request).join("not-ready.lock");
    match has("believes-the-last-status") && marker.exists() {
        true => Err(Error::new(TRY_AGAIN, "the last STATUS failed")),
        false => Ok(()),
    }
}

/// When ADD was given what is no namespace of a pod.
pub fn after_a_refused_namespace(request: &Request, error: &Error) {
    let there = Path::new(&request.namespace).exists();
    let is_a_file = there && error.message.ends_with("is no namespace");
    if (has("record-before-the-namespace") && !there)
        || (has("record-before-the-file") && is_a_file)
    {
        write_a_record(request);
    }
}

/// When the kernel did not make the interface.
pub fn after_a_refused_link(request: &Request) {
    if has("busy-after-failure") {
        let _ = File::create(busy(&folder_of(request).join(&request.container)));
    }
}

fn write_a_record(request: &Request) {
    let attachment = Attachment {
        address: None,
        mac: String::new(),
        namespace: request.namespace.clone(),
        identity: (0, 0),
    };
    if let Ok(mut record) = record::Record::create(request) {
        let _ = record.write(&attachment);
    }
}

/// What an ADD may hold while it works.
#[derive(Default)]
pub struct Turn {
    _lock: Option<File>,
}

/// Before ADD does anything for the pod.
pub fn turn(request: &Request, ipam: &Ipam, record: &Path) -> Result<Turn, Error> {
    let folder = folder_of(request);
    let taken = || Err(Error::new(TRY_AGAIN, "another ADD is at work"));
    if has("busy-after-failure") && busy(&folder.join(&request.container)).exists() {
        return taken();
    }
    if has("busy-when-killed") {
        if busy(record).exists() {
            return taken();
        }
        let _ = File::create(busy(record));
    }
    if has("remembers-the-first-ipam")
        && ![first(&folder, true), first(&folder, false)]
            .iter()
            .any(|path| path.exists())
    {
        let _ = File::create(first(&folder, ipam.delegate().is_some()));
    }
    if has("one-add-for-a-container") {
        let lock = open(&busy(&folder.join(&request.container)))?;
        return match lock.try_lock() {
            Ok(()) => Ok(Turn { _lock: Some(lock) }),
            Err(_) => taken(),
        };
    }
    if has("waits-for-all-delegates") && ipam.delegate().is_some() {
        let lock = open(&folder.join("delegates.lock"))?;
        return match within(Duration::from_secs(1), || lock.try_lock().is_ok()) {
            true => Ok(Turn { _lock: Some(lock) }),
            false => taken(),
        };
    }
    if has("lock-of-the-dead") {
        let _ = File::create(lock_of_an_add(request, process::id()));
    }
    Ok(Turn::default())
}

pub(super) fn first(folder: &Path, delegate: bool) -> PathBuf {
    folder.join(if delegate {
        "delegated.lock"
    } else {
        "pooled.lock"
    })
}

/// An empty file of this name is none that a plugin leaves, but a lock.
fn busy(path: &Path) -> PathBuf {
    path.with_extension("busy.lock")
}

fn open(path: &Path) -> Result<File, Error> {
    File::create(path).map_err(|error| record::wrong("create", path, &error))
}

fn within(patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    while !condition() {
        if started.elapsed() > patience {
            return false;
        }
        sleep(Duration::from_millis(1));
    }
    true
}

/// The file that is the pool's lock.
pub fn lock_of_the_pool(path: &Path) -> io::Result<File> {
    let prepared = has("status-prepares-badly") && path.with_file_name("asked.lock").exists();
    OpenOptions::new()
        .write(true)
        .create(!prepared)
        .truncate(false)
        .open(path)
}

/// A draft of the record, which is there for a while.
pub fn draft(path: &Path, text: &[u8]) -> Option<PathBuf> {
    if !has("leaves-a-draft") {
        return None;
    }
    let draft = path.with_extension("draft");
    let _ = fs::write(&draft, text);
    sleep(Duration::from_millis(10));
    Some(draft)
}

/// One address more than there should be.
pub fn second_address(request: &Request, ipam: &Ipam, commands: &mut String) {
    if has("secret-address") && *ipam == Ipam::Pool {
        *commands += &format!("address add 172.16.0.1/30 dev {}\n", request.interface);
    }
}

/// When ADD has done its work.
pub fn before_the_result(request: &Request) -> Result<(), Error> {
    let is_dead = |process: u32| !Path::new(&format!("/proc/{process}")).exists();
    match has("lock-of-the-dead") && locks_of_adds(request).any(|(_, process, _)| is_dead(process))
    {
        true => Err(Error::new(TRY_AGAIN, "another ADD has not come to its end")),
        false => Ok(()),
    }
}

/// Path, process and container of each ADD that is at work, or was when it was killed.
pub(super) fn locks_of_adds(request: &Request) -> impl Iterator<Item = (PathBuf, u32, String)> {
    let entries = fs::read_dir(folder_of(request))
        .into_iter()
        .flatten()
        .flatten();
    entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let (process, container) = name.strip_prefix("adding-")?.split_once('-')?;
        let container = container.strip_suffix(".lock")?.to_owned();
        Some((entry.path(), process.parse().ok()?, container))
    })
}

fn lock_of_an_add(request: &Request, process: u32) -> PathBuf {
    folder_of(request).join(format!("adding-{process}-{}.lock", request.container))
}

/// When ADD has ended, well or not.
pub fn after_add(request: &Request, succeeded: bool, record: &Path) {
    if has("leaves-a-trace") && succeeded {
        let _ = fs::write(folder_of(request).join("version"), "1");
    }
    if has("busy-when-killed") {
        let _ = fs::remove_file(busy(record));
    }
    if has("lock-of-the-dead") {
        let _ = fs::remove_file(lock_of_an_add(request, process::id()));
    }
}

/// Whether a failed ADD leaves its record.
pub fn leaves_the_record(error: &Error) -> bool {
    has("leaves-the-record") && is_of_the_link(error)
}

fn is_of_the_link(error: &Error) -> bool {
    error.code == KERNEL && error.details.contains("link add")
}

/// Whether a failed ADD leaves its delegate alone.
pub fn leaves_the_delegate(error: &Error) -> bool {
    match error.code {
        KERNEL => has("no-del-after-refused-route"),
        _ => has("no-del-after-failed-delegate"),
    }
}
