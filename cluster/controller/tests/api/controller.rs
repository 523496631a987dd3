//! Controllers, each a process.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::kubectl;

/// The logs of those that run.
static LOGS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// What the controllers that run have said.
pub fn logs() -> String {
    let logs = LOGS
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let text = logs
        .iter()
        .map(|path| fs::read_to_string(path).unwrap_or_default());
    text.collect()
}

/// A controller. It ends with its test.
pub struct Controller {
    child: Child,
    log: PathBuf,
}

impl Controller {
    /// Starts one with a Lease of its own, and the rights of its role alone.
    pub fn start(name: &str) -> Self {
        Self::start_with(name, name, &token())
    }

    /// Starts a replica of those that have this Lease.
    pub fn start_replica(name: &str, lease: &str) -> Self {
        Self::start_with(name, lease, &token())
    }

    /// Starts one that shows a token.
    pub fn start_with(name: &str, lease: &str, token: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir();
        let file =
            |what: &str| folder.join(format!("controller-{}-{number}.{what}", std::process::id()));
        let (log, config) = (file("log"), file("kubeconfig"));
        fs::write(&config, kubeconfig(token)).expect("write a kubeconfig");
        let output = File::create(&log).expect("make a log");
        let child = Command::new(env!("CARGO_BIN_EXE_plumb-controller"))
            .args([
                "--name",
                name,
                "--lease",
                lease,
                "--namespace",
                "plumb-system",
            ])
            .args(["--look-seconds", "1", "--log-format", "text"])
            .env("KUBECONFIG", &config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
            .expect("the controller starts");
        LOGS.lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(log.clone());
        Self { child, log }
    }

    /// What it has said.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it has said something.
    #[track_caller]
    pub fn says(&self, part: &str) {
        kubectl::until(&format!("{part:?} in the log"), || {
            self.log().contains(part).then_some(())
        });
    }

    /// Kills it.
    pub fn kill(mut self) {
        self.end();
    }

    /// Asks it to end, as the kubelet does, and waits for that.
    pub fn terminate(mut self) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(pid), Signal::SIGTERM).expect("send a signal");
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}: {}", self.log());
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        LOGS.lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .retain(|log| *log != self.log);
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.end();
    }
}

/// The token of the controller's own account, which has the rights that the role gives it.
pub fn token() -> String {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: plumb-system}\n";
    kubectl::apply(namespace);
    let role = fs::read_to_string(crate::root().join("deploy/chart/plumb/rbac/controller.yaml"))
        .expect("the role");
    kubectl::apply(&role);
    kubectl::run(
        &[
            "create",
            "token",
            "plumb-controller",
            "--namespace",
            "plumb-system",
        ],
        "",
    )
    .expect("a token")
    .trim()
    .to_owned()
}

/// The administrator's, with another user.
fn kubeconfig(token: &str) -> String {
    let text = kubectl::run(&["config", "view", "--raw", "--minify", "-o", "json"], "")
        .expect("a kubeconfig");
    let mut config: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    config["users"][0]["user"] = serde_json::json!({"token": token});
    config.to_string()
}
