//! VLANs and bonds that pods share, on a node of private namespaces: the machine has a kernel with both, that of the
//! developer may not.

mod interrupted;
mod spiderpool;

use std::fs;

use cni_harness::{Call, Node, Oracle, Outcome, Pod, ip, result, traffic};
use plumb_testbed::{PATIENCE, program};
use plumb_tests::configuration::{pool, with};
use plumb_tests::state::records;
use serde_json::{Value, json};

/// A node of this test's own, with `nic0`, whose other end is a switch, and dummies.
fn on_node(test: impl FnOnce(&Node) + Send) {
    // With one test at a time all have the same thread, and a node takes it for good.
    std::thread::scope(|scope| {
        let test = scope.spawn(|| {
            program::run("modprobe -a 8021q dummy veth macvlan");
            program::run("modprobe bonding max_bonds=0");
            let node = plumb_tests::node();
            ip::batch(
                None,
                "link set nic0 mtu 1400\n\
                 link add member1 mtu 9000 type dummy\n\
                 link add member2 mtu 8000 type dummy\n\
                 link set member1 up\n",
            );
            test(&node);
        });
        if let Err(panic) = test.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// `ifacer` and a macvlan behind it, as Spiderpool's controller renders them.
struct Chain<'node> {
    node: &'node Node,
    plugins: [Value; 2],
}

impl<'node> Chain<'node> {
    fn new(node: &'node Node, keys: Value, master: &str) -> Self {
        let ifacer = json!({"cniVersion": "1.0.0", "name": "rail0", "type": "ifacer"});
        let macvlan = with(pool(), json!({"cniVersion": "1.0.0", "master": master}));
        Self {
            node,
            plugins: [with(ifacer, keys), macvlan],
        }
    }

    /// VLAN 100 of `nic0`.
    fn vlan(node: &'node Node, keys: Value) -> Self {
        let vlan = json!({"vlanID": 100, "interfaces": ["nic0"]});
        Self::new(node, with(vlan, keys), "nic0.100")
    }

    /// VLAN 100 of the bond of both dummies.
    fn bond(node: &'node Node, keys: Value) -> Self {
        let bond = json!({
            "vlanID": 100, "interfaces": ["member1", "member2"],
            "bond": {"name": "bond0", "mode": 1, "options": "miimon=50;primary=member2"},
        });
        Self::new(node, with(bond, keys), "bond0.100")
    }

    fn call(&self, verb: &str, pod: &Pod, plugin: &Value) -> Call {
        Call::new(self.node, verb, plugin)
            .pod(pod)
            .deadline(PATIENCE)
    }

    fn first(&self, pod: &Pod) -> Call {
        self.call("ADD", pod, &self.plugins[0])
    }

    #[track_caller]
    fn add(&self, pod: &Pod) -> Value {
        let first = self.first(pod).run().expect_result();
        assert_eq!(
            first
                .get("interfaces")
                .and_then(Value::as_array)
                .map_or(0, Vec::len),
            0,
            "it gave the pod nothing: {first}"
        );
        let plugin = with(self.plugins[1].clone(), json!({"prevResult": first}));
        self.call("ADD", pod, &plugin).run().expect_result()
    }

    #[track_caller]
    fn check(&self, pod: &Pod, result: &Value) -> [Outcome; 2] {
        let behind = |plugin: &Value| with(plugin.clone(), json!({"prevResult": result}));
        [0, 1].map(|place| self.call("CHECK", pod, &behind(&self.plugins[place])).run())
    }

    #[track_caller]
    fn delete(&self, pod: &Pod) {
        for plugin in self.plugins.iter().rev() {
            self.call("DEL", pod, plugin).run().expect_silence();
        }
    }

    #[track_caller]
    fn gc(&self) {
        for plugin in &self.plugins {
            let gc = Call::gc(
                self.node,
                &with(plugin.clone(), json!({"cniVersion": "1.1.0"})),
                &[],
            );
            gc.deadline(PATIENCE).run().expect_silence();
        }
    }
}

fn link(name: &str) -> Option<Value> {
    ip::link(None, name)
}

#[track_caller]
fn there(name: &str) -> Value {
    link(name).unwrap_or_else(|| panic!("the node has no {name}"))
}

fn is_up(link: &Value) -> bool {
    link["flags"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|flag| flag == "UP")
}

/// What answers at the other end of `nic0` in VLAN 100, at 10.1.0.1.
fn switch(node: &Node) -> Pod {
    let switch = node.pod();
    ip::batch(None, &format!("link set nic1 netns {}\n", switch.name()));
    switch.ip("link set nic1 up");
    switch.ip("link add tagged link nic1 type vlan id 100");
    switch.ip("link set tagged up");
    switch.ip("address add 10.1.0.1/24 dev tagged");
    switch
}

#[test]
fn a_vlan_is_made_for_the_first_pod_and_goes_with_the_last() {
    on_node(|node| {
        let switch = switch(node);
        let pods = [node.pod(), node.pod()];
        let oracle = Oracle::new(node);
        let chain = Chain::vlan(node, json!({}));
        let first = chain.add(&pods[0]);
        let made = there("nic0.100");
        assert_eq!(made["linkinfo"]["info_kind"], "vlan");
        assert_eq!(made["linkinfo"]["info_data"]["id"], 100);
        assert_eq!(made["link"], "nic0");
        assert_eq!(made["mtu"], 1400);
        assert!(is_up(&made), "{made}");

        let second = chain.add(&pods[1]);
        assert_eq!(
            there("nic0.100")["ifindex"],
            made["ifindex"],
            "it was made anew"
        );
        for (pod, result) in pods.iter().zip([&first, &second]) {
            assert_eq!(result["interfaces"].as_array().map(Vec::len), Some(1));
            traffic::exchange(pod, &switch, "10.1.0.1".parse().unwrap());
            for outcome in chain.check(pod, result) {
                outcome.expect_silence();
            }
        }
        traffic::exchange(&pods[0], &pods[1], result::address(&second));

        chain.delete(&pods[0]);
        traffic::exchange(&pods[1], &switch, "10.1.0.1".parse().unwrap());
        ip::batch(None, "link set nic0.100 down\n");
        let [lost, _] = chain.check(&pods[1], &second);
        lost.expect_error(110, "nic0.100, VLAN 100 of nic0, is down");
        chain.delete(&pods[1]);
        chain.delete(&pods[1]);
        oracle.assert_unchanged();
    });
}

#[test]
fn the_same_number_on_two_parents_is_two_vlans() {
    on_node(|node| {
        let oracle = Oracle::new(node);
        let pods = [node.pod(), node.pod()];
        let one = Chain::vlan(node, json!({}));
        let other = Chain::vlan(node, json!({"interfaces": ["member1"]}));
        one.first(&pods[0]).run().expect_result();
        other.first(&pods[1]).run().expect_result();
        assert_eq!(there("nic0.100")["link"], "nic0");
        assert_eq!(there("member1.100")["link"], "member1");
        one.delete(&pods[0]);
        assert!(link("nic0.100").is_none());
        there("member1.100");
        other.delete(&pods[1]);
        for pod in &pods {
            pod.remove();
        }
        oracle.assert_unchanged();
    });
}

#[test]
fn what_is_to_be_kept_is_kept_whoever_goes_last() {
    on_node(|node| {
        let pods = [node.pod(), node.pod()];
        let usual = Chain::bond(node, json!({}));
        let kept = Chain::bond(node, json!({"keep": true}));
        usual.first(&pods[0]).run().expect_result();
        kept.first(&pods[1]).run().expect_result();
        kept.delete(&pods[1]);
        usual.delete(&pods[0]);
        let vlan = there("bond0.100");
        assert!(is_up(&vlan), "{vlan}");
        there("bond0");
        assert!(records().is_empty(), "{:?}", records());
    });
}

#[test]
fn what_an_administrator_made_is_used_as_it_is_and_stays() {
    on_node(|node| {
        let chain = Chain::vlan(node, json!({}));
        let pod = node.pod();
        ip::batch(None, "link add nic0.100 link nic0 type vlan id 100\n");
        chain
            .first(&pod)
            .run()
            .expect_error(106, "it is down; ip link set nic0.100 up");
        ip::batch(None, "link set nic0.100 up alias uplink\n");
        let oracle = Oracle::new(node);
        let result = chain.add(&pod);
        let [shared, _] = chain.check(&pod, &result);
        shared.expect_silence();
        chain.delete(&pod);
        oracle.assert_unchanged();

        // Another one of that name.
        for (made, expected) in [
            ("type vlan id 101", "it is VLAN 101 instead of VLAN 100"),
            ("type vlan proto 802.1ad id 100", "none of IEEE 802.1Q"),
            ("type macvlan", "it is no VLAN, but a macvlan"),
        ] {
            ip::batch(
                None,
                &format!("link delete nic0.100\nlink add nic0.100 link nic0 {made}\n"),
            );
            let oracle = Oracle::new(node);
            chain.first(&pod).run().expect_error(106, expected);
            chain.delete(&pod);
            oracle.assert_unchanged();
        }
        ip::batch(
            None,
            "link delete nic0.100\nlink add nic0.100 link member1 type vlan id 100\n",
        );
        chain
            .first(&pod)
            .run()
            .expect_error(106, "it is on member1 instead of nic0");

        // The same one by another name: the error says how it can be used.
        ip::batch(
            None,
            "link delete nic0.100\nlink add tenants link nic0 type vlan id 100\nlink set tenants up\n",
        );
        let error = chain
            .first(&pod)
            .run()
            .expect_error(106, "is called tenants");
        let remedy = error.details.split("ip ").nth(1).expect("a command");
        let remedy = remedy.split(" lets").next().expect("a command");
        ip::batch(None, &format!("{remedy}\n"));
        let oracle = Oracle::new(node);
        chain.first(&pod).run().expect_result();
        chain.delete(&pod);
        oracle.assert_unchanged();
    });
}

#[test]
fn a_bond_is_made_with_a_vlan_on_it_and_its_members_come_back() {
    on_node(|node| {
        let pods = [node.pod(), node.pod()];
        let oracle = Oracle::new(node);
        let chain = Chain::bond(node, json!({}));
        chain.add(&pods[0]);
        let bond = there("bond0");
        let data = &bond["linkinfo"]["info_data"];
        assert_eq!(data["mode"], "active-backup");
        assert_eq!(data["miimon"], 50);
        assert_eq!(data["primary"], "member2");
        assert!(is_up(&bond));
        for member in ["member1", "member2"] {
            assert_eq!(there(member)["master"], "bond0");
        }
        // The least of the members'.
        assert_eq!(bond["mtu"], 8000);
        assert_eq!(there("bond0.100")["mtu"], 8000);
        assert_eq!(there("bond0.100")["link"], "bond0");

        let result = chain.add(&pods[1]);
        assert_eq!(
            there("bond0")["ifindex"],
            bond["ifindex"],
            "it was made anew"
        );
        // The second knows nothing of how the members were.
        chain.delete(&pods[0]);
        for outcome in chain.check(&pods[1], &result) {
            outcome.expect_silence();
        }
        ip::batch(None, "link set member2 nomaster\n");
        let [lost, _] = chain.check(&pods[1], &result);
        lost.expect_error(110, "its members are member1 instead of member1, member2");
        chain.delete(&pods[1]);
        oracle.assert_unchanged();
    });
}

#[test]
fn interfaces_that_serve_somebody_become_no_members() {
    on_node(|node| {
        let chain = Chain::bond(node, json!({}));
        let pod = node.pod();
        ip::batch(
            None,
            "link add bridge type bridge\nlink set member2 master bridge\n",
        );
        let oracle = Oracle::new(node);
        let refused = |expected: &str| {
            chain.first(&pod).run().expect_error(111, expected);
        };
        refused("member2 cannot become a member of the bond bond0: it is a member of bridge");
        oracle.assert_unchanged();
        ip::batch(
            None,
            "link delete bridge\nlink add upper link member1 type vlan id 5\n",
        );
        refused("upper is on it");
        ip::batch(None, "link delete upper\n");
        let macvlan = with(pool(), json!({"name": "other", "master": "member2"}));
        let other = node.pod();
        node.add(&other, &macvlan);
        refused("has something on it");
        node.delete(&other, &macvlan);
        chain.first(&pod).run().expect_result();
        chain.delete(&pod);
        assert!(is_up(&there("member1")));
    });
}

#[test]
fn an_administrators_bond_is_compared_and_stays() {
    on_node(|node| {
        let chain = Chain::bond(node, json!({}));
        let pod = node.pod();
        ip::batch(
            None,
            "link add bond0 type bond mode active-backup\n\
             link set member2 master bond0\n\
             link set bond0 up\n",
        );
        chain
            .first(&pod)
            .run()
            .expect_error(106, "its members are member2 instead of member1, member2");
        ip::batch(
            None,
            "link set member1 down\nlink set member1 master bond0\n",
        );
        let oracle = Oracle::new(node);
        chain.first(&pod).run().expect_result();
        there("bond0.100");
        chain.delete(&pod);
        oracle.assert_unchanged();
        let other = Chain::bond(
            node,
            json!({"bond": {"name": "bond0", "mode": "balance-xor"}}),
        );
        other
            .first(&pod)
            .run()
            .expect_error(106, "its mode is active-backup instead of balance-xor");
        other.delete(&pod);
        oracle.assert_unchanged();
    });
}

#[test]
fn two_at_one_moment_make_one() {
    on_node(|node| {
        let oracle = Oracle::new(node);
        let chain = Chain::bond(node, json!({}));
        for _ in 0..3 {
            let pods: Vec<Pod> = (0..4).map(|_| node.pod()).collect();
            let adds: Vec<_> = pods.iter().map(|pod| chain.first(pod).start()).collect();
            for add in adds {
                add.finish().expect_result();
            }
            there("bond0.100");
            let plugin = &chain.plugins[0];
            let deletes: Vec<_> = pods
                .iter()
                .map(|pod| chain.call("DEL", pod, plugin).start())
                .collect();
            for delete in deletes {
                delete.finish().expect_silence();
            }
            for pod in &pods {
                pod.remove();
            }
            oracle.assert_unchanged();
        }
    });
}

#[test]
fn lost_records_keep_and_remove_nothing_that_they_should_not() {
    on_node(|node| {
        let oracle = Oracle::new(node);
        let chain = Chain::bond(node, json!({}));
        let pods = [node.pod(), node.pod()];
        chain.first(&pods[0]).run().expect_result();
        let [lost] = &records()[..] else {
            panic!("one record: {:?}", records());
        };
        let lost = lost.clone();
        fs::remove_file(&lost).unwrap();
        chain.first(&pods[1]).run().expect_result();
        // Nobody knows of a use but that of the second.
        chain.delete(&pods[0]);
        there("bond0.100");
        // What cannot be read may be a use.
        let [other] = &records()[..] else {
            panic!("one record: {:?}", records());
        };
        let text = fs::read(other).unwrap();
        fs::write(other, "no record\n").unwrap();
        chain.first(&pods[0]).run().expect_result();
        chain.delete(&pods[0]);
        there("bond0.100");
        fs::write(other, &text).unwrap();
        // The last one's record is lost as well: the mark on the links says enough.
        fs::remove_file(other).unwrap();
        chain.delete(&pods[1]);
        for pod in &pods {
            pod.remove();
        }
        oracle.assert_unchanged();
    });
}

#[test]
fn a_vlan_that_another_networks_pod_lies_on_stays() {
    on_node(|node| {
        let chain = Chain::vlan(node, json!({}));
        let [pod, other] = [node.pod(), node.pod()];
        let oracle = Oracle::new(node);
        chain.first(&pod).run().expect_result();
        let plain = with(pool(), json!({"name": "plain", "master": "nic0.100"}));
        node.add(&other, &plain);
        chain.delete(&pod);
        assert!(other.link("eth0").is_some(), "the pod lost its interface");
        node.delete(&other, &plain);
        // It goes with the next pod that used it by its own network.
        chain.first(&pod).run().expect_result();
        chain.delete(&pod);
        oracle.assert_unchanged();
    });
}
