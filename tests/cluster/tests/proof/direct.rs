//! CNI calls without kubelet and Multus, which need the API server themselves.

use std::io::Write;
use std::process::Stdio;

use plumb_cluster_tests::Node;
use plumb_runtimes::{Finished, finished};
use serde_json::{Value, json};

/// An interface of nobody's pod, in a network namespace of its own.
pub struct Sandbox<'node> {
    node: &'node Node,
    name: String,
    pool: String,
}

impl<'node> Sandbox<'node> {
    /// Makes the namespace, for an address of `v4-81`.
    #[track_caller]
    pub fn new(node: &'node Node, name: &str) -> Self {
        Self::of_pool(node, name, "v4-81")
    }

    /// As [`Self::new`], for an address of another pool.
    #[track_caller]
    pub fn of_pool(node: &'node Node, name: &str, pool: &str) -> Self {
        node.run(&format!("ip netns add {name}")).expect_success();
        Self {
            node,
            name: name.to_owned(),
            pool: pool.to_owned(),
        }
    }

    /// Calls plumb as a macvlan with an address of the pool.
    #[track_caller]
    pub fn call(&self, verb: &str) -> Finished {
        let configuration = json!({
            "cniVersion": "1.0.0", "name": format!("direct-{}", self.pool), "type": "macvlan", "master": "ens6f0np0",
            "mode": "bridge", "ipam": {"type": "spiderpool", "default_ipv4_ippool": [self.pool]},
        });
        let mut command = self.node.command("/opt/cni/bin/macvlan");
        command
            .env("CNI_COMMAND", verb)
            .env("CNI_CONTAINERID", &self.name)
            .env("CNI_NETNS", format!("/run/netns/{}", self.name))
            .env("CNI_IFNAME", "net1")
            .env("CNI_PATH", "/opt/cni/bin")
            .stdin(Stdio::piped());
        let mut child = finished::start(&mut command);
        let mut stdin = child.stdin.take().expect("its standard input is a pipe");
        stdin
            .write_all(configuration.to_string().as_bytes())
            .expect("plumb reads");
        drop(stdin);
        Finished::wait(format!("{verb} {}", self.name), child)
    }

    /// An ADD that succeeds: the address.
    #[track_caller]
    pub fn add(&self) -> String {
        address(&self.call("ADD").expect_success())
    }

    /// An ADD that fails: code and message.
    #[track_caller]
    pub fn refused(&self) -> (u64, String) {
        let call = self.call("ADD");
        assert!(!call.succeeded(), "{call}");
        refusal(&call).unwrap_or_else(|| panic!("no error of plumb: {call}"))
    }

    /// A DEL, and the end of the namespace.
    #[track_caller]
    pub fn end(self) {
        self.call("DEL").expect_success();
        self.node
            .run(&format!("ip netns delete {}", self.name))
            .expect_success();
    }
}

/// The address of an ADD's result, without its prefix.
#[track_caller]
pub fn address(result: &str) -> String {
    let result: Value = serde_json::from_str(result).expect("JSON");
    let address = result["ips"][0]["address"].as_str().expect("an address");
    address.split('/').next().unwrap_or_default().to_owned()
}

/// Code and message of a call that plumb refused; none where nothing of plumb has spoken.
pub fn refusal(call: &Finished) -> Option<(u64, String)> {
    let error: Value = serde_json::from_str(call.stdout()).ok()?;
    let message = error["msg"].as_str()?;
    Some((error["code"].as_u64()?, message.to_owned()))
}
