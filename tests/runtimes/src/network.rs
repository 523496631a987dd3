//! Networks of the host, as an administrator writes them.

use std::fs;
use std::path::Path;

use plumb_tests::configuration::{self, with};
use serde_json::{Value, json};

/// Where the runtimes look for networks.
pub const FOLDER: &str = "/etc/cni/net.d";

/// What plumb says of the second container on [`one_address`].
pub const EXHAUSTED: [&str; 2] = [
    "pool p has no free address: address 10.1.0.10 is held by ",
    ", interface eth0, network rail0, since ",
];

/// What plumb says of [`without_parent`]: what is wrong, and which names would be right.
pub const PARENT_MISSING: [&str; 2] = [
    "no interface named \"nic7\" on the host; there are: ",
    "nic0",
];

/// The network of the examples, `rail0`: macvlan on `nic0`, addresses `10.1.0.10` to
/// `10.1.0.50`, in the newest version that the runtimes of Debian 12 know.
pub fn pool() -> Value {
    with(configuration::pool(), json!({"cniVersion": "1.0.0"}))
}

/// As [`pool`], with IPv6 beside IPv4.
pub fn dual_stack() -> Value {
    with(configuration::dual_stack(), json!({"cniVersion": "1.0.0"}))
}

/// As [`pool`], with one address.
pub fn one_address() -> Value {
    let mut configuration = pool();
    configuration["ipam"]["pools"][0]["ips"] = json!(["10.1.0.10"]);
    configuration
}

/// As [`pool`], on a network card that the node does not have.
pub fn without_parent() -> Value {
    with(pool(), json!({"master": "nic7"}))
}

/// Makes this network the only one of the host; `plugin` is the one plugin's configuration,
/// with the list's name and version in it.
#[track_caller]
pub(crate) fn set(plugin: &Value) {
    // Packages of runtimes bring networks of their own.
    if Path::new(FOLDER).exists() {
        fs::remove_dir_all(FOLDER).expect("remove other networks");
    }
    add(plugin);
}

/// Adds a network to those of the host.
#[track_caller]
pub fn add(plugin: &Value) {
    let name = plugin["name"].as_str().expect("the network has a name");
    let mut inner = plugin.clone();
    let object = inner.as_object_mut().expect("a plugin is an object");
    object.remove("name");
    object.remove("cniVersion");
    let list = json!({
        "cniVersion": plugin["cniVersion"],
        "name": name,
        "plugins": [inner],
    });
    fs::create_dir_all(FOLDER).expect("make the folder of the networks");
    fs::write(format!("{FOLDER}/{name}.conflist"), list.to_string()).expect("write a network");
}
