use serde_json::json;

use super::*;
use crate::cni::{Configuration, Environment, Request};
use crate::facts::RecordedFacts;
use crate::policy::Policy;

/// Two adapters, and what the first one has in each of these tests.
fn facts(addresses: &[&str]) -> RecordedFacts {
    let link = |name: &str, index: u32, pci: &str, rdma: &str| {
        json!({"name": name, "index": index, "mac": "02:00:00:00:00:01", "mtu": 9000, "pci": pci, "rdmaDevices": [rdma],
               "alternativeNames": [format!("alt-{name}")]})
    };
    let links = json!([
        {"name": "lo", "index": 1, "hardwareType": 772, "mac": "00:00:00:00:00:00", "mtu": 65536},
        link("ens2", 2, "10000:01:00.0", "mlx5_1"),
        link("ens1", 3, "0000:1a:00.0", "mlx5_0"),
        {"name": "ens1.5", "index": 4, "kind": "vlan", "mac": "02:00:00:00:00:01", "mtu": 9000},
    ]);
    let functions = json!([{"address": "0000:1a:00.0", "driver": "mlx5_core", "numaNode": 1}]);
    let facts = json!({
        "host": {"links": links, "defaultRouteLink": "ens2",
                 "details": {"ens1": {"addresses": addresses}, "ens2": {"numaNode": 0, "addresses": ["172.16.99.7/16"]}}},
        "pod": {"links": [{"name": "net0", "index": 2, "mac": "02:00:00:00:00:09", "mtu": 1500}]},
        "pciFunctions": functions,
    });
    RecordedFacts::parse(facts.to_string().as_bytes()).unwrap()
}

fn request(verb: &str, keys: Value, policy: Policy) -> AddRequest {
    let mut network = json!({"cniVersion": "1.1.0", "name": "n", "type": "macvlan"});
    for (key, value) in keys.as_object().unwrap() {
        network[key] = value.clone();
    }
    let variable = |name: &str| match name {
        "CNI_COMMAND" => Some(verb.into()),
        "CNI_CONTAINERID" => Some("pod".into()),
        "CNI_IFNAME" => Some("net1".into()),
        "CNI_NETNS" => Some("/run/netns/pod".into()),
        _ => None,
    };
    let environment = Environment::read(variable).unwrap();
    let text = network.to_string().into_bytes();
    let configuration = Configuration::parse(environment.verb, text).unwrap();
    AddRequest::of(Request::new(environment, configuration, policy).unwrap()).unwrap()
}

/// The parent's name, and what was said of it.
fn master(keys: Value, facts: &RecordedFacts) -> Result<(String, String)> {
    let request = request("ADD", keys, Policy::default());
    let resolved = resolve(&request, facts)?;
    let name = resolved.request.call.configuration.string("master")?;
    Ok((
        name.unwrap_or_default().to_owned(),
        resolved.found.join("\n"),
    ))
}

/// The pools, or why there are none.
fn pools(from_master: Value, addresses: &[&str]) -> Result<Value> {
    let ipam = json!({"type": "pool", "sticky": false, "fromMaster": from_master});
    let request = request(
        "ADD",
        json!({"master": "ens1", "ipam": ipam}),
        Policy::default(),
    );
    let resolved = resolve(&request, &facts(addresses))?;
    let ipam = &resolved.request.call.configuration.lower["ipam"];
    assert!(ipam.get("frommaster").is_none() && resolved.request.from_master.is_none());
    assert_eq!(ipam["sticky"], false, "other keys stay");
    Ok(ipam["pools"].clone())
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T>, code: Code, parts: &[&str]) {
    let error = result.unwrap_err();
    for part in parts {
        assert!(
            error.message.contains(part),
            "{part:?} in {}",
            error.message
        );
    }
    assert_eq!(error.code, code, "{}", error.message);
}

#[test]
fn a_name_is_left_as_it_is() {
    let request = request("ADD", json!({"master": "nic9"}), Policy::default());
    let resolved = resolve(&request, &facts(&[])).unwrap();
    assert!(matches!(resolved.request, Cow::Borrowed(_)) && resolved.found.is_empty());
}

#[test]
fn each_form_becomes_a_name() {
    let facts = facts(&[]);
    for (written, name) in [
        (json!(["ens9", "ens2", "ens1"]), "ens2"),
        (json!("ens?"), ""),
        (json!("*2"), "ens2"),
        (json!("alt-*1"), "ens1"),
        (json!("driver:mlx5*"), "ens1"),
        (json!("driver:vlan"), "ens1.5"),
        (json!({"rdma": "mlx5_0"}), "ens1"),
        // The domain of an address has more digits than four where it needs them.
        (json!({"rail": 1}), "ens1"),
        (json!({"rail": 2}), "ens2"),
        (json!({"rail": 1, "numa": 0}), "ens2"),
        (json!({"rail": 1, "match": "mlx5_1"}), "ens2"),
        (json!({"rail": 1, "match": "mlx5_core"}), "ens1"),
        (json!({"rail": 1, "match": "driver:mlx5_core"}), "ens1"),
        (json!({"rail": 1, "match": "alt-ens2"}), "ens2"),
    ] {
        let found = master(json!({"master": written}), &facts);
        if name.is_empty() {
            refused(found, Code::INVALID_CONFIGURATION, &["ens2, ens1"]);
            continue;
        }
        let (found, line) = found.unwrap();
        assert_eq!(found, name, "{written}");
        let start = format!("\"master\" {written} is {name} on this node");
        assert!(line.starts_with(&start), "{line}");
    }
}

#[test]
fn what_a_node_does_not_have_is_said_with_what_it_has() {
    let facts = facts(&[]);
    let of = |written: Value| master(json!({"master": written}), &facts);
    let absent = Code::NOT_AVAILABLE;
    refused(
        of(json!(["ens8", "ens9"])),
        absent,
        &["ens8, ens9", "on the host", "lo, ens2, ens1, ens1.5"],
    );
    refused(of(json!("eth*")), absent, &["\"eth*\"", "lo, ens2, ens1"]);
    // The loopback is nobody's parent.
    refused(of(json!("l?")), absent, &["\"l?\""]);
    refused(
        of(json!({"rdma": "mlx5_2"})),
        absent,
        &["\"mlx5_2\"", "mlx5_0 (ens1), mlx5_1 (ens2)", "did you mean"],
    );
    refused(
        of(json!({"rail": 3})),
        absent,
        &[
            "wants rail 3, and this node has 2",
            "1: ens1 (0000:1a:00.0, mlx5_0, NUMA node 1); 2: ens2 (10000:01:00.0, mlx5_1, NUMA node 0)",
        ],
    );
    refused(
        of(json!({"rail": 1, "numa": 7, "match": "mlx*"})),
        absent,
        &[
            "wants rail 1 of NUMA node 7 that \"mlx*\" means, and this node has 0",
            "2: ens2",
        ],
    );
}

#[test]
fn in_the_pod_its_own_interfaces_count() {
    let keys = |master: Value| json!({"master": master, "linkInContainer": true});
    let facts = facts(&[]);
    let (name, line) = master(keys(json!(["ens1", "net0"])), &facts).unwrap();
    assert_eq!(
        (name.as_str(), line.ends_with("on the pod")),
        ("net0", true),
        "{line}"
    );
    refused(
        master(keys(json!(["ens1"])), &facts),
        Code::NOT_AVAILABLE,
        &["on the pod; there are: net0"],
    );
    // At STATUS there is no pod.
    let request = request("STATUS", keys(json!(["ens8", "ens1"])), Policy::default());
    let resolved = resolve(&request, &facts).unwrap();
    assert_eq!(
        resolved.request.call.configuration.string("master"),
        Ok(Some("ens8"))
    );
}

#[test]
fn a_pool_is_the_parents_subnet_without_its_address() {
    let addresses = ["172.16.11.1/24", "fd00:11::1/64", "fe80::1/64"];
    let name = "from-master-ipv4";
    for (wanted, expected) in [
        (
            json!({}),
            json!([{"name": name, "subnet": "172.16.11.0/24", "excludeips": ["172.16.11.1"]}]),
        ),
        (
            json!({"range": [10, 200], "gateway": "last", "exclude": [20, [30, 39]]}),
            json!([{"name": name, "subnet": "172.16.11.0/24", "ips": ["172.16.11.10-172.16.11.200"],
                    "excludeips": ["172.16.11.1", "172.16.11.20-172.16.11.20", "172.16.11.30-172.16.11.39"],
                    "gateway": "172.16.11.254"}]),
        ),
        (
            json!({"family": "ipv6", "gateway": "last", "range": [16, 4096]}),
            json!([{"name": "from-master-ipv6", "subnet": "fd00:11::/64", "ips": ["fd00:11::10-fd00:11::1000"],
                    "excludeips": ["fd00:11::1"], "gateway": "fd00:11::ffff:ffff:ffff:ffff"}]),
        ),
        (
            json!({"family": "both", "gateway": 5}),
            json!([
                {"name": name, "subnet": "172.16.11.0/24", "excludeips": ["172.16.11.1"], "gateway": "172.16.11.5"},
                {"name": "from-master-ipv6", "subnet": "fd00:11::/64", "excludeips": ["fd00:11::1"], "gateway": "fd00:11::5"},
            ]),
        ),
    ] {
        assert_eq!(pools(wanted.clone(), &addresses), Ok(expected), "{wanted}");
    }
}

#[test]
fn all_addresses_that_the_node_has_in_the_subnet_stay_its_own() {
    let found = pools(
        json!({"within": "172.16.0.0/12", "gateway": "first"}),
        &[
            "10.0.0.7/8",
            "172.16.11.9/24",
            "172.16.11.10/32",
            "172.16.11.8/24",
        ],
    );
    // A /32 is a subnet of its own.
    refused(
        found,
        Code::INVALID_CONFIGURATION,
        &["172.16.11.10/32", "\"within\""],
    );
    let found = pools(
        json!({"within": "172.16.0.0/12", "gateway": "first"}),
        &["10.0.0.7/8", "172.16.11.9/24", "172.16.11.8/24"],
    );
    let pool = &found.unwrap()[0];
    assert_eq!(pool["excludeips"], json!(["172.16.11.9", "172.16.11.8"]));
    assert_eq!(pool["gateway"], "172.16.11.1");
    // And so do those of the other adapter.
    let found = pools(json!({}), &["172.16.11.1/16"]);
    let pool = &found.unwrap()[0];
    assert_eq!(pool["excludeips"], json!(["172.16.11.1", "172.16.99.7"]));
}

#[test]
fn a_subnet_that_cannot_be_known_is_refused() {
    let (absent, wrong) = (Code::NOT_AVAILABLE, Code::INVALID_CONFIGURATION);
    let all = ["172.16.11.1/24", "10.0.0.7/8"];
    for (wanted, addresses, code, parts) in [
        (
            json!({}),
            &[][..],
            absent,
            &["ens1", "no IPv4 address", "none at all"][..],
        ),
        (
            json!({}),
            &["fd00::1/64", "fe80::1/64"],
            absent,
            &["no IPv4 address but fd00::1/64"],
        ),
        (
            json!({"family": "both"}),
            &["172.16.11.1/24", "fe80::1/64"],
            absent,
            &["no IPv6 address"],
        ),
        (
            json!({}),
            &all,
            wrong,
            &["172.16.11.1/24, 10.0.0.7/8", "\"within\": \"10.0.0.0/8\""],
        ),
        (
            json!({"within": "192.168.0.0/16"}),
            &all,
            absent,
            &["within 192.168.0.0/16", "172.16.11.1/24, 10.0.0.7/8"],
        ),
        // A wider subnet is not within a narrower one.
        (
            json!({"within": "10.0.0.0/16"}),
            &all,
            absent,
            &["within 10.0.0.0/16"],
        ),
        (
            json!({"range": [10, 256]}),
            &["172.16.11.1/24"],
            wrong,
            &["\"range\"", "place 256", "0 to 255"],
        ),
        (
            json!({"gateway": 4294967296u64}),
            &["172.16.11.1/24"],
            wrong,
            &["\"gateway\"", "0 to 255"],
        ),
        (
            json!({"exclude": [[7, 300]]}),
            &["172.16.11.1/24"],
            wrong,
            &["\"exclude\"", "place 300"],
        ),
        (
            json!({"gateway": 255}),
            &["172.16.11.1/24"],
            wrong,
            &["172.16.11.255 is no host's address"],
        ),
        (
            json!({"gateway": "first"}),
            &["172.16.11.1/24"],
            wrong,
            &["172.16.11.1", "no macvlan"],
        ),
        (
            json!({}),
            &["172.16.11.1/32"],
            absent,
            &["no address of 172.16.11.1/32"],
        ),
        (
            json!({"gateway": "last", "range": [1, 2]}),
            &["172.16.11.1/30"],
            absent,
            &["no address of 172.16.11.0/30"],
        ),
    ] {
        refused(pools(wanted, addresses), code, parts);
    }
}

#[test]
fn subnets_of_any_size_are_counted_through() {
    for (address, wanted, gateway) in [
        ("172.16.11.1/31", json!({"gateway": "none"}), Value::Null),
        (
            "0.0.0.9/0",
            json!({"gateway": "last"}),
            json!("255.255.255.254"),
        ),
        (
            "fd00::7/0",
            json!({"family": "ipv6", "gateway": "last"}),
            json!("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ),
        ("fd00::7/127", json!({"family": "ipv6"}), Value::Null),
    ] {
        let pools = pools(wanted, &[address]).unwrap();
        assert_eq!(pools[0]["gateway"], gateway, "{address}");
    }
}

#[test]
fn addresses_are_told_of_parents_that_networks_may_use() {
    let policy = Policy {
        profile: crate::policy::Profile::Shared,
        ..Policy::default()
    };
    let ipam = json!({"type": "pool", "fromMaster": {}});
    let request = request("ADD", json!({"master": ["ens1"], "ipam": ipam}), policy);
    let refusal = resolve(&request, &facts(&["172.16.11.1/24", "10.0.0.7/8"]));
    let error = refusal.err().expect("it is refused");
    assert_eq!(error.code, Code::DENIED);
    assert!(!error.message.contains("172.16"), "{error}");
}

#[test]
fn whose_addresses_are_meant_must_be_known() {
    let ipam = json!({"type": "pool", "fromMaster": {}});
    let of = |verb: &str, keys: Value| {
        let mut keys = keys;
        keys["ipam"] = ipam.clone();
        let request = request(verb, keys, Policy::default());
        let found = resolve(&request, &facts(&["172.16.11.1/24"]))?;
        Ok(found.request.call.configuration.lower["ipam"].clone())
    };
    refused(
        of("ADD", json!({})),
        Code::INVALID_CONFIGURATION,
        &["add \"master\""],
    );
    refused(
        of("ADD", json!({"master": "ens3"})),
        Code::NOT_AVAILABLE,
        &["no interface named \"ens3\"", "did you mean"],
    );
    refused(
        of("ADD", json!({"type": "sriov"})),
        Code::INVALID_CONFIGURATION,
        &["deviceID"],
    );
    for device in ["0000:ff:00.0", "mlx5_core.sf.4"] {
        refused(
            of("ADD", json!({"type": "sriov", "deviceID": device})),
            Code::NOT_AVAILABLE,
            &[device, "no PCI function"],
        );
    }
    refused(
        of("ADD", json!({"type": "sriov", "deviceID": "0000:1a:00.0"})),
        Code::NOT_AVAILABLE,
        &["has no interface"],
    );
    // A device plugin has allotted nothing yet.
    let ipam = of("STATUS", json!({"type": "sriov"})).unwrap();
    assert!(ipam.get("pools").is_none());
}
