//! Standard input: the network configuration as every verb reads it, what it means on a node, and the manifests of a
//! pool folder, for a text that does not begin like JSON.

#![no_main]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;

use libfuzzer_sys::fuzz_target;
use plumb::Error;
use plumb::cni::{
    AddRequest, Configuration, Environment, Request, Verb, Version, configuration, keys, output,
};
use plumb::components::Asked;
use plumb::facts::{Facts, RecordedFacts};
use plumb::parent;
use plumb::policy::Policy;
use plumb::pools::{self, AddressRange, Family, Pool};
use plumb_fuzz::Scratch;
use serde_json::Value;

const VERBS: [Verb; 5] = [Verb::Add, Verb::Del, Verb::Check, Verb::Gc, Verb::Status];

fuzz_target!(|data: &[u8]| {
    let known = configuration::version_of(data);
    let read = VERBS.map(|verb| read(verb, data));
    let [added, deleted, ..] = &read;
    if let Some(added) = added {
        // VERSION answers one who names none in the newest.
        let version = added.configuration.version;
        assert!(known == Some(version) || known.is_none() && version == Version::UNNAMED);
        // Whatever ADD took, DEL takes: nothing can be attached that cannot be detached.
        let deleted = deleted.as_ref().expect("DEL reads what ADD reads");
        assert_eq!(added.attachment, deleted.attachment);
        assert_eq!(added.folders, deleted.folders);
        assert_eq!(added.configuration.lower, deleted.configuration.lower);
    }
    if !data.trim_ascii_start().starts_with(b"{") {
        manifest(data);
    }
});

/// Reads the text for a verb, with all that the verbs ask of it later.
fn read(verb: Verb, data: &[u8]) -> Option<Request> {
    let configuration = checked(Configuration::parse(verb, data.to_vec()))?;
    assert!(configuration.version >= verb.since());
    assert_eq!(configuration.text, data);
    safe_file_name(&configuration.network);
    assert!(!configuration.plugin_type.is_empty());
    let lower = Value::Object(configuration.lower.clone());
    assert_eq!(keys::lower(&lower), lower, "keys are in lower case already");
    for key in ["master", "flavour", "loglevel", "logfile"] {
        let _ = checked(configuration.string(key));
    }
    let request = checked(Request::new(
        environment(verb),
        configuration,
        Policy::default(),
    ))?;
    assert_eq!(
        request.folders,
        Policy::default().folders,
        "no network chooses a folder"
    );
    assert!(!request.describe().is_empty());
    let _ = checked(request.device_id());
    let _ = checked(request.ipam_type());
    let _ = checked(request.previous());
    if let Some(asked) = checked(AddRequest::of(request.clone())) {
        if let Some(mac) = &asked.mac {
            assert!(matches!(mac.len(), 6 | 20));
        }
        if let Some(guid) = &asked.infiniband_guid {
            assert_eq!(guid.len(), 8);
        }
        if let Some(path) = &asked.device_info_file {
            assert!(path.is_absolute());
        }
        component_request(&asked);
        on_a_node(&asked);
    }
    if let Some(pools) = request
        .configuration
        .ipam()
        .and_then(|ipam| ipam.get("pools"))
    {
        match pools::inline(pools) {
            Ok(pools) => check_pools(&pools),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    Some(request)
}

/// What a component would get is the configuration that plumb read.
fn component_request(asked: &AddRequest) {
    let Some(given) = checked(Asked::of(asked)) else {
        return;
    };
    let request = &asked.call;
    let previous = asked.previous.clone().unwrap_or_default();
    assert_eq!(given.network, request.attachment.network);
    assert_eq!(
        given.previous_interfaces.len(),
        previous.interfaces.len(),
        "every interface of the previous result is passed on"
    );
    let text: Value = serde_json::from_str(&given.configuration).expect("JSON for components");
    let lower = Value::Object(request.configuration.lower.clone());
    // Floating point numbers may lose their last digit on the way; no key has one.
    if !given.configuration.contains(['.', 'e']) {
        assert_eq!(text, lower);
    }
}

/// A node with two adapters, the first with addresses of both families.
const NODE: &str = r#"{
    "host": {
        "links": [
            {"name": "nic1", "index": 3, "mac": "02:00:00:00:00:03", "mtu": 9000, "pci": "0000:3b:00.0", "rdmaDevices": ["mlx5_1"]},
            {"name": "nic0", "index": 2, "mac": "02:00:00:00:00:02", "mtu": 9000, "pci": "0000:1a:00.0", "rdmaDevices": ["mlx5_0"]}
        ],
        "details": {
            "nic0": {"numaNode": 0, "addresses": ["172.16.11.1/24", "fd00:11::1/64", "fe80::1/64"]},
            "nic1": {"numaNode": 1, "addresses": ["172.16.12.1/31", "10.0.0.1/8", "fd00:12::1/127"]}
        }
    },
    "pod": {"links": [{"name": "net0", "index": 2, "mac": "02:00:00:00:00:09", "mtu": 1500}]}
}"#;

/// The parent has one name then, and nobody gets an address of the node itself.
fn on_a_node(asked: &AddRequest) {
    let facts = RecordedFacts::parse(NODE.as_bytes()).expect("facts");
    let Some(resolved) = checked(parent::resolve(asked, &facts)) else {
        return;
    };
    let call = &resolved.request.call;
    if asked.master.is_some() {
        let name = call.configuration.string("master").expect("a text");
        assert!(name.is_some_and(|name| !name.is_empty()));
    }
    if asked.from_master.is_some() && resolved.request.from_master.is_none() {
        let ipam = call.configuration.ipam().expect("it had a type");
        let pools = pools::inline(&ipam["pools"]).expect("pools as anybody could state them");
        check_pools(&pools);
        for own in facts.host_addresses().expect("they are written down") {
            let mut usable = pools.iter().flat_map(Pool::usable);
            assert!(
                !usable.any(|range| range.contains(own.ip())),
                "{own} is the node's"
            );
        }
    }
}

/// A file of a pool folder.
fn manifest(data: &[u8]) {
    let scratch = Scratch::new();
    fs::write(scratch.path().join("pool.yaml"), data).expect("write the manifest");
    let folder = pools::Folder {
        path: scratch.path(),
        key: "ipam.poolFolder",
    };
    let set = pools::folder(folder).expect("the folder can be listed");
    check_pools(&set.pools);
    for left_out in &set.left_out {
        let text = left_out.error.to_string();
        assert!(text.contains("pool.yaml"), "{text:?} names no file");
    }
}

/// What `pools` promises to those that take its pools.
fn check_pools(pools: &[Pool]) {
    let names: BTreeSet<_> = pools.iter().map(|pool| pool.name.as_str()).collect();
    assert_eq!(names.len(), pools.len(), "each pool has a name of its own");
    let mut given_out = Vec::new();
    for pool in pools {
        safe_file_name(&pool.name);
        let subnet = pools::whole(pool.subnet);
        assert_eq!(pool.subnet.ip(), pool.subnet.network(), "no host bits");
        ascending(&pool.ranges);
        ascending(&pool.excluded);
        for range in pool.ranges.iter().chain(&pool.excluded) {
            assert!(range.first <= range.last && range.family() == pool.family);
        }
        for range in &pool.ranges {
            assert!(subnet.contains(range.first) && subnet.contains(range.last));
        }
        if let Some(gateway) = pool.gateway {
            assert!(subnet.contains(gateway));
        }
        for route in &pool.routes {
            assert!(subnet.contains(route.gateway) && route.destination.prefix() > 0);
            assert_eq!(Family::of(route.destination.ip()), pool.family);
        }
        let usable = pool.usable();
        ascending(&usable);
        for range in &usable {
            let inside = |of: &AddressRange| of.contains(range.first) && of.contains(range.last);
            assert!(inside(&subnet));
            assert!(pool.ranges.iter().any(inside));
            for hole in &pool.excluded {
                assert_eq!(range.intersection(hole), None, "{range} is excluded");
            }
            assert!(pool.gateway.is_none_or(|gateway| !range.contains(gateway)));
            if subnet_for_many(pool) {
                assert!(
                    !range.contains(subnet.first),
                    "{range} has the network's own"
                );
                let broadcast = pool.family == Family::Ipv4 && range.contains(subnet.last);
                assert!(!broadcast, "{range} has the broadcast address");
            }
        }
        if !pool.disabled {
            given_out.extend(usable);
        }
    }
    given_out.sort_unstable();
    ascending(&given_out);
}

/// Whether it is wider than a link of two hosts, which has no addresses of its own (RFC 3021,
/// RFC 6164).
fn subnet_for_many(pool: &Pool) -> bool {
    let bits = match pool.family {
        Family::Ipv4 => 32,
        Family::Ipv6 => 128,
    };
    pool.subnet.prefix() + 1 < bits
}

/// Sorted, and no address twice.
fn ascending(ranges: &[AddressRange]) {
    for pair in ranges.windows(2) {
        assert!(pair[0].last < pair[1].first, "{} and {}", pair[0], pair[1]);
    }
}

fn environment(verb: Verb) -> Environment {
    Environment::read(|name| {
        let value = match name {
            "CNI_COMMAND" => verb.as_str(),
            "CNI_CONTAINERID" => "3f5a",
            "CNI_NETNS" => "/run/netns/pod",
            "CNI_IFNAME" => "net1",
            "CNI_ARGS" => "K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod-a",
            _ => return None,
        };
        Some(OsString::from(value))
    })
    .expect("an environment as a runtime sets it")
}

/// The value; a refusal must be fit to be printed.
fn checked<T>(result: Result<T, Error>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            let printed = output::error(Version::NEWEST, &error);
            let object: Value = serde_json::from_str(&printed).expect("one JSON object");
            assert_eq!(object["code"], error.code.0);
            assert!(object["msg"].as_str().is_some_and(|text| !text.is_empty()));
            None
        }
    }
}

/// Names of networks and pools become names of files and keys.
fn safe_file_name(name: &str) {
    let first = name.bytes().next().expect("a name is not empty");
    assert!(first.is_ascii_alphanumeric(), "{name:?}");
    assert!(!name.contains(['/', '\0', '\n', ' ', '~', ':']), "{name:?}");
}
