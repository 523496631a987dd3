//! The defects that take more than a line, by the moment at which they show. Each of these
//! functions does nothing in a correct plugin.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::has;
use crate::error::{
    CONFIGURATION, ENVIRONMENT, EXISTS, Error, INPUT_OUTPUT, KERNEL, NAMESPACE, TRY_AGAIN,
};
use crate::ipam::Ipam;
use crate::namespace::Namespace;
use crate::record::{self, Attachment};
use crate::request::{Request, Verb, variable};
use crate::version::Version;
use crate::{del, ip, network, result};

/// Before anything is read.
pub fn before_the_call() -> Result<(), Error> {
    let refuse = |what: &str| Err(Error::new(ENVIRONMENT, what));
    let arguments = variable("CNI_ARGS");
    let mut pairs = arguments.split(';').filter(|pair| !pair.is_empty());
    if has("logs-to-standard-output") && std::env::var_os("RUST_LOG").is_some() {
        println!("TRACE the plugin starts");
    }
    if has("dies-of-standard-error") {
        eprintln!("the plugin starts");
    }
    if has("needs-a-path") && variable("CNI_PATH").is_empty() {
        return refuse("CNI_PATH is missing");
    }
    if has("one-equals-sign") && pairs.clone().any(|pair| pair.matches('=').count() != 1) {
        return refuse("CNI_ARGS has a pair with more than one =");
    }
    if has("wants-ignore-unknown-first")
        && pairs
            .clone()
            .take_while(|pair| !pair.starts_with("IgnoreUnknown="))
            .any(|pair| pair.starts_with("K8S_"))
    {
        return refuse("CNI_ARGS has an unknown key");
    }
    if has("checks-the-name-of-the-pod")
        && pairs.any(|pair| pair.starts_with("K8S_POD_NAME=") && pair[13..].contains('_'))
    {
        return refuse("K8S_POD_NAME is no name of a pod");
    }
    if has("reads-cap-args")
        && std::env::var("CAP_ARGS").is_ok_and(|text| serde_json::from_str::<Value>(&text).is_err())
    {
        return refuse("CAP_ARGS is not JSON");
    }
    let path = variable("CNI_PATH");
    let mut folders: Vec<&str> = path.split(':').collect();
    folders.sort_unstable();
    if has("refuses-repeated-folders") && folders.windows(2).any(|two| two[0] == two[1]) {
        return refuse("CNI_PATH has a folder twice");
    }
    let token = Path::new("/var/run/secrets/kubernetes.io/serviceaccount/token");
    if has("looks-for-a-cluster")
        && std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
        && !token.exists()
    {
        return refuse("there is no service account");
    }
    Ok(())
}

/// When the configuration is decoded.
pub fn in_the_input(configuration: &Value) -> Result<(), Error> {
    let refuse = |what: String| Err(Error::new(CONFIGURATION, what));
    let runtime = &configuration["runtimeConfig"];
    if has("refuses-empty-runtime-config") && runtime.is_object() && runtime["mac"].is_null() {
        return refuse("runtimeConfig.mac is empty".into());
    }
    for key in keys(&configuration["capabilities"]) {
        if has("refuses-capabilities") && key != "mac" {
            return refuse(format!("there is no capability {key:?}"));
        }
    }
    for key in keys(configuration) {
        let known = ["cni.dev/valid-attachments", "cni.dev/attachments"].contains(&key);
        if has("refuses-unknown-keys") && key.contains('/') && !known {
            return refuse(format!("unknown field {key:?}"));
        }
    }
    Ok(())
}

fn keys(value: &Value) -> impl Iterator<Item = &str> {
    let object = value.as_object().into_iter().flatten();
    object.map(|(key, _)| key.as_str())
}

/// At the beginning of an ADD.
pub fn before_add(request: &Request) -> Result<(), Error> {
    remove_notes(request);
    let marker = folder_of(request).join("not-ready.lock");
    match has("believes-the-last-status") && marker.exists() {
        true => Err(Error::new(TRY_AGAIN, "the last STATUS failed")),
        false => Ok(()),
    }
}

fn remove_notes(request: &Request) {
    if has("version-leaves-a-note") || has("status-leaves-a-note") {
        let _ = fs::remove_file(record::root().join("note"));
        let _ = fs::remove_file(folder_of(request).join("note"));
    }
}

fn folder_of(request: &Request) -> PathBuf {
    record::folder(&request.network)
}

/// When ADD was given what is no namespace of a pod.
pub fn after_a_refused_namespace(request: &Request) {
    let there = Path::new(&request.namespace).exists();
    if (has("record-before-the-namespace") && !there) || (has("record-before-the-file") && there) {
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
    if has("leaves-a-trace") {
        let _ = fs::write(folder.join("version"), "1");
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
    if has("lock-of-the-dead") && *ipam == Ipam::Pool {
        let lock = folder.join("adding.lock");
        let made = || {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&lock)
                .is_ok()
        };
        if !within(Duration::from_secs(2), made) {
            return taken();
        }
        let _ = fs::write(&lock, request.container.as_bytes());
    }
    Ok(Turn::default())
}

fn first(folder: &Path, delegate: bool) -> PathBuf {
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

/// Gives others the time to come between.
pub fn pause(name: &str, milliseconds: u64) {
    if has(name) {
        sleep(Duration::from_millis(milliseconds));
    }
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

/// When ADD has ended, well or not.
pub fn after_add(request: &Request, ipam: &Ipam, _succeeded: bool, record: &Path) {
    if has("busy-when-killed") {
        let _ = fs::remove_file(busy(record));
    }
    if has("lock-of-the-dead") && *ipam == Ipam::Pool {
        let _ = fs::remove_file(folder_of(request).join("adding.lock"));
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
        let lock = folder_of(request).join("adding.lock");
        if fs::read(&lock).is_ok_and(|maker| maker == request.container.as_bytes()) {
            let _ = fs::remove_file(lock);
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
        if has("short-container-ids") && alike && there && pooled && other.address.is_some() {
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

/// What a delegate gets to read.
pub fn input_for_the_delegate(request: &Request, verb: &str) -> Vec<u8> {
    let mut configuration = request.configuration.clone();
    let Some(object) = configuration.as_object_mut() else {
        return request.input.clone();
    };
    if has("passes-its-own-part") && ["ADD", "DEL"].contains(&verb) {
        object.retain(|key, _| ["cniVersion", "name", "ipam"].contains(&key.as_str()));
    } else if has("gc-without-list-for-the-delegate") && request.verb == Verb::Collect {
        object.retain(|key, _| !key.starts_with("cni.dev/"));
    } else {
        return request.input.clone();
    }
    configuration.to_string().into_bytes()
}

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
    if has("gc-by-the-list-alone") {
        sleep(Duration::from_millis(5));
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
    if has("gc-by-the-list-alone") && key.is_some() {
        return Some(!is_in(list));
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
