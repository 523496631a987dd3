//! Nodes and pods that are alike, and what plumb makes of them.

use std::collections::BTreeSet;

use cni_harness::{Node, Pod, ip};
use serde_json::json;

use super::seen::{self, Names};
use crate::coordinator::Chain;
use crate::fabric::{self, Router};

/// Which pod it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// One with `eth0` of the cluster's own network and so many rails.
    Rails(u32),
    /// One whose `eth0` is on the fabric.
    First,
}

/// A node of this scene, with a pod that has no interface on the fabric yet. The calling thread moves into it.
///
/// The node has an address that is for nothing else, and where there are rails one in the network of the first.
pub fn node(scene: Scene) -> (Node, Vec<Router>, Pod) {
    let rails = scene.rails();
    let (node, routers, pod) = match scene {
        Scene::Rails(_) => fabric::node_with(rails),
        Scene::First => {
            let node = plumb_tests::node();
            let router = Router::new(&node, 1);
            let pod = node.pod();
            (node, vec![router], pod)
        }
    };
    ip::batch(
        None,
        "link add mgmt0 type bridge\n\
         link set mgmt0 addrgenmode none\n\
         link set mgmt0 up\n\
         address add 192.168.50.1/24 dev mgmt0\n\
         route add default via 192.168.50.254 dev mgmt0\n",
    );
    if scene != Scene::First {
        ip::batch(None, "address add 172.16.11.200/24 dev rail1\n");
    }
    (node, routers, pod)
}

impl Scene {
    /// How many interfaces on the fabric the pod has.
    pub fn rails(self) -> u32 {
        match self {
            Self::Rails(rails) => rails,
            Self::First => 1,
        }
    }

    /// Their names, with their numbers.
    pub fn interfaces(self) -> Vec<(u32, String)> {
        match self {
            Self::Rails(rails) => (1..=rails)
                .map(|rail| (rail, format!("net{rail}")))
                .collect(),
            Self::First => vec![(1, "eth0".to_owned())],
        }
    }
}

/// Attaches by plumb; what there is then.
pub fn attach(scene: Scene) -> BTreeSet<String> {
    let (node, _routers, pod) = node(scene);
    for (rail, interface) in scene.interfaces() {
        let mut chain = Chain::new(
            rail,
            json!({"overlayPodCIDR": ["10.244.0.0/16"], "serviceCIDR": ["10.233.0.0/18"]}),
        );
        // What is known of the replaced one is about IPv4.
        let pool = chain.first["ipam"]["pools"][0].clone();
        chain.first["ipam"]["pools"] = json!([pool]);
        chain.add(&node, &pod, &interface);
    }
    let names = Names {
        tables: &[
            ("97", "of what is marked"),
            ("98", "of the node"),
            ("99", "of eth0"),
            ("100", "of net1"),
            ("101", "of net2"),
        ],
    };
    seen::look(scene, &pod, &names)
}
