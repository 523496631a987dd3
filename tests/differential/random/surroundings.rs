//! The node and the pod of an attachment, drawn at random.

use std::process::Command;

use plumb_tests::dice::Dice;
use serde_json::{Value, json};

/// Networks that routes of several interfaces lead to.
pub const NETWORKS: [&str; 5] = [
    "0.0.0.0/0",
    "10.60.0.0/16",
    "10.61.0.0/16",
    "10.50.1.7/32",
    "172.20.0.0/16",
];

/// The same for IPv6.
pub const NETWORKS6: [&str; 3] = ["::/0", "fd00:60::/48", "fd00:61::7/128"];

/// What the child is made of.
pub struct Parent {
    /// `master` and `linkInContainer`.
    pub keys: Value,
    /// Its MTU.
    pub mtu: u32,
    /// Whether it has carrier, without which IPv6 addresses are never confirmed.
    pub has_carrier: bool,
    /// Commands of ip(8) for the node.
    pub node: String,
    /// Commands of ip(8) for the pod.
    pub pod: String,
}

/// Draws one.
pub fn parent(dice: &mut Dice) -> Parent {
    let simple = |master: &str, node: &str| Parent {
        keys: json!({"master": master}),
        mtu: 1500,
        has_carrier: true,
        node: node.to_owned(),
        pod: String::new(),
    };
    match dice.below(12) {
        0..=3 => simple("nic0", ""),
        4 => Parent {
            mtu: 9000,
            ..simple("nic0", "link set nic0 mtu 9000\n")
        },
        5 => simple(
            "br0",
            "link add br0 address 02:00:00:00:00:b0 type bridge\n\
             link set br0 up\nlink set nic1 master br0\n",
        ),
        6 => simple(
            "low0",
            "link add low0 address 02:00:00:00:00:a0 link nic1 type macvlan\nlink set low0 up\n",
        ),
        7 => Parent {
            has_carrier: false,
            ..simple("nic0", "link set nic0 down\n")
        },
        8 => simple(
            "a-rail-of-sixteen-or-more",
            "link property add dev nic0 altname a-rail-of-sixteen-or-more\n",
        ),
        9 => Parent {
            keys: json!({}),
            ..simple(
                "",
                "address add 10.8.0.2/24 dev nic1\nroute add default via 10.8.0.1\n",
            )
        },
        10 => Parent {
            keys: json!({}),
            ..simple(
                "",
                "address add 10.8.0.2/24 dev nic1\nroute add default via 10.8.0.1 metric 200\n\
                 address add 10.9.0.2/24 dev nic0\nroute add default via 10.9.0.1 metric 100\n",
            )
        },
        _ => Parent {
            keys: json!({"master": "lower", "linkInContainer": true}),
            pod: "link add lower address 02:00:00:00:00:c0 type veth peer name lowerp\n\
                  link set lower up\nlink set lowerp up\n"
                .into(),
            ..simple("", "")
        },
    }
}

/// Up to two interfaces with routes that lead where others lead.
pub fn others(dice: &mut Dice) -> String {
    let mut commands = String::new();
    for number in 0..dice.below(3) {
        let link = format!("net{number}");
        commands += &format!(
            "link add {link} address 02:00:00:00:01:0{number} type veth peer name peer{number}\n\
             link set {link} up\nlink set peer{number} up\n\
             address add 10.7{number}.0.5/24 dev {link}\n\
             address add fd00:7{number}::5/64 dev {link} nodad\n"
        );
        for network in NETWORKS.iter().chain(&NETWORKS6) {
            if dice.below(2) == 0 {
                continue;
            }
            let gateway = match network.contains(':') {
                true => format!("via fd00:7{number}::1 "),
                false => format!("via 10.7{number}.0.1 "),
            };
            let way = *dice.one_of(&["", &gateway, &gateway]);
            let metric = *dice.one_of(&["", "", " metric 50"]);
            commands += &format!("route append {network} {way}dev {link}{metric}\n");
        }
        if dice.below(4) == 0 {
            commands += &format!("rule add from 10.7{number}.0.5 table 70{number}\n");
            commands += &format!("route append default dev {link} table 70{number}\n");
        }
    }
    commands
}

/// A result of the plugin before; `{pod}` and `{version}` are filled in.
pub fn previous() -> Value {
    json!({
        "cniVersion": "{version}",
        "interfaces": [{"name": "net0", "mac": "02:00:00:00:01:00", "sandbox": "{pod}"}],
        "ips": [{"version": "4", "address": "10.70.0.5/24", "interface": 0}],
    })
}

/// Whether the kernel knows ipvlan, which is a module of its own.
pub fn kernel_has_ipvlan() -> bool {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let _node = plumb_tests::node();
            let mut ip = Command::new("ip");
            ip.args(["link", "add", "probe0", "link", "nic0", "type", "ipvlan"]);
            ip.output().is_ok_and(|output| output.status.success())
        });
        thread.join().expect("a node can be had")
    })
}
