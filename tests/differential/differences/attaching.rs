//! ADD, where both accept.

use super::{Difference, Effect, Situation};

pub const LIST: &[Difference] = &[
    Difference {
        what: "Length of the transmit queue",
        reference: "as plumb",
        packaged: "0",
        plumb: "the kernel's default, 1000",
        reason: "a queueing discipline that is added later takes its limit from it, and with 0 it drops nearly all",
        effects: |situation| {
            if !situation.is_beside_packaged() {
                return Vec::new();
            }
            made(situation, || {
                Effect::new("attached: pod: link eth0 txqlen", None, "1000")
            })
        },
    },
    Difference {
        what: "Announcement of an interface without `ipam`",
        reference: "none",
        packaged: "the same",
        plumb: "sets `arp_notify` and `ndisc_notify`",
        reason: "addresses that something else adds are announced as well when the interface comes up",
        effects: |situation| {
            if situation.case.has_ipam() {
                return Vec::new();
            }
            let sysctls = [
                "net/ipv4/conf/eth0/arp_notify",
                "net/ipv6/conf/eth0/ndisc_notify",
            ];
            let effect = |sysctl| {
                made(situation, || {
                    Effect::new(format!("attached: pod: sysctl {sysctl}"), "0", "1")
                })
            };
            sysctls.into_iter().flat_map(effect).collect()
        },
    },
    Difference {
        what: "Announcement of IPv6 addresses",
        reference: "as plumb",
        packaged: "none",
        plumb: "sets `ndisc_notify`",
        reason: "neighbours that still know the address of a pod before learn the new hardware address at once",
        effects: |situation| {
            if !situation.case.has_ipam() || !situation.is_beside_packaged() {
                return Vec::new();
            }
            made(situation, || {
                Effect::new(
                    "attached: pod: sysctl net/ipv6/conf/eth0/ndisc_notify",
                    "0",
                    "1",
                )
            })
        },
    },
    Difference {
        what: "Record of the attachment",
        reference: "none",
        packaged: "the same",
        plumb: "a file below the state folder until DEL",
        reason: "what was done can be undone without the configuration, the namespace's path or the runtime's memory",
        effects: |situation| {
            made(situation, || {
                Effect::new("attached: record of plumb", None, "there")
            })
        },
    },
    Difference {
        what: "Duplicate address detection for IPv6",
        reference: "waits for it, 1 to 2 s",
        packaged: "the same",
        plumb: "adds addresses without it",
        reason: "the IPAM plugin says that an address is unique, and a pod that starts need not wait for it",
        effects: |situation| {
            let Some(address) = ipv6_address(situation) else {
                return Vec::new();
            };
            made(situation, || {
                Effect::new(
                    format!("attached: pod: address eth0 {address} nodad"),
                    None,
                    "true",
                )
            })
        },
    },
    Difference {
        what: "IPv6 addresses of an interface that goes down",
        reference: "as plumb",
        packaged: "the kernel removes them",
        plumb: "sets `keep_addr_on_down`",
        reason: "an interface that a program in the pod sets down and up again keeps its IPv6 addresses as it keeps its IPv4 ones",
        effects: |situation| {
            if ipv6_address(situation).is_none() || !situation.is_beside_packaged() {
                return Vec::new();
            }
            made(situation, || {
                Effect::new(
                    "attached: pod: sysctl net/ipv6/conf/eth0/keep_addr_on_down",
                    "0",
                    "1",
                )
            })
        },
    },
    Difference {
        what: "Routes without a next hop",
        reference: "scope `global`",
        packaged: "the same",
        plumb: "scope `link`, as ip(8) does",
        reason: "only then may the next hop of a later route lie behind it, as with an address of prefix 32 and a default route by one host",
        effects: |situation| {
            let destination = match situation.case.name {
                "static, route without any gateway" => "10.50.0.0/16",
                "static, route to one host" => "10.4.0.1",
                "static, default route by a route to one host" => {
                    return vec![Effect::new("ADD", "refused, code 999", "accepted")];
                }
                _ => return Vec::new(),
            };
            let route = |scope: &str| {
                format!(
                    "attached: pod: route {{\"dev\":\"eth0\",\"dst\":\"{destination}\",\"flags\":null,\
                     \"protocol\":\"boot\",\"scope\":\"{scope}\",\"table\":\"main\",\"type\":\"unicast\"}}"
                )
            };
            let mut effects = made(situation, || Effect::new(route("global"), "there", None));
            effects.extend(made(situation, || {
                Effect::new(route("link"), None, "there")
            }));
            effects
        },
    },
    Difference {
        what: "Next hop of a route that names none, in the result",
        reference: "left out",
        packaged: "the same",
        plumb: "the gateway that it has",
        reason: "the kernel has the route by that gateway, and who reads the result need not guess it",
        effects: |situation| {
            let by: &[(&str, &'static str)] = match situation.case.name {
                "host-local, route without gw" => &[("0.0.0.0/0", "gw 10.2.0.1")],
                "host-local, gateway and part of the subnet" => &[("0.0.0.0/0", "gw 10.2.0.254")],
                "host-local, dual stack with routes" => {
                    &[("0.0.0.0/0", "gw 10.2.0.1"), ("::/0", "gw fd00:2::1")]
                }
                "host-local after another plugin" => &[("10.50.0.0/16", "gw 10.2.0.1")],
                "static, gateway and routes" => &[("0.0.0.0/0", "gw 10.4.0.1")],
                "static, dual stack with routes" => {
                    &[("0.0.0.0/0", "gw 10.4.0.1"), ("::/0", "gw fd00:4::1")]
                }
                "a second default route" => &[
                    ("0.0.0.0/0", "gw 192.168.8.1"),
                    ("172.20.0.0/16", "gw 192.168.8.1"),
                ],
                "a second default route, IPv6" => &[("::/0", "gw fd00:2::1")],
                _ => &[],
            };
            by.iter()
                .flat_map(|(destination, gateway)| {
                    made(situation, || {
                        Effect::new(format!("result: route {destination}"), "gw none", *gateway)
                    })
                })
                .collect()
        },
    },
    Difference {
        what: "`dns` of the IPAM plugin",
        reference: "left out of the result",
        packaged: "the same",
        plumb: "in the result, unless the network has its own `dns`",
        reason: "the specification has IPAM plugins give it, and nobody else could pass it on",
        effects: |situation| {
            let dns = match situation.case.name {
                "static, dns" => {
                    r#"{"domain":"acme.test","nameservers":["10.0.0.53","10.0.0.54"],"options":["ndots:2"],"search":["a.acme.test"]}"#
                }
                "host-local, dns by resolvConf" => {
                    r#"{"nameservers":["10.0.0.60"],"search":["b.acme.test"]}"#
                }
                _ => return Vec::new(),
            };
            made(situation, || Effect::new("result: dns", None, dns))
        },
    },
    Difference {
        what: "`mtu` of the interface in the result, from 1.1.0 on",
        reference: "left out",
        packaged: "does not speak 1.1.0",
        plumb: "in the result",
        reason: "that version has it",
        effects: |situation| {
            if situation.version != "1.1.0" {
                return Vec::new();
            }
            let number = match situation.case.name {
                "after another plugin" | "host-local after another plugin" => 1,
                _ => 0,
            };
            let mtu = match situation.case.name {
                "jumbo frames by the parent" => "9000",
                "mtu smaller than the parent's" | "keys in other letter case" => "1400",
                "host-local, passthru, mtu and mac" => "1300",
                _ => "1500",
            };
            made(situation, || {
                Effect::new(format!("result: interface {number} mtu"), None, mtu)
            })
        },
    },
    Difference {
        what: "`mtu` and `advmss` of a route",
        reference: "only in the result",
        packaged: "left out",
        plumb: "the route has them",
        reason: "the specification has them, and who writes them wants them",
        effects: |situation| {
            if !situation.is_one_of(&["static, routes with metric, table and scope"]) {
                return Vec::new();
            }
            let route = |metrics: &str| {
                format!(
                    "attached: pod: route {{\"dev\":\"eth0\",\"dst\":\"10.52.0.0/16\",\"flags\":null,\"gateway\":\"10.4.0.9\",\
                     {metrics}\"protocol\":\"boot\",\"scope\":\"global\",\"table\":\"main\",\"type\":\"unicast\"}}"
                )
            };
            let mut effects = made(situation, || Effect::new(route(""), "there", None));
            effects.extend(made(situation, || {
                let metrics = "\"metrics\":[{\"advmss\":1360,\"mtu\":1400}],";
                Effect::new(route(metrics), None, "there")
            }));
            effects
        },
    },
    Difference {
        what: "`mtu`, `advmss`, `priority`, `table` and `scope` of a route in the result, before 1.1.0",
        reference: "in the result",
        packaged: "left out",
        plumb: "left out",
        reason: "those versions do not have them; the route has them all the same",
        effects: |situation| {
            if situation.version == "1.1.0" {
                return Vec::new();
            }
            let routes: &[(&str, &'static str, &'static str)] = match situation.case.name {
                "static, routes with metric, table and scope" => &[
                    ("10.50.0.0/16", "gw 10.4.0.9, priority 50", "gw 10.4.0.9"),
                    ("10.50.0.0/16 (1)", "gw 10.4.0.9, table 50", "gw 10.4.0.9"),
                    ("10.51.0.0/16", "gw none, scope 253", "gw none"),
                    (
                        "10.52.0.0/16",
                        "gw 10.4.0.9, advmss 1360, mtu 1400",
                        "gw 10.4.0.9",
                    ),
                    ("fd00:50::/48", "gw fd00:4::9, priority 50", "gw fd00:4::9"),
                ],
                "routes that lead where others do" => {
                    &[("10.61.0.0/16", "gw 10.4.0.9, priority 77", "gw 10.4.0.9")]
                }
                _ => &[],
            };
            routes
                .iter()
                .flat_map(|(destination, reference, plumb)| {
                    made(situation, || {
                        Effect::new(format!("result: route {destination}"), *reference, *plumb)
                    })
                })
                .collect()
        },
    },
    Difference {
        what: "`mac` in `args.cni`",
        reference: "ignored",
        packaged: "the same",
        plumb: "the interface gets it",
        reason: "that is where the conventions of CNI have it",
        effects: |situation| {
            if !situation.is_made_by_plumb() || situation.case.name != "mac by args.cni" {
                return Vec::new();
            }
            vec![
                Effect::new(
                    "attached: pod: link eth0 address",
                    "a random one",
                    "02:00:00:00:00:03",
                ),
                Effect::new(
                    "result: interface 0",
                    RANDOM,
                    r#"{"mac":"02:00:00:00:00:03","name":"eth0","sandbox":"that of the pod"}"#,
                ),
            ]
        },
    },
    Difference {
        what: "Result of the plugin before in a chain",
        reference: "dropped",
        packaged: "the same",
        plumb: "passed on and added to",
        reason: "the specification says so: what the plugins before did would be lost to the runtime",
        effects: |situation| {
            if !situation.is_made_by_plumb()
                || !situation
                    .is_one_of(&["after another plugin", "host-local after another plugin"])
            {
                return Vec::new();
            }
            passed_on(situation)
        },
    },
];

const RANDOM: &str = r#"{"mac":"a random one","name":"eth0","sandbox":"that of the pod"}"#;

/// An effect on every attachment that plumb makes.
fn made(situation: &Situation, effect: impl FnOnce() -> Effect) -> Vec<Effect> {
    if situation.is_made_by_plumb() {
        vec![effect()]
    } else {
        Vec::new()
    }
}

/// The IPv6 address of the pod, if it gets one.
fn ipv6_address(situation: &Situation) -> Option<&'static str> {
    match situation.case.name {
        "host-local, IPv6"
        | "host-local, dual stack with routes"
        | "host-local, IPv6 before IPv4"
        | "a second default route, IPv6" => Some("fd00:2::2/64"),
        "static, dual stack with routes"
        | "static, routes with metric, table and scope"
        | "routes that lead where others do" => Some("fd00:4::5/64"),
        "an address of a subnet that another has" => Some("fd00:7::6/64"),
        _ => None,
    }
}

fn passed_on(situation: &Situation) -> Vec<Effect> {
    let mut effects = vec![
        Effect::new(
            "result: interface 0",
            RANDOM,
            r#"{"mac":"02:00:00:00:00:70","name":"net0","sandbox":"that of the pod"}"#,
        ),
        Effect::new("result: interface 1", None, RANDOM),
        Effect::new("result: route 10.70.0.0/16", None, "gw 10.7.0.1"),
        Effect::new("result: dns", None, r#"{"nameservers":["10.7.0.53"]}"#),
    ];
    let before_1_0 = situation.version.starts_with("0.");
    let first = if before_1_0 {
        r#"{"address":"10.7.0.5/24","interface":0,"version":"4"}"#
    } else {
        r#"{"address":"10.7.0.5/24","interface":0}"#
    };
    if !situation.case.has_ipam() {
        effects.push(Effect::new("result: ip 0", None, first));
        return effects;
    }
    let [alone, second] = if before_1_0 {
        [
            r#"{"address":"10.2.0.2/24","gateway":"10.2.0.1","interface":0,"version":"4"}"#,
            r#"{"address":"10.2.0.2/24","gateway":"10.2.0.1","interface":1,"version":"4"}"#,
        ]
    } else {
        [
            r#"{"address":"10.2.0.2/24","gateway":"10.2.0.1","interface":0}"#,
            r#"{"address":"10.2.0.2/24","gateway":"10.2.0.1","interface":1}"#,
        ]
    };
    effects.push(Effect::new("result: ip 0", alone, first));
    effects.push(Effect::new("result: ip 1", None, second));
    effects
}
