//! What the replaced coordinator leaves, in mode `auto`, as commands of ip(8).

use std::collections::BTreeSet;

use cni_harness::{Pod, ip};

use super::scene::{self, Scene};
use super::seen::{self, Names};

/// In a pod that has another primary interface, once.
const PRIMARY: &str = "\
rule add from 10.244.0.5 lookup 100
route add 169.254.1.1 dev eth0 table 100
route add default via 169.254.1.1 dev eth0 table 100
route add 192.168.50.1 dev eth0
route add 172.16.11.200 dev eth0
route add 10.244.0.0/16 via 192.168.50.1 dev eth0
route add 10.233.0.0/18 via 192.168.50.1 dev eth0
";

/// For each rail N.
const RAIL: &str = "\
rule add from 172.16.1N.10 lookup 10N
route add 172.16.1N.0/24 dev netN src 172.16.1N.10 table 10N
route add default via 172.16.1N.254 dev netN table 10N
";

/// On the node, once.
const NODE: &str = "\
rule add priority 1000 lookup 500
";

/// On the node for each rail N, by the node's end of the pod's first pair.
const NODE_RAIL: &str = "\
route add 172.16.1N.10 dev END table 500
neighbour add 172.16.1N.10 lladdr PODMAC dev END nud permanent
";

/// In a pod whose first interface is on the fabric.
const FIRST: &str = "\
route add default via 172.16.11.254 dev eth0
rule add fwmark 0x1 lookup 100 priority 1000
route add 192.168.50.1 dev veth0
route add 10.244.0.0/16 via 192.168.50.1 dev veth0 src 172.16.11.10
route add 10.233.0.0/18 via 192.168.50.1 dev veth0 src 172.16.11.10
route add default via 192.168.50.1 dev veth0 table 100 onlink
neighbour add 192.168.50.1 lladdr NODEMAC dev veth0 nud permanent
";

/// Makes all of it; what there is then.
pub fn make(scene: Scene) -> BTreeSet<String> {
    let (_node, _routers, pod) = scene::node(scene);
    let name = pod.name();
    for (rail, interface) in scene.interfaces() {
        ip::batch(
            None,
            &format!(
                "link add link rail{rail} name {interface} netns {name} type macvlan mode bridge\n"
            ),
        );
        let commands = format!(
            "link set {interface} up\n\
             address add 172.16.1{rail}.10/24 dev {interface}\n"
        );
        ip::batch(Some(name), &commands);
    }
    let (end, in_pod, names) = match scene {
        Scene::Rails(_) => {
            let rails: Vec<String> = (1..=scene.rails())
                .map(|rail| RAIL.replace('N', &rail.to_string()))
                .collect();
            let names = &[("100", "of eth0"), ("101", "of net1"), ("102", "of net2")][..];
            (
                seen::end_of(&pod, "eth0"),
                PRIMARY.to_owned() + &rails.concat(),
                names,
            )
        }
        Scene::First => {
            let end = format!("veth{}", &pod.container()[..11]);
            ip::batch(
                None,
                &format!(
                    "link add {end} type veth peer name veth0 netns {name}\n\
                     link set {end} addrgenmode none\n\
                     link set {end} up\n"
                ),
            );
            ip::batch(Some(name), "link set veth0 up\n");
            let names = &[("100", "of what is marked")][..];
            (end, FIRST.to_owned(), names)
        }
    };
    let on_node: Vec<String> = (1..=scene.rails())
        .map(|rail| NODE_RAIL.replace("172.16.1N", &format!("172.16.1{rail}")))
        .collect();
    let pair = match scene {
        Scene::Rails(_) => "eth0",
        Scene::First => "veth0",
    };
    let (pod_mac, node_mac) = (mac(Some(&pod), pair), mac(None, &end));
    let filled = |commands: &str| {
        commands
            .replace("PODMAC", &pod_mac)
            .replace("NODEMAC", &node_mac)
            .replace("END", &end)
    };
    ip::batch(Some(name), &filled(&in_pod));
    ip::batch(None, &filled(&(NODE.to_owned() + &on_node.concat())));
    seen::look(scene, &pod, &Names { tables: names })
}

#[track_caller]
fn mac(place: Option<&Pod>, link: &str) -> String {
    let found = ip::link(place.map(Pod::name), link).expect("it is there");
    found["address"].as_str().expect("it has one").to_owned()
}
