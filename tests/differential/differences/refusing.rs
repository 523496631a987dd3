//! What one of the two refuses.

use super::{Difference, Effect, Situation};

pub const LIST: &[Difference] = &[
    Difference {
        what: "Codes of errors",
        reference: "999 for nearly all",
        packaged: "the same",
        plumb: "those of the specification, and its own from 100 on",
        reason: "a person or a runtime can distinguish a wrong configuration from a node that is not ready",
        effects: |situation| {
            let code = match situation.case.name {
                "unknown mode"
                | "mtu above the parent's"
                | "mtu below zero"
                | "mtu too small"
                | "mtu as text"
                | "master is the loopback link"
                | "master as a number"
                | "mac too short"
                | "mac too long"
                | "mac of a group"
                | "mac all zero"
                | "mac of runtimeConfig is none"
                | "dns as text"
                | "nameservers as text"
                | "ipam as text"
                | "prevResult as text"
                | "IPAM plugin by a path" => "refused, code 7",
                "MAC of CNI_ARGS is none" => "refused, code 4",
                "no such master" | "no master and no default route" => "refused, code 50",
                "the interface exists" => "refused, code 106",
                "no such IPAM plugin" | "static, no address" => "refused, code 105",
                "beside passthru"
                | "host-local, next hop out of reach"
                | "static, next hop out of reach"
                | "static, the same address twice" => "refused, code 100",
                _ => return Vec::new(),
            };
            vec![Effect::new("ADD", "refused, code 999", code)]
        },
    },
    Difference {
        what: "Versions 0.1.0 and 0.2.0, and none, which means 0.1.0, for a pod with more than one address of a family, or with none",
        reference: "refused, by the IPAM plugin or when all has been done",
        packaged: "the same",
        plumb: "attached; the result has the first address of each family, and the log the others",
        reason: "the pod has what the configuration says; the result of these versions has no room for it",
        effects: |situation| {
            only(situation, &["no addresses in the oldest layout"], || {
                Effect::new("ADD", "refused, code 999", "accepted")
            })
        },
    },
    Difference {
        what: "Version 1.1.0",
        reference: "spoken, with STATUS and without GC",
        packaged: "refused with code 1",
        plumb: "spoken, with GC and STATUS",
        reason: "it is the current one",
        effects: |situation| {
            only(situation, &["version 1.1.0"], || {
                Effect::new("ADD", "refused, code 1", "accepted")
            })
        },
    },
    Difference {
        what: "`linkInContainer`",
        reference: "as plumb",
        packaged: "ignored: the parent is looked for on the node",
        plumb: "the parent may be in the pod",
        reason: "the current release has it",
        effects: |situation| {
            if !situation.is_beside_packaged() {
                return Vec::new();
            }
            only(situation, &["linkInContainer"], || {
                Effect::new("ADD", "refused, code 999", "accepted")
            })
        },
    },
    Difference {
        what: "Unknown keys in `CNI_ARGS`",
        reference: "refused without `IgnoreUnknown`",
        packaged: "the same",
        plumb: "ignored",
        reason: "they are for other plugins of the chain",
        effects: |situation| {
            only(
                situation,
                &["CNI_ARGS with a key alone", "CNI_ARGS with an unknown key"],
                || Effect::new("ADD", "refused, code 999", "accepted"),
            )
        },
    },
    Difference {
        what: "A malformed result of the plugin before",
        reference: "dropped like every other",
        packaged: "the same",
        plumb: "refused with code 7",
        reason: "it cannot be passed on, and the runtime could not read it",
        effects: |situation| {
            only(situation, &["ips of prevResult as text"], || {
                Effect::new("ADD", "accepted", "refused, code 7")
            })
        },
    },
    Difference {
        what: "The same route twice",
        reference: "refused",
        packaged: "the same",
        plumb: "added once",
        reason: "the pod gets what was asked for",
        effects: |situation| {
            only(situation, &["static, the same route twice"], || {
                Effect::new("ADD", "refused, code 999", "accepted")
            })
        },
    },
    Difference {
        what: "Interface of a failed ADD",
        reference: "stays in the pod when the IPAM plugin fails, or an address or a route is refused; DEL leaves it too when the IPAM plugin fails there",
        packaged: "the same",
        plumb: "removed before the error is reported",
        reason: "a pod comes up or nothing happened",
        effects: left_by_the_reference,
    },
    Difference {
        what: "Record of an ADD whose addresses could not be released",
        reference: "none",
        packaged: "the same",
        plumb: "stays, with both errors reported, until a DEL with a configuration that the IPAM plugin accepts",
        reason: "the IPAM plugin refused to release what it may have reserved, and nobody else knows of it",
        effects: |situation| {
            if !situation.is_one_of(&["host-local, no subnet", "host-local, prefix too long"]) {
                return Vec::new();
            }
            ["left by ADD", "left by DEL", "left after the pod"]
                .map(|moment| Effect::new(format!("{moment}: record of plumb"), None, "there"))
                .into()
        },
    },
    Difference {
        what: "DEL with a configuration that has become wrong",
        reference: "refused, as ADD is: a value of another type, IPAM plugin removed",
        packaged: "master gone and MTU of the parent lowered, too",
        plumb: "succeeds",
        reason: "a pod's deletion waits for nothing that only ADD needs",
        effects: |situation| {
            let is_refused_by_packaged = situation.is_beside_packaged()
                && situation.is_one_of(&[
                    "mtu above the parent's",
                    "mtu below zero",
                    "no such master",
                    "no master and no default route",
                ]);
            let is_refused_by_both = situation.is_one_of(&[
                "mtu as text",
                "master as a number",
                "dns as text",
                "nameservers as text",
                "ipam as text",
                "prevResult as text",
                "no such IPAM plugin",
                "IPAM plugin by a path",
            ]);
            if !is_refused_by_packaged && !is_refused_by_both {
                return Vec::new();
            }
            (1..=3)
                .map(|number| Effect::new(format!("DEL {number}"), "refused, code 999", "accepted"))
                .collect()
        },
    },
    Difference {
        what: "DEL with a version that is not spoken",
        reference: "refused with code 1",
        packaged: "the same",
        plumb: "succeeds",
        reason: "it prints no result, and what it undoes is in the record, whatever the version",
        effects: |situation| {
            if !situation.is_one_of(&["version 2.0.0"]) {
                return Vec::new();
            }
            (1..=3)
                .map(|number| Effect::new(format!("DEL {number}"), "refused, code 1", "accepted"))
                .collect()
        },
    },
    Difference {
        what: "DEL after an ADD that found an interface of its name",
        reference: "removes the other one's interface",
        packaged: "the same",
        plumb: "leaves it",
        reason: "what an attachment did not make is not its to remove",
        effects: |situation| {
            if situation.case.name != "the interface exists" {
                return Vec::new();
            }
            ["eth0", "other"]
                .map(|link| Effect::new(format!("left by DEL: pod: link {link}"), "gone", None))
                .into()
        },
    },
];

/// An effect on some cases.
fn only(situation: &Situation, names: &[&str], effect: impl FnOnce() -> Effect) -> Vec<Effect> {
    if situation.is_one_of(names) {
        vec![effect()]
    } else {
        Vec::new()
    }
}

fn left_by_the_reference(situation: &Situation) -> Vec<Effect> {
    let link = |moment: &str| Effect::new(format!("{moment}: pod: link eth0"), "there", None);
    let mut effects = Vec::new();
    let is_stuck = situation.is_one_of(&[
        "no such IPAM plugin",
        "IPAM plugin by a path",
        "host-local, no subnet",
        "host-local, prefix too long",
    ]);
    let is_up = situation.is_one_of(&[
        "host-local, next hop out of reach",
        "static, next hop out of reach",
    ]);
    let is_left = situation.is_one_of(&[
        "host-local, address outside of the subnet",
        "host-local, no address free",
        "static, no address",
        "static, address without a prefix",
        "static, the same address twice",
    ]);
    if is_stuck || is_up || is_left {
        effects.push(link("left by ADD"));
    }
    if is_stuck {
        effects.push(link("left by DEL"));
    }
    if is_up {
        let key = "left by ADD: node: link nic0 promiscuity";
        effects.push(Effect::new(key, "1", None));
    }
    effects
}
