//! libcni's own command, with a configuration list of version 1.1.0.

use std::fs;
use std::process::{Command, Output};

use cni_harness::node::MARKER;
use cni_harness::{Call, Node, Oracle, Pod, result};
use plumb_runtimes::multus::install_plumb;
use plumb_runtimes::multus::tools::Tools;
use plumb_tests::configuration::{dual_stack, pool, with};
use serde_json::{Value, json};

/// A node with the network `rail0` in its folder of networks.
struct Machine {
    tools: Tools,
    node: Node,
}

impl Machine {
    #[track_caller]
    fn new() -> Self {
        let machine = Self {
            tools: Tools::find(),
            node: plumb_tests::node(),
        };
        let plugins = machine.node.scratch().join("bin");
        fs::create_dir(&plugins).expect("make the folder of the plugins");
        install_plumb(&plugins);
        machine.write_network(&dual_stack());
        machine
    }

    #[track_caller]
    fn write_network(&self, plugin: &Value) {
        let network = json!({"cniVersion": "1.1.0", "name": "rail0", "plugins": [plugin]});
        let file = self.node.scratch().join("10-rail0.conflist");
        fs::write(file, network.to_string()).expect("write the network");
    }

    /// `cnitool VERB rail0 NAMESPACE`
    #[track_caller]
    fn cnitool(&self, verb: &str, pod: &Pod) -> Output {
        let scratch = self.node.scratch();
        Command::new(self.tools.cnitool())
            .args([verb, "rail0", pod.path()])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("CNI_PATH", scratch.join("bin"))
            .env("NETCONFPATH", scratch)
            .env(
                "CAP_ARGS",
                json!({"mac": "02:00:00:aa:bb:cc", "ips": ["10.1.0.33/24", "fd00:1::33/64"]})
                    .to_string(),
            )
            .env(MARKER, self.node.id())
            .output()
            .expect("run cnitool")
    }

    /// As [`Self::cnitool`]; it must succeed. What it prints.
    #[track_caller]
    fn succeed(&self, verb: &str, pod: &Pod) -> String {
        let output = self.cnitool(verb, pod);
        assert!(output.status.success(), "cnitool {verb}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// As [`Self::cnitool`]; it must fail. What it says.
    #[track_caller]
    fn fail(&self, verb: &str, pod: &Pod) -> String {
        let output = self.cnitool(verb, pod);
        assert!(!output.status.success(), "cnitool {verb}: {output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

#[test]
fn add_check_and_del() {
    let machine = Machine::new();
    let pod = machine.node.pod();
    let oracle = Oracle::new(&machine.node);
    let printed = machine.succeed("add", &pod);
    let printed: Value = serde_json::from_str(&printed).expect("cnitool prints the result");
    result::assert_layout(&printed, "1.1.0", &pod);
    assert_eq!(pod.addresses("eth0"), result::addresses(&printed));
    machine.succeed("check", &pod);
    pod.ip("address del 10.1.0.10/24 dev eth0");
    let said = machine.fail("check", &pod);
    assert!(said.contains("10.1.0.10/24"), "{said}");
    for _ in 0..2 {
        machine.succeed("del", &pod);
        oracle.assert_unchanged();
    }
}

/// The capabilities of the network let them through.
#[test]
fn capability_arguments_act() {
    let machine = Machine::new();
    machine.write_network(&with(
        dual_stack(),
        json!({"capabilities": {"mac": true, "ips": true}}),
    ));
    let pod = machine.node.pod();
    let oracle = Oracle::new(&machine.node);
    machine.succeed("add", &pod);
    let link = pod.link("eth0").expect("eth0 exists");
    assert_eq!(link["address"], "02:00:00:aa:bb:cc");
    assert_eq!(pod.addresses("eth0"), ["10.1.0.33/24", "fd00:1::33/64"]);
    machine.succeed("check", &pod);
    machine.succeed("del", &pod);
    oracle.assert_unchanged();
}

#[test]
fn status_tells_whether_the_network_can_be_had() {
    let machine = Machine::new();
    let pod = machine.node.pod();
    machine.succeed("status", &pod);
    machine.write_network(&with(pool(), json!({"master": "nic7"})));
    let said = machine.fail("status", &pod);
    assert!(said.contains("nic7"), "{said}");
}

/// cnitool deletes what its own cache has, and then has plumb look for more: without a
/// list of what is valid, as here, only what is dead may go.
#[test]
fn gc_removes_the_dead_and_leaves_the_living() {
    let machine = Machine::new();
    let node = &machine.node;
    let (own, alive, dead) = (node.pod(), node.pod(), node.pod());
    let network = with(dual_stack(), json!({"name": "rail0"}));
    Call::add(node, &alive, &network).run().expect_result();
    let one = Oracle::new(node);
    Call::add(node, &dead, &network).run().expect_result();
    dead.remove();
    machine.succeed("add", &own);
    machine.succeed("gc", &own);
    one.assert_unchanged();
    assert_eq!(alive.addresses("eth0"), ["10.1.0.10/24", "fd00:1::10/64"]);
}
