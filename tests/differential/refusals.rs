//! Configurations that at least one of the two refuses: who does, with which code, and what
//! is left of it.

use plumb_tests::configuration::with;
use serde_json::{Value, json};

use super::attachment::Plugin::Plumb;
use super::attachment::Release;
use super::cases::{self, Case};
use super::comparison::compare;
use super::course::{Course, End};

#[test]
fn what_one_refuses_the_other_refuses() {
    let course = Course {
        attached_by: Plumb,
        detached_by: Plumb,
        end: End::Deleted,
        repeats: false,
    };
    compare(&refused(), &[course], Release::Current, &["1.0.0"]);
    let packaged = [refused(), refused_by_packaged()].concat();
    compare(&packaged, &[course], Release::Packaged, &["1.0.0"]);
}

fn refused() -> Vec<Case> {
    [links(), environment(), versions(), addresses()]
        .into_iter()
        .flatten()
        .collect()
}

fn links() -> Vec<Case> {
    vec![
        Case::refused("unknown mode", json!({"mode": "router"})),
        Case::refused("mtu above the parent's", json!({"mtu": 9000})),
        Case::refused("mtu below zero", json!({"mtu": -1})),
        Case::refused("mtu too small", json!({"mtu": 40})),
        Case::refused("mtu as text", json!({"mtu": "1400"})),
        Case::refused("no such master", json!({"master": "nope"})),
        Case::refused("master is the loopback link", json!({"master": "lo"})),
        Case::refused("master as a number", json!({"master": 7})),
        Case::refused("no master and no default route", json!({})).without("master"),
        Case::refused("mac too short", json!({"mac": "02:00"})),
        Case::refused("mac too long", json!({"mac": "02:00:00:00:00:00:00:01"})),
        Case::refused("mac of a group", json!({"mac": "01:00:5e:00:00:01"})),
        Case::refused("mac all zero", json!({"mac": "00:00:00:00:00:00"})),
        Case::refused(
            "mac of runtimeConfig is none",
            json!({"runtimeConfig": {"mac": "zz"}}),
        ),
        Case::refused("the interface exists", json!({}))
            .pod("link add eth0 type veth peer name other\n"),
        Case::refused("beside passthru", json!({}))
            .node("link add holder link nic0 type macvlan mode passthru\n"),
    ]
}

fn environment() -> Vec<Case> {
    vec![
        Case::refused("MAC of CNI_ARGS is none", json!({})).arguments("IgnoreUnknown=1;MAC=zz"),
        Case::refused("CNI_ARGS with a key alone", json!({})).arguments("IgnoreUnknown=1;MAC"),
        Case::refused("CNI_ARGS with an unknown key", json!({})).arguments("ACME=1"),
        Case::refused("no name", json!({})).without("name"),
        Case::refused("name with a slash", json!({"name": "a/b"})),
        Case::refused("dns as text", json!({"dns": "10.0.0.1"})),
        Case::refused(
            "nameservers as text",
            json!({"dns": {"nameservers": "10.0.0.1"}}),
        ),
        Case::refused("ipam as text", json!({"ipam": "host-local"})),
        Case::refused("prevResult as text", json!({"prevResult": "x"})),
        Case::refused(
            "ips of prevResult as text",
            json!({"prevResult": {"cniVersion": "1.0.0", "ips": "x"}}),
        ),
    ]
}

fn versions() -> Vec<Case> {
    let of = |name, version: Value| {
        Case::refused(
            name,
            json!({"cniVersion": version, "ipam": fixed(json!([{"address": "10.4.0.5/24"}]))}),
        )
    };
    vec![
        Case::refused(
            "no addresses in the oldest layout",
            json!({"cniVersion": "0.2.0"}),
        ),
        of("version 2.0.0", json!("2.0.0")),
    ]
}

/// What Debian's release does not have yet.
fn refused_by_packaged() -> Vec<Case> {
    let since = cases::since_packaged().into_iter();
    let is_refused = |case: &Case| case.name == "linkInContainer";
    let mut cases: Vec<Case> = since.filter(is_refused).collect();
    cases.push(Case::new("version 1.1.0", json!({"cniVersion": "1.1.0"})));
    for case in &mut cases {
        case.is_refused = true;
    }
    cases
}

fn addresses() -> Vec<Case> {
    let one = || fixed(json!([{"address": "10.4.0.5/24"}]));
    let routed = |routes: Value| with(one(), json!({"routes": routes}));
    vec![
        Case::refused("no such IPAM plugin", json!({"ipam": {"type": "nope"}})),
        Case::refused(
            "IPAM plugin by a path",
            json!({"ipam": {"type": "../static"}}),
        ),
        Case::refused(
            "host-local, no subnet",
            json!({"ipam": {"type": "host-local"}}),
        ),
        Case::refused(
            "host-local, prefix too long",
            json!({"ipam": {"type": "host-local", "subnet": "10.2.0.0/33"}}),
        ),
        Case::refused(
            "host-local, address outside of the subnet",
            json!({
                "runtimeConfig": {"ips": ["10.9.0.1/24"]},
                "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.2.0.0/24"}]]},
            }),
        ),
        Case::refused(
            "host-local, no address free",
            json!({"ipam": {
                "type": "host-local", "subnet": "10.2.0.0/24",
                "rangeStart": "10.2.0.1", "rangeEnd": "10.2.0.1", "gateway": "10.2.0.1",
            }}),
        ),
        Case::refused(
            "host-local, next hop out of reach",
            json!({"ipam": {
                "type": "host-local", "subnet": "10.2.0.0/24",
                "routes": [{"dst": "10.9.0.0/16", "gw": "10.5.0.1"}],
            }}),
        ),
        Case::refused("static, no address", json!({"ipam": fixed(json!([]))})),
        Case::refused(
            "static, address without a prefix",
            json!({"ipam": fixed(json!([{"address": "10.4.0.5"}]))}),
        ),
        Case::refused(
            "static, the same address twice",
            json!({"ipam": fixed(json!([{"address": "10.4.0.5/24"}, {"address": "10.4.0.5/24"}]))}),
        ),
        Case::refused(
            "static, next hop out of reach",
            json!({"ipam": routed(json!([{"dst": "10.9.0.0/16", "gw": "10.5.0.1"}]))}),
        ),
        Case::refused(
            "static, the same route twice",
            json!({"ipam": routed(json!([
                {"dst": "10.9.0.0/16", "gw": "10.4.0.1"}, {"dst": "10.9.0.0/16", "gw": "10.4.0.1"},
            ]))}),
        ),
        Case::refused(
            "static, default route by a route to one host",
            json!({"ipam": with(
                fixed(json!([{"address": "10.4.0.5/32"}])),
                json!({"routes": [{"dst": "10.4.0.1/32"}, {"dst": "0.0.0.0/0", "gw": "10.4.0.1"}]}),
            )}),
        ),
    ]
}

fn fixed(addresses: Value) -> Value {
    json!({"type": "static", "addresses": addresses})
}
