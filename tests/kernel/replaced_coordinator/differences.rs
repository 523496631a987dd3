//! Where plumb's `coordinator` leaves something else than the replaced one, and why. `docs/rails.md` has the same for users.

use super::scene::Scene;

/// The lines that only one of both leaves.
#[derive(Default)]
pub struct Effects {
    /// The replaced one.
    pub replaced: Vec<String>,
    /// plumb.
    pub plumb: Vec<String>,
}

/// A difference that is meant.
pub struct Difference {
    /// What it is about.
    pub what: &'static str,
    /// What the replaced one does.
    pub replaced: &'static str,
    /// What plumb does.
    pub plumb: &'static str,
    /// Why, for a user.
    pub reason: &'static str,
    /// All lines that differ because of it, in one scene.
    pub effects: fn(Scene) -> Effects,
}

impl Effects {
    /// Of each rail that the pod has; none in the other scene.
    fn of_rails(scene: Scene, of_rail: fn(u32) -> Self) -> Self {
        let mut all = Self::default();
        if let Scene::Rails(rails) = scene {
            for effects in (1..=rails).map(of_rail) {
                all.replaced.extend(effects.replaced);
                all.plumb.extend(effects.plumb);
            }
        }
        all
    }

    fn of_first(scene: Scene, replaced: &[&str], plumb: &[&str]) -> Self {
        let owned = |lines: &[&str]| match scene {
            Scene::Rails(_) => Vec::new(),
            Scene::First => lines.iter().map(|line| (*line).to_owned()).collect(),
        };
        Self {
            replaced: owned(replaced),
            plumb: owned(plumb),
        }
    }
}

/// All of them: those of rails, then those of a first interface.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        what: "Routes of a pod with rails to the node's addresses and the cluster's networks",
        replaced: "by `eth0`, in the main table",
        plumb: "none",
        reason: "the default route by `eth0` leads there already. Only what has no source yet takes the rail to an address that the \
                 node has in the rail's network, which no macvlan reaches on its own node: ask the node by its other addresses",
        effects: |scene| match scene {
            Scene::First => Effects::default(),
            Scene::Rails(_) => Effects {
                replaced: [
                    "pod: route in table main: 10.233.0.0/18 via 192.168.50.1 dev eth0",
                    "pod: route in table main: 10.244.0.0/16 via 192.168.50.1 dev eth0",
                    "pod: route in table main: 192.168.50.1 dev eth0",
                    "pod: route in table main: 172.16.11.200 dev eth0",
                    "pod: way to 172.16.11.200: eth0",
                ]
                .map(str::to_owned)
                .to_vec(),
                plumb: vec!["pod: way to 172.16.11.200: net1".to_owned()],
            },
        },
    },
    Difference {
        what: "Way of the node to the address of a rail",
        replaced: "by the host's end of `eth0`: rule 1000 for all, a route in table 500, a permanent neighbour",
        plumb: "as the node's own routes say",
        reason: "the node asks a pod by the address of `eth0`; with a rail's address as its own it is answered there, too",
        effects: |scene| {
            let mut effects = Effects::of_rails(scene, |rail| Effects {
                replaced: vec![
                    format!("node: permanent neighbour 172.16.1{rail}.10 dev END"),
                    format!("node: route in table 500: 172.16.1{rail}.10 dev END"),
                    format!("node: way to 172.16.1{rail}.10: END"),
                ],
                // The node has an address in the network of the first only.
                plumb: vec![format!(
                    "node: way to 172.16.1{rail}.10: {}",
                    if rail == 1 { "rail1" } else { "mgmt0" }
                )],
            });
            if scene != Scene::First {
                let rule = "node: rule 1000: from all lookup 500";
                effects.replaced.push(rule.to_owned());
            }
            effects
        },
    },
    Difference {
        what: "Numbers of the rails' tables",
        replaced: "from 101, counted from what is up",
        plumb: "from 100, by the interface's name, and recorded",
        reason: "two rails never share a table, and CHECK and DEL know which one it was",
        effects: |scene| {
            Effects::of_rails(scene, |rail| Effects {
                replaced: vec![format!(
                    "pod: number of the table of net{rail}: {}",
                    100 + rail
                )],
                plumb: vec![format!(
                    "pod: number of the table of net{rail}: {}",
                    99 + rail
                )],
            })
        },
    },
    Difference {
        what: "Priorities of the rules for sources",
        replaced: "each before those that came earlier",
        plumb: "32764 for the primary interface's, 32765 for those of rails",
        reason: "rails may come in any order, and what others add later has a known place",
        effects: |scene| match scene {
            Scene::Rails(2) => Effects {
                replaced: vec![
                    "pod: priorities of rules for sources: 32763 32764 32765".to_owned(),
                ],
                plumb: vec!["pod: priorities of rules for sources: 32764 32765".to_owned()],
            },
            // With two rules both are the same.
            _ => Effects::default(),
        },
    },
    Difference {
        what: "Routes of a pod whose first interface is on the fabric to the node's addresses and the cluster's networks",
        replaced: "by `veth0`, in the main table",
        plumb: "by `veth0`, in table 98, with rule 32763",
        reason: "the rules of rails that come later are behind it, and take nothing that is for the node",
        effects: |scene| {
            Effects::of_first(
                scene,
                &[
                    "pod: route in table main: 10.233.0.0/18 via 192.168.50.1 dev veth0 src 172.16.11.10",
                    "pod: route in table main: 10.244.0.0/16 via 192.168.50.1 dev veth0 src 172.16.11.10",
                    "pod: route in table main: 192.168.50.1 dev veth0",
                ],
                &[
                    "pod: rule 32763: from all lookup of the node",
                    "pod: number of the table of the node: 98",
                    "pod: route in table of the node: 10.233.0.0/18 via 192.168.50.1 dev veth0 src 172.16.11.10",
                    "pod: route in table of the node: 10.244.0.0/16 via 192.168.50.1 dev veth0 src 172.16.11.10",
                    "pod: route in table of the node: 192.168.50.1 dev veth0 src 172.16.11.10",
                ],
            )
        },
    },
    Difference {
        what: "Number of the table for what came by `veth0`",
        replaced: "100",
        plumb: "97",
        reason: "100 is that of `net1`",
        effects: |scene| {
            Effects::of_first(
                scene,
                &["pod: number of the table of what is marked: 100"],
                &["pod: number of the table of what is marked: 97"],
            )
        },
    },
    Difference {
        what: "Source of what the node sends to such a pod, and of what the pod answers by `veth0`",
        replaced: "left to the kernel",
        plumb: "stated: the node's address, and the pod's",
        reason: "each end has the other one's address as its neighbour, and no other",
        effects: |scene| {
            Effects::of_first(
                scene,
                &[
                    "node: route in table 500: 172.16.11.10 dev END",
                    "pod: route in table of what is marked: default via 192.168.50.1 dev veth0",
                ],
                &[
                    "node: route in table 500: 172.16.11.10 dev END src 192.168.50.1",
                    "pod: route in table of what is marked: default via 192.168.50.1 dev veth0 src 172.16.11.10",
                ],
            )
        },
    },
    Difference {
        what: "Name of the host's end of `veth0`",
        replaced: "`veth` and the first eleven characters of the container's identifier",
        plumb: "`veth` and the last eleven",
        reason: "where identifiers are counted, only their ends differ",
        effects: |scene| {
            Effects::of_first(
                scene,
                &["node: name of END: the first of the container's identifier"],
                &["node: name of END: the last of the container's identifier"],
            )
        },
    },
];
