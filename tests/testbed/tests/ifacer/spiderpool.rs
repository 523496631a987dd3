//! Networks as Spiderpool's controller writes them.

use cni_harness::{Call, Oracle, ip, result};
use plumb_testbed::PATIENCE;
use plumb_tests::configuration::{pool, with};
use serde_json::{Value, json};

use crate::{on_node, there};

/// Two interfaces, a bond of them, a VLAN on it: three plugins, on a pod whose first interface is another plugin's.
#[test]
fn the_list_that_spiderpools_controller_writes_attaches_as_it_is() {
    on_node(|node| {
        let pod = node.pod();
        pod.ip("link add eth0 type veth peer name cali0");
        pod.ip("link set cali0 up");
        pod.ip("link set eth0 up");
        pod.ip("address add 10.244.0.5/32 dev eth0");
        pod.ip("route add 169.254.1.1 dev eth0");
        pod.ip("route add default via 169.254.1.1");
        let oracle = Oracle::new(node);
        let list = json!([
            {"vlanID": 100, "type": "ifacer", "interfaces": ["member1", "member2"],
             "bond": {"name": "bond0", "mode": 4, "options": ""}},
            {"type": "macvlan", "master": "bond0.100", "mode": "bridge", "mtu": 0, "ipam": pool()["ipam"]},
            {"tunePodRoutes": true, "mode": "auto", "type": "coordinator"},
        ]);
        let list: Vec<Value> = list
            .as_array()
            .expect("a list")
            .iter()
            .map(|plugin| {
                with(
                    plugin.clone(),
                    json!({"cniVersion": "0.3.1", "name": "rail0"}),
                )
            })
            .collect();
        let call = |verb: &str, plugin: &Value, previous: &Value| {
            let plugin = match previous {
                Value::Null => plugin.clone(),
                previous => with(plugin.clone(), json!({"prevResult": previous})),
            };
            Call::new(node, verb, &plugin)
                .pod(&pod)
                .interface("net1")
                .deadline(PATIENCE)
                .run()
        };
        let mut result = Value::Null;
        for plugin in &list {
            result = call("ADD", plugin, &result).expect_result();
        }
        assert_eq!(there("bond0")["linkinfo"]["info_data"]["mode"], "802.3ad");
        let own = result::address(&result).to_string();
        let rules = ip::json(Some(pod.name()), &format!("rule show from {own}"));
        assert_eq!(rules[0]["table"], "100", "{rules:?}");
        let way = |question: &str| ip::json(Some(pod.name()), &format!("route get {question}"));
        assert_eq!(way("192.0.2.7")[0]["dev"], "eth0");
        assert_eq!(way(&format!("192.0.2.7 from {own}"))[0]["dev"], "net1");
        for plugin in list.iter().rev() {
            call("DEL", plugin, &result).expect_silence();
        }
        assert!(pod.link("net1").is_none());
        oracle.assert_unchanged();
    });
}
