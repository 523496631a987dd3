//! ADD, where both accept.

use super::{Difference, Effect, Situation};

pub const LIST: &[Difference] = &[
    Difference {
        what: "Length of the transmit queue",
        reference: "0",
        plumb: "the kernel's default, 1000",
        reason: "a queueing discipline that is added later takes its limit from it, and with 0 it drops nearly all",
        effects: |situation| {
            made(situation, || {
                Effect::new("attached: pod: link eth0 txqlen", None, "1000")
            })
        },
    },
    Difference {
        what: "Announcement of an interface without `ipam`",
        reference: "none",
        plumb: "sets `arp_notify`",
        reason: "addresses that something else adds are announced as well when the interface comes up",
        effects: |situation| {
            if situation.case.has_ipam() {
                return Vec::new();
            }
            made(situation, || {
                Effect::new(
                    "attached: pod: sysctl net/ipv4/conf/eth0/arp_notify",
                    "0",
                    "1",
                )
            })
        },
    },
    Difference {
        what: "Announcement of IPv6 addresses",
        reference: "none",
        plumb: "sets `ndisc_notify`",
        reason: "neighbours that still know the address of a pod before learn the new hardware address at once",
        effects: |situation| {
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
        reference: "the kernel removes them",
        plumb: "sets `keep_addr_on_down`",
        reason: "an interface that a program in the pod sets down and up again keeps its IPv6 addresses as it keeps its IPv4 ones",
        effects: |situation| {
            if ipv6_address(situation).is_none() {
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
        what: "`mac` in `args.cni`",
        reference: "ignored",
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
        | "host-local, IPv6 before IPv4" => Some("fd00:2::2/64"),
        "static, dual stack with routes" => Some("fd00:4::5/64"),
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
