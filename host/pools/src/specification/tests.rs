use super::super::inline;
use super::*;
use serde_json::{Value, json};

/// A pool of 172.16.0.0/16, or of the subnet in `fields`, with more fields.
fn parse(fields: Value) -> Result<Pool, String> {
    let mut pool = json!({"subnet": "172.16.0.0/16"});
    for (key, value) in fields.as_object().expect("the test's fields are an object") {
        pool[key] = value.clone();
    }
    match inline(&json!([pool])) {
        Ok(pools) => Ok(pools.into_iter().next().expect("one pool in, one out")),
        Err(error) => Err(error.to_string()),
    }
}

fn text<T: ToString>(values: &[T]) -> String {
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    values.join(",")
}

#[test]
fn a_right_pool_keeps_what_was_written() {
    let pool = parse(json!({
        "ipversion": 4,
        "ips": ["172.16.0.100-172.16.0.120", "172.16.0.99", " 172.16.1.0/30 "],
        "excludeips": ["172.16.0.110", "172.16.0.105"],
        "gateway": "172.16.0.1",
        "routes": [{"dst": "10.0.0.0/8", "gw": "172.16.0.2"}],
        "default": true,
        "disable": true,
        "namespacename": ["training", "inference"],
        "nodename": ["gpu-1"],
    }))
    .expect("a right pool");
    assert_eq!(pool.family, Family::Ipv4);
    assert_eq!(pool.subnet.to_string(), "172.16.0.0/16");
    assert_eq!(
        text(&pool.ranges),
        "172.16.0.99-172.16.0.120,172.16.1.0-172.16.1.3"
    );
    assert_eq!(text(&pool.excluded), "172.16.0.105,172.16.0.110");
    assert_eq!(pool.gateway, Some("172.16.0.1".parse().unwrap()));
    let [route] = pool.routes[..] else {
        panic!("one route: {:?}", pool.routes);
    };
    assert_eq!(route.destination.to_string(), "10.0.0.0/8");
    assert_eq!(route.gateway.to_string(), "172.16.0.2");
    assert!(pool.is_default && pool.disabled);
    assert_eq!(pool.namespaces, ["training", "inference"]);
    assert_eq!(pool.nodes, ["gpu-1"]);
}

#[test]
fn a_subnet_alone_is_a_pool() {
    let pool = parse(json!({"subnet": "fd00::/64", "gateway": null})).expect("a right pool");
    assert_eq!(pool.family, Family::Ipv6);
    assert_eq!(text(&pool.ranges), "fd00::-fd00::ffff:ffff:ffff:ffff");
    assert!(pool.excluded.is_empty() && pool.routes.is_empty() && pool.networks.is_empty());
    assert!(pool.namespaces.is_empty() && pool.nodes.is_empty());
    assert_eq!(pool.gateway, None);
    assert!(!pool.is_default && !pool.disabled);
}

#[test]
fn usable_addresses_are_those_a_pod_may_get() {
    let check = |fields: Value, expected: &str| {
        let pool = parse(fields.clone()).expect("a right pool");
        assert_eq!(text(&pool.usable()), expected, "{fields}");
    };
    check(json!({}), "172.16.0.1-172.16.255.254");
    check(
        json!({"ips": ["172.16.0.0/30"], "gateway": "172.16.0.2"}),
        "172.16.0.1,172.16.0.3",
    );
    check(
        json!({"ips": ["172.16.0.5"], "excludeips": ["172.16.0.5"]}),
        "",
    );
    check(json!({"subnet": "10.0.0.0/31"}), "10.0.0.0-10.0.0.1");
    check(json!({"subnet": "10.0.0.0/30"}), "10.0.0.1-10.0.0.2");
    check(json!({"subnet": "fd00::/126"}), "fd00::1-fd00::3");
    check(json!({"subnet": "fd00::/127"}), "fd00::-fd00::1");
    check(
        json!({"subnet": "10.0.0.0/8", "excludeips": ["10.0.0.0/9"]}),
        "10.128.0.0-10.255.255.254",
    );
}

#[test]
fn wrong_values_are_refused_with_field_value_and_remedy() {
    let check = |fields: Value, expected: &[&str]| {
        let message = parse(fields.clone()).expect_err(&format!("accepted: {fields}"));
        for part in expected.iter().chain(&["ipam.pools[0] \"pool-1\": `"]) {
            assert!(message.contains(part), "{fields}: {message}: no {part:?}");
        }
    };
    check(
        json!({"subnet": null}),
        &["`subnet`: missing", "172.16.0.0/16"],
    );
    check(
        json!({"subnet": "172.16.11.0/16"}),
        &[
            "`subnet`: 172.16.11.0/16 has host bits set; did you mean 172.16.0.0/16 or 172.16.11.0/24?",
        ],
    );
    check(
        json!({"subnet": 5}),
        &["`subnet`: is 5", "a text in quotes"],
    );
    check(
        json!({"ips": ["172.16.0.1", "172.17.0.1"]}),
        &[
            "`ips[1]`",
            "\"172.17.0.1\"",
            "outside the subnet 172.16.0.0/16",
            "-172.16.255.255",
        ],
    );
    check(
        json!({"ips": ["172.16.255.0-172.17.0.5"]}),
        &["`ips[0]`", "outside the subnet"],
    );
    check(json!({"ips": ["172.0.0.0/8"]}), &["outside the subnet"]);
    check(
        json!({"ips": ["fd00::1"]}),
        &["`ips[0]`", "\"fd00::1\" is not IPv4"],
    );
    check(
        json!({"ips": ["172.16.0.9-172.16.0.1"]}),
        &["did you mean 172.16.0.1-172.16.0.9?"],
    );
    check(
        json!({"ips": ["172.16.0.1-5"]}),
        &["write it like 172.16.0.10-172.16.0.20"],
    );
    check(
        json!({"ips": "172.16.0.1"}),
        &["`ips`: is \"172.16.0.1\"", "a list of ranges"],
    );
    check(
        json!({"excludeips": ["172.17.0.1"]}),
        &["`excludeIPs[0]`", "outside"],
    );
    check(
        json!({"gateway": "172.17.0.1"}),
        &["`gateway`", "outside the subnet"],
    );
    check(json!({"gateway": "fd00::1"}), &["`gateway`", "is not IPv4"]);
    check(
        json!({"gateway": "rail0"}),
        &["\"rail0\" is not an IP address"],
    );
    check(
        json!({"gateway": "172.16.0.1/16"}),
        &["is not an IP address"],
    );
    check(
        json!({"ipversion": 6}),
        &["`ipVersion`: is 6, but 172.16.0.0/16 is IPv4"],
    );
    check(json!({"ipversion": 5}), &["is 5, expected 4 or 6"]);
    check(json!({"ipversion": "4"}), &["is \"4\", expected 4 or 6"]);
    check(
        json!({"default": "yes"}),
        &["`default`: is \"yes\", expected true or false"],
    );
    check(
        json!({"disable": 1}),
        &["`disable`: is 1, expected true or false"],
    );
    check(
        json!({"namespacename": "training"}),
        &["`namespaceName`", "a list of names"],
    );
    check(json!({"nodename": [""]}), &["`nodeName[0]`"]);
    check(json!({"nodename": [7]}), &["`nodeName[0]`: is 7"]);
}

#[test]
fn a_pool_names_its_networks_with_or_without_a_namespace() {
    let pool = parse(json!({"multusname": ["kube-system/rail0", "rail1"]})).expect("a right pool");
    assert_eq!(text(&pool.networks), "kube-system/rail0,rail1");
    assert_eq!(pool.networks[0].namespace.as_deref(), Some("kube-system"));
    assert_eq!(pool.networks[1].namespace, None);
    for wrong in ["", "/", "a/", "/a", "a/b/c"] {
        let message = parse(json!({"multusname": [wrong]})).expect_err(wrong);
        assert!(message.contains("`multusName[0]`"), "{message}");
    }
}

#[test]
fn wrong_routes_are_refused() {
    let check = |routes: Value, expected: &str| {
        let message = parse(json!({"routes": routes})).expect_err(&format!("accepted: {routes}"));
        assert!(message.contains(expected), "{routes}: {message}");
    };
    let route = |dst: &str, gw: &str| json!({"dst": dst, "gw": gw});
    check(
        json!([route("0.0.0.0/0", "172.16.0.1")]),
        "use `gateway` for it",
    );
    check(
        json!([route("fd00::/64", "172.16.0.1")]),
        "`routes[0].dst`: \"fd00::/64\" is not IPv4",
    );
    check(
        json!([route("10.0.0.0/8", "fd00::1")]),
        "`routes[0].gw`: \"fd00::1\" is not IPv4",
    );
    check(
        json!([route("10.0.0.0/8", "10.0.0.1")]),
        "`routes[0].gw`: \"10.0.0.1\" is outside",
    );
    check(
        json!([route("10.0.0.1/8", "172.16.0.1")]),
        "did you mean 10.0.0.0/8?",
    );
    check(
        json!([
            route("10.0.0.0/8", "172.16.0.1"),
            route("10.0.0.0/8", "172.16.0.2")
        ]),
        "`routes[1].dst`: 10.0.0.0/8 has a route already",
    );
    check(json!([{"dst": "10.0.0.0/8"}]), "`routes[0].gw`: missing");
    check(json!([{"gw": "172.16.0.1"}]), "`routes[0].dst`: missing");
    check(
        json!([{"dst": "10.0.0.0/8", "gw": "172.16.0.1", "via": "x"}]),
        "`routes[0].via`: unknown field; known are dst, gw",
    );
    check(json!(["10.0.0.0/8"]), "`routes[0]`: is \"10.0.0.0/8\"");
    check(json!({}), "a list of routes");
}

#[test]
fn what_needs_the_api_server_is_refused_unless_empty() {
    let check = |fields: Value, expected: Option<&str>| match (parse(fields.clone()), expected) {
        (Ok(_), None) => {}
        (Err(message), Some(part)) => assert!(message.contains(part), "{fields}: {message}"),
        (other, _) => panic!("{fields}: {other:?}"),
    };
    let selector = || json!({"matchlabels": {"app": "training"}});
    check(
        json!({"podaffinity": selector()}),
        Some("limit the pool with `namespaceName`"),
    );
    check(
        json!({"namespaceaffinity": selector()}),
        Some("in `namespaceName`"),
    );
    check(json!({"nodeaffinity": selector()}), Some("in `nodeName`"));
    for empty in [
        json!(null),
        json!({}),
        json!([]),
        json!({"matchlabels": {}}),
    ] {
        check(
            json!({"podaffinity": empty, "nodeaffinity": empty, "namespaceaffinity": empty}),
            None,
        );
    }
    check(json!({"vlan": 0, "multusname": []}), None);
    check(json!({"vlan": 100}), Some("`vlan`: is 100, expected 0"));
}
