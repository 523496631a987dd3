//! One attack: a node, a pod, a hostile component, and what came of it.

use std::time::Duration;

use cni_harness::outcome::CniError;
use cni_harness::{Call, Node, Oracle, Outcome, Pod};
use plumb_tests::{binaries, configuration};
use serde_json::{Value, json};

use crate::{Store, component};

/// A call with a hostile component may take five times the deadline of the component
/// (2 s): the machine may be busy, but the runtime must not wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of standard output that an error object may have. The longest strings that a
/// component may get into it are cut at 16 KiB.
const LONGEST_ERROR: usize = 64 << 10;

/// What fixtures are granted, so that a refusal has another reason.
const GRANTS: [&str; 6] = [
    "assign-addresses",
    "create-ipoib",
    "create-macvlan",
    "move-rdma-device",
    "set-mtu",
    "set-up",
];

/// A node with an empty component store and one pod.
pub struct Scene {
    /// The store.
    pub store: Store,
    /// The pod.
    pub pod: Pod,
    /// The node; the thread's own, as in [`Node::new`].
    pub node: Node,
}

impl Scene {
    /// Makes the node and the pod.
    #[expect(
        clippy::new_without_default,
        reason = "it changes the thread it is called on"
    )]
    pub fn new() -> Self {
        let node = plumb_tests::node();
        Self {
            store: Store::default(),
            pod: node.pod(),
            node,
        }
    }

    /// Installs a fixture as the flavour `hostile-NAME` and grants it operations; the
    /// configuration that uses it, which names the link `nic0`.
    #[track_caller]
    pub fn flavour(&self, fixture: &str) -> Value {
        let name = format!("hostile-{fixture}");
        self.store.install(&name, &component::flavour(fixture));
        self.store.grant(&name, &GRANTS);
        self.configuration_of(&name)
    }

    /// A component that plumbctl must refuse to install, by a sentence that says all of `words`.
    #[track_caller]
    pub fn assert_not_installed(&self, name: &str, component: &[u8], words: &[&str]) {
        let output = self.store.try_install(name, component);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{message}");
        for word in words {
            assert!(message.contains(word), "expected {word:?} in {message}");
        }
        assert!(!self.store.folder_of(name).exists(), "nothing stays");
    }

    /// The configuration that uses a flavour of the store.
    pub fn configuration_of(&self, flavour: &str) -> Value {
        configuration::with(
            configuration::without_ipam(),
            json!({
                "name": "hostile",
                "type": "plumb",
                "flavour": flavour,
            }),
        )
    }

    /// Installs a fixture as the address policy `hostile-NAME`; the configuration of the
    /// built-in macvlan flavour with it.
    #[track_caller]
    pub fn policy(&self, fixture: &str) -> Value {
        let name = format!("hostile-{fixture}");
        let policy = component::address_policy(fixture);
        self.store.install(&name, &policy);
        configuration::with(
            configuration::pool(),
            json!({
                "name": "hostile",
                "ipam": {"type": name, "pools": [configuration::ipv4_pool()]},
            }),
        )
    }

    /// ADD with a bound on plumb's memory.
    pub fn add(&self, configuration: &Value) -> Call {
        bounded(Call::add(&self.node, &self.pod, configuration))
    }

    /// STATUS with a bound on plumb's memory.
    pub fn status(&self, configuration: &Value) -> Call {
        bounded(Call::status(&self.node, configuration))
    }

    /// An ADD that must fail with this code and an error that says all of `words` and
    /// the component's name.
    #[track_caller]
    pub fn assert_refused(&self, configuration: &Value, code: u64, words: &[&str]) -> CniError {
        let words = [&[component_of(configuration)], words].concat();
        self.assert_call_refused(self.add(configuration), code, &words)
    }

    /// As [`Self::assert_refused`], for STATUS, where every failure is "not available".
    #[track_caller]
    pub fn assert_not_ready(&self, configuration: &Value, words: &[&str]) -> CniError {
        const NOT_AVAILABLE: u64 = 50;
        let words = [&[component_of(configuration)], words].concat();
        self.assert_call_refused(self.status(configuration), NOT_AVAILABLE, &words)
    }

    /// A call that must fail with this code and an error that says all of `words`; soon,
    /// and in bounded memory; leave no trace; and stand in nobody's way.
    #[track_caller]
    pub fn assert_call_refused(&self, call: Call, code: u64, words: &[&str]) -> CniError {
        let oracle = Oracle::new(&self.node);
        let outcome = call.run();
        let error = outcome.expect_error(code, "");
        for word in words {
            assert!(
                error.message.contains(word) || error.details.contains(word),
                "expected an error that says {word:?}\n{outcome}"
            );
        }
        assert_bounded(&outcome);
        oracle.assert_unchanged();
        self.assert_harmless();
        oracle.assert_unchanged();
        error
    }

    /// The next pod on a good network is attached and detached as if nothing had been.
    #[track_caller]
    pub fn assert_harmless(&self) {
        let good = configuration::pool();
        self.node.add(&self.pod, &good);
        let addresses = self.pod.addresses("eth0");
        assert_eq!(addresses.len(), 1, "the next pod has {addresses:?}");
        self.node.delete(&self.pod, &good);
    }
}

/// The component that a configuration is about.
fn component_of(configuration: &Value) -> &str {
    configuration["flavour"]
        .as_str()
        .or(configuration["ipam"]["type"].as_str())
        .expect("the configuration names a component")
}

fn bounded(call: Call) -> Call {
    call.program(concat!(env!("CARGO_MANIFEST_DIR"), "/bounded"))
        .variable("PLUMB_UNDER_TEST", &binaries::plumb().to_string_lossy())
        .deadline(PATIENCE)
}

#[track_caller]
fn assert_bounded(outcome: &Outcome) {
    assert!(outcome.elapsed < PATIENCE, "it took too long\n{outcome}");
    assert!(
        outcome.stdout.len() < LONGEST_ERROR,
        "the error has {} bytes\n{outcome}",
        outcome.stdout.len()
    );
}
