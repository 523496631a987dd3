//! Controllers, each a process.

use std::fs;

use nix::sys::signal::Signal;
use plumb_cluster_tests::Daemon;
use plumb_cluster_tests::agents::NAMESPACE;
use plumb_tests::binaries;
use serde_json::{Value, json};

use super::kubectl::{self, cluster};

/// The controller's account.
const ACCOUNT: &str = "plumb-controller";

/// A controller. It ends with its test.
pub struct Controller {
    daemon: Daemon,
}

impl Controller {
    /// Starts one with a Lease of its own, and the rights of its role alone.
    #[track_caller]
    pub fn start(name: &str) -> Self {
        Self::start_with(name, name, None)
    }

    /// Starts a replica of those that have this Lease.
    #[track_caller]
    pub fn start_replica(name: &str, lease: &str) -> Self {
        Self::start_with(name, lease, None)
    }

    /// Starts one that shows another token than its account's.
    #[track_caller]
    pub fn start_as(name: &str, token: &str) -> Self {
        Self::start_with(name, name, Some(token))
    }

    #[track_caller]
    fn start_with(name: &str, lease: &str, token: Option<&str>) -> Self {
        let cluster = cluster();
        kubectl::apply(
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
                .to_string(),
        );
        let role = kubectl::root().join("deploy/chart/plumb/rbac/controller.yaml");
        cluster.kubectl().apply_file(&role);
        let own = cluster.account(NAMESPACE, ACCOUNT, None);
        let text = fs::read_to_string(own).expect("read a kubeconfig");
        let mut kubeconfig: Value = serde_json::from_str(&text).expect("JSON");
        if let Some(token) = token {
            kubeconfig["users"][0]["user"]["token"] = json!(token);
        }
        let file = cluster.folder().join(format!("keys/{name}.kubeconfig"));
        fs::write(&file, kubeconfig.to_string()).expect("write a kubeconfig");
        let mut command = cluster.place().daemon_command(binaries::controller());
        command
            .env("KUBECONFIG", file)
            .args(["--name", name, "--lease", lease, "--namespace", NAMESPACE])
            .args(["--look-seconds", "1", "--log-format", "text"]);
        let daemon = cluster
            .place()
            .start(&format!("controller-{name}"), command);
        Self { daemon }
    }

    /// What it has said.
    pub fn log(&self) -> String {
        self.daemon.log()
    }

    /// Waits until it has said something.
    #[track_caller]
    pub fn says(&self, part: &str) {
        kubectl::until(&format!("{part:?} in the log"), || {
            self.log().contains(part).then_some(())
        });
    }

    /// Kills it.
    pub fn kill(self) {
        self.daemon.end(Signal::SIGKILL);
    }

    /// Asks it to end, as the kubelet does, and waits for that.
    #[track_caller]
    pub fn terminate(self) {
        let log = self.log();
        assert_eq!(self.daemon.end(Signal::SIGTERM), Some(0), "{log}");
    }
}
