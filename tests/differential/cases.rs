//! Configurations that both plugins accept.

use cni_harness::node::SCRATCH;
use plumb_tests::configuration::with;
use serde_json::{Value, json};

/// A configuration, and where it is used.
#[derive(Clone)]
pub struct Case {
    /// What is special about it.
    pub name: &'static str,
    /// Without `cniVersion`, unless that is what the case is about.
    pub configuration: Value,
    /// `CNI_ARGS`
    pub arguments: &'static str,
    /// Commands of ip(8) that prepare the node.
    pub node: &'static str,
    /// Commands of ip(8) that prepare each pod.
    pub pod: &'static str,
    /// Whether one of the two refuses it.
    pub is_refused: bool,
}

impl Case {
    /// A macvlan on `nic0`, with these changes.
    pub fn new(name: &'static str, changes: Value) -> Self {
        let base = json!({"name": "rail0", "type": "macvlan", "master": "nic0"});
        Self {
            name,
            configuration: with(base, changes),
            arguments: "",
            node: "",
            pod: "",
            is_refused: false,
        }
    }

    /// A configuration that at least one of the two refuses.
    pub fn refused(name: &'static str, changes: Value) -> Self {
        Self {
            is_refused: true,
            ..Self::new(name, changes)
        }
    }

    /// With `CNI_ARGS`.
    pub fn arguments(mut self, arguments: &'static str) -> Self {
        self.arguments = arguments;
        self
    }

    /// On a node that is prepared by commands of ip(8).
    pub fn node(mut self, commands: &'static str) -> Self {
        self.node = commands;
        self
    }

    /// In pods that are prepared by commands of ip(8).
    pub fn pod(mut self, commands: &'static str) -> Self {
        self.pod = commands;
        self
    }

    /// Without a key.
    pub fn without(mut self, key: &str) -> Self {
        if let Some(keys) = self.configuration.as_object_mut() {
            keys.remove(key);
        }
        self
    }

    /// Whether an IPAM plugin gives addresses.
    pub fn has_ipam(&self) -> bool {
        self.configuration["ipam"]["type"].is_string()
    }
}

/// The link: mode, MTU, hardware address, parent.
pub fn links() -> Vec<Case> {
    const ROUTE: &str = "address add 192.168.7.2/24 dev nic1\nroute add default via 192.168.7.1\n";
    const ROUTE6: &str =
        "address add fd00:7::2/64 dev nic1 nodad\nroute add default via fd00:7::1\n";
    let mac = |number: u8| format!("02:00:00:00:00:{number:02x}");
    vec![
        Case::new("no mode", json!({})),
        Case::new("mode empty", json!({"mode": ""})),
        Case::new("mode bridge", json!({"mode": "bridge"})),
        Case::new("mode private", json!({"mode": "private"})),
        Case::new("mode vepa", json!({"mode": "vepa"})),
        Case::new("mode passthru", json!({"mode": "passthru"})),
        Case::new(
            "mode passthru with a mac",
            json!({"mode": "passthru", "mac": mac(1)}),
        ),
        Case::new("mtu 0", json!({"mtu": 0})),
        Case::new("mtu smaller than the parent's", json!({"mtu": 1400})),
        Case::new("mtu of the parent", json!({"mtu": 1500})),
        Case::new("jumbo frames by the parent", json!({})).node("link set nic0 mtu 9000\n"),
        Case::new("key mac", json!({"mac": mac(1)})),
        Case::new("key mac with hyphens", json!({"mac": "02-00-00-00-00-01"})),
        Case::new("key mac with dots", json!({"mac": "0200.0000.0001"})),
        Case::new("key mac in capitals", json!({"mac": "02:00:00:00:00:AB"})),
        Case::new(
            "mac by runtimeConfig",
            json!({"capabilities": {"mac": true}, "runtimeConfig": {"mac": mac(4)}}),
        ),
        Case::new("mac by CNI_ARGS", json!({})).arguments("IgnoreUnknown=1;MAC=02:00:00:00:00:02"),
        Case::new("mac by args.cni", json!({"args": {"cni": {"mac": mac(3)}}})),
        Case::new(
            "mac by runtimeConfig, CNI_ARGS and key",
            json!({"mac": mac(1), "runtimeConfig": {"mac": mac(4)}}),
        )
        .arguments("IgnoreUnknown=1;MAC=02:00:00:00:00:02"),
        Case::new("mac by CNI_ARGS and key", json!({"mac": mac(1)}))
            .arguments("IgnoreUnknown=1;MAC=02:00:00:00:00:02"),
        Case::new("no master", json!({}))
            .without("master")
            .node(ROUTE),
        Case::new("no master, IPv6 only", json!({}))
            .without("master")
            .node(ROUTE6),
        Case::new(
            "keys in other letter case",
            json!({"MTU": 1400, "Mode": "vepa"}),
        ),
        Case::new(
            "unknown keys",
            json!({"acme": {"x": [1]}, "cni.dev/x": true, "args": {"labels": [1]}}),
        ),
        Case::new("arguments of Kubernetes", json!({})).arguments(
            "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=a;K8S_POD_INFRA_CONTAINER_ID=b",
        ),
        Case::new("dns without addresses", json!({"dns": dns()})),
        Case::new("ipam empty", json!({"ipam": {}})),
        Case::new("after another plugin", json!({"prevResult": previous()})).pod(PREVIOUS),
    ]
}

/// host-local, which keeps what it gave in files of its own.
pub fn host_local() -> Vec<Case> {
    let ranges = |ranges: Value| json!({"type": "host-local", "ranges": ranges});
    let subnet =
        |routes: Value| json!({"type": "host-local", "subnet": "10.2.0.0/24", "routes": routes});
    let v4 = json!([{"subnet": "10.2.0.0/24"}]);
    let v6 = json!([{"subnet": "fd00:2::/64"}]);
    vec![
        Case::new("host-local", json!({"ipam": subnet(json!([]))})),
        Case::new(
            "host-local, route without gw",
            json!({"ipam": subnet(json!([{"dst": "0.0.0.0/0"}]))}),
        ),
        Case::new(
            "host-local, routes with gw",
            json!({"ipam": subnet(json!([
                {"dst": "10.50.0.0/16", "gw": "10.2.0.7"},
                {"dst": "10.51.0.0/16", "gw": "10.2.0.8"},
            ]))}),
        ),
        Case::new(
            "host-local, gateway and part of the subnet",
            json!({"ipam": {
                "type": "host-local", "subnet": "10.2.0.0/24", "gateway": "10.2.0.254",
                "rangeStart": "10.2.0.100", "rangeEnd": "10.2.0.110", "routes": [{"dst": "0.0.0.0/0"}],
            }}),
        ),
        Case::new("host-local, IPv6", json!({"ipam": ranges(json!([v6]))})),
        Case::new(
            "host-local, dual stack with routes",
            json!({"ipam": with(ranges(json!([v4, v6])), json!({"routes": [
                {"dst": "0.0.0.0/0"}, {"dst": "::/0"}, {"dst": "fd00:50::/48", "gw": "fd00:2::7"},
            ]}))}),
        ),
        Case::new(
            "host-local, IPv6 before IPv4",
            json!({"ipam": ranges(json!([v6, v4]))}),
        ),
        Case::new(
            "host-local, a set of several ranges",
            json!({"ipam": ranges(json!([[
                {"subnet": "10.2.0.0/24", "rangeStart": "10.2.0.9", "rangeEnd": "10.2.0.9"},
                {"subnet": "10.3.0.0/24", "rangeStart": "10.3.0.9", "rangeEnd": "10.3.0.9"},
            ]]))}),
        ),
        Case::new(
            "host-local, two IPv4 addresses",
            json!({"ipam": ranges(json!([v4, [{"subnet": "10.3.0.0/24"}]]))}),
        ),
        Case::new(
            "host-local, ips by runtimeConfig",
            json!({
                "capabilities": {"ips": true}, "runtimeConfig": {"ips": ["10.2.0.77/24"]},
                "ipam": ranges(json!([v4])),
            }),
        ),
        Case::new(
            "host-local, ips by args.cni",
            json!({"args": {"cni": {"ips": ["10.2.0.78"]}}, "ipam": ranges(json!([v4]))}),
        ),
        Case::new(
            "host-local, IP by CNI_ARGS",
            json!({"ipam": ranges(json!([v4]))}),
        )
        .arguments("IgnoreUnknown=1;IP=10.2.0.79"),
        Case::new(
            "host-local, dns of the network",
            json!({"dns": dns(), "ipam": subnet(json!([]))}),
        ),
        Case::new(
            "host-local, dns by resolvConf",
            json!({"ipam": with(subnet(json!([])), json!({"resolvConf": format!("{SCRATCH}/resolv.conf")}))}),
        ),
        Case::new(
            "host-local after another plugin",
            json!({"prevResult": previous(), "ipam": subnet(json!([{"dst": "10.50.0.0/16"}]))}),
        )
        .pod(PREVIOUS),
        Case::new(
            "host-local, passthru, mtu and mac",
            json!({"mode": "private", "mtu": 1300, "mac": "02:00:00:00:00:01", "ipam": subnet(json!([]))}),
        ),
    ]
}

/// Configurations of the time before 0.3.0, whose results have one address of each family.
pub fn oldest() -> Vec<Case> {
    let of = |name, version: Value| {
        let routes = json!([{"dst": "10.50.0.0/16", "gw": "10.2.0.7"}]);
        let ipam = json!({"type": "host-local", "subnet": "10.2.0.0/24", "routes": routes});
        Case::new(name, json!({"cniVersion": version, "ipam": ipam}))
    };
    vec![
        of("no cniVersion", Value::Null),
        of("an empty cniVersion", json!("")),
        of("version 0.1.0", json!("0.1.0")),
        of("version 0.2.0", json!("0.2.0")),
    ]
}

/// static, which keeps nothing.
pub fn fixed() -> Vec<Case> {
    let addresses = |addresses: Value| json!({"type": "static", "addresses": addresses});
    let v4 = json!({"address": "10.4.0.5/24", "gateway": "10.4.0.1"});
    let v6 = json!({"address": "fd00:4::5/64", "gateway": "fd00:4::1"});
    vec![
        Case::new(
            "static",
            json!({"ipam": addresses(json!([{"address": "10.4.0.5/24"}]))}),
        ),
        Case::new(
            "static, gateway and routes",
            json!({"ipam": with(addresses(json!([v4])), json!({"routes": [
                {"dst": "0.0.0.0/0"}, {"dst": "10.50.0.0/16", "gw": "10.4.0.9"},
            ]}))}),
        ),
        Case::new(
            "static, route without any gateway",
            json!({"ipam": with(
                addresses(json!([{"address": "10.4.0.5/24"}])),
                json!({"routes": [{"dst": "10.50.0.0/16"}]}),
            )}),
        ),
        Case::new(
            "static, route to one host",
            json!({"ipam": with(
                addresses(json!([{"address": "10.4.0.5/32"}])),
                json!({"routes": [{"dst": "10.4.0.1/32"}]}),
            )}),
        ),
        Case::new(
            "static, dual stack with routes",
            json!({"ipam": with(
                addresses(json!([v4, v6])),
                json!({"routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]}),
            )}),
        ),
        Case::new(
            "static, several addresses of one subnet",
            json!({"ipam": addresses(json!([v4, {"address": "10.4.0.6/24"}, {"address": "10.4.0.7/24"}]))}),
        ),
        Case::new(
            "static, dns",
            json!({"ipam": with(addresses(json!([v4])), json!({"dns": dns()}))}),
        ),
        Case::new(
            "static, dns of the network and its own",
            json!({
                "dns": {"nameservers": ["10.0.0.9"]},
                "ipam": with(addresses(json!([v4])), json!({"dns": dns()})),
            }),
        ),
        Case::new(
            "static, ips by runtimeConfig",
            json!({
                "capabilities": {"ips": true}, "runtimeConfig": {"ips": ["10.4.0.77/24"]},
                "ipam": {"type": "static"},
            }),
        ),
        Case::new(
            "static, IP by CNI_ARGS",
            json!({"ipam": {"type": "static"}}),
        )
        .arguments("IgnoreUnknown=1;IP=10.4.0.79/24;GATEWAY=10.4.0.1"),
    ]
}

/// What the current release has, and Debian's has not.
pub fn since_packaged() -> Vec<Case> {
    vec![
        Case::new(
            "linkInContainer",
            json!({"linkInContainer": true, "master": "lower"}),
        )
        .pod("link add lower type veth peer name lowerp\nlink set lower up\n"),
        Case::new("bcqueuelen", json!({"bcqueuelen": 777})),
        Case::new(
            "static, routes with metric, table and scope",
            json!({"ipam": {
                "type": "static",
                "addresses": [
                    {"address": "10.4.0.5/24"},
                    {"address": "fd00:4::5/64", "gateway": "fd00:4::1"},
                ],
                "routes": [
                    {"dst": "10.50.0.0/16", "gw": "10.4.0.9", "priority": 50},
                    {"dst": "10.50.0.0/16", "gw": "10.4.0.9", "table": 50},
                    {"dst": "10.51.0.0/16", "scope": 253},
                    {"dst": "10.52.0.0/16", "gw": "10.4.0.9", "mtu": 1400, "advmss": 1360},
                    {"dst": "fd00:50::/48", "gw": "fd00:4::9", "priority": 50},
                ],
            }}),
        ),
    ]
}

/// In pods that have an interface and routes already.
pub fn after_others() -> Vec<Case> {
    let fixed = |addresses: Value, routes: Value| json!({"ipam": {"type": "static", "addresses": addresses, "routes": routes}});
    let v4 = json!({"address": "10.4.0.5/24", "gateway": "10.4.0.1"});
    let v6 = json!({"address": "fd00:4::5/64", "gateway": "fd00:4::1"});
    let cases = vec![
        Case::new(
            "a second default route",
            json!({"ipam": {
                "type": "host-local", "subnet": "192.168.8.0/22", "gateway": "192.168.8.1",
                "rangeStart": "192.168.8.248", "rangeEnd": "192.168.8.254",
                "routes": [{"dst": "0.0.0.0/0"}, {"dst": "172.20.0.0/16"}],
            }}),
        ),
        Case::new(
            "a second default route, IPv6",
            json!({"ipam": {
                "type": "host-local", "ranges": [[{"subnet": "fd00:2::/64"}]],
                "routes": [{"dst": "::/0"}],
            }}),
        ),
        Case::new(
            "routes that lead where others do",
            fixed(
                json!([v4, v6]),
                json!([
                    {"dst": "10.60.0.0/16", "gw": "10.4.0.9"},
                    {"dst": "10.61.0.0/16", "gw": "10.4.0.9", "priority": 77},
                    {"dst": "fd00:60::/48", "gw": "fd00:4::9"},
                    {"dst": "fd00:61::/48", "gw": "fd00:4::9"},
                ]),
            ),
        ),
        Case::new(
            "two routes that lead to one network",
            fixed(
                json!([v4]),
                json!([
                    {"dst": "10.60.0.0/16", "gw": "10.4.0.7"},
                    {"dst": "10.60.0.0/16", "gw": "10.4.0.8"},
                ]),
            ),
        ),
        Case::new(
            "an address of a subnet that another has",
            fixed(
                json!([
                    {"address": "10.7.0.6/24"},
                    {"address": "fd00:7::6/64", "gateway": "fd00:7::1"},
                ]),
                json!([{"dst": "10.60.0.0/16", "gw": "10.7.0.9"}]),
            ),
        ),
    ];
    cases.into_iter().map(|case| case.pod(OTHERS)).collect()
}

/// The resolver's configuration where a case refers to it.
pub const RESOLV_CONF: &str = "nameserver 10.0.0.60\nsearch b.acme.test\n";

/// An interface with routes of both families, with next hops and without.
const OTHERS: &str = "link add net0 address 02:00:00:00:00:70 type veth peer name peer0\n\
                      link set net0 up\n\
                      link set peer0 up\n\
                      address add 10.7.0.5/24 dev net0\n\
                      address add fd00:7::5/64 dev net0 nodad\n\
                      route add default via 10.7.0.1\n\
                      route add default via fd00:7::1\n\
                      route add 10.60.0.0/16 via 10.7.0.9\n\
                      route add 10.61.0.0/16 via 10.7.0.9 metric 77\n\
                      route add fd00:60::/48 via fd00:7::9\n\
                      route add fd00:61::/48 dev net0\n";

/// What the plugin before gave to the pod.
const PREVIOUS: &str = "link add net0 address 02:00:00:00:00:70 type veth peer name peer0\n\
                        link set net0 up\n\
                        link set peer0 up\n\
                        address add 10.7.0.5/24 dev net0\n";

/// Its result; `{pod}` and `{version}` are filled in, and `version` goes from 1.0.0 on.
fn previous() -> Value {
    json!({
        "cniVersion": "{version}",
        "interfaces": [{"name": "net0", "mac": "02:00:00:00:00:70", "sandbox": "{pod}"}],
        "ips": [{"version": "4", "address": "10.7.0.5/24", "interface": 0}],
        "routes": [{"dst": "10.70.0.0/16", "gw": "10.7.0.1"}],
        "dns": {"nameservers": ["10.7.0.53"]},
    })
}

fn dns() -> Value {
    json!({
        "nameservers": ["10.0.0.53", "10.0.0.54"],
        "domain": "acme.test",
        "search": ["a.acme.test"],
        "options": ["ndots:2"],
    })
}
