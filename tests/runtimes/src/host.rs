//! A node on which a container runtime can run, with plumb installed as a user does it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cni_harness::Node;
use cni_harness::node::MARKER;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use plumb_tests::binaries;
use serde_json::Value;

use crate::{Finished, cgroups, image, mounts, network, packages};

/// Where plumb is installed: containerd and podman look there.
pub const PLUGINS: &str = "/opt/cni/bin";

/// Where the programs of the machine are.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Seconds: a runtime that hangs is a failure, not a test that never ends.
const DEADLINE: &str = "60";

/// A killed process is gone from its control group a moment later.
const PATIENCE: Duration = Duration::from_secs(10);

/// A [`Node`] with control groups, `/etc` and `/opt` of its own to write to, plumb in
/// [`PLUGINS`], and an image for containers.
pub struct Host {
    node: Node,
    group: String,
}

impl Host {
    /// Makes the host, with one network of one plugin. As with [`Node::new`], the calling
    /// thread moves into it.
    ///
    /// # Panics
    ///
    /// When this is not root, who alone may make control groups.
    pub fn new(plugin: &Value) -> Self {
        assert!(
            nix::unistd::geteuid().is_root(),
            "the tests with container runtimes need root: run them with sudo"
        );
        for (program, package) in [("runc", "runc"), ("timeout", "coreutils"), ("tar", "tar")] {
            packages::require(program, package);
        }
        let node = plumb_tests::node();
        let group = format!("plumb-test-{}", node.id());
        let host = Self { node, group };
        mounts::control_groups(host.scratch());
        mounts::shared_memory();
        mounts::namespaces();
        mounts::writable("/etc", host.scratch());
        mounts::writable("/opt", host.scratch());
        image::make(&host);
        network::set(plugin);
        let mut install = host.command(binaries::plumbctl());
        install.args(["install", "--bin-dir", PLUGINS, "--binary"]);
        install.arg(binaries::plumb());
        Finished::of(install).expect_success();
        host
    }

    /// The node below.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// A folder for the test's own files, and for the runtimes' stores.
    pub fn scratch(&self) -> &Path {
        self.node.scratch()
    }

    /// The control group, from the root, in which all containers of this host are.
    pub fn control_group(&self) -> String {
        format!("/{}", self.group)
    }

    /// A command with the environment of an ordinary login, marked as this test's.
    pub fn daemon(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", PATH)
            .env("HOME", "/root")
            .env(MARKER, self.node.id())
            .current_dir("/")
            .stdin(Stdio::null());
        command
    }

    /// As [`Self::daemon`], but it is ended after a minute.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.daemon("timeout");
        command.args(["--kill-after", "5", DEADLINE]).arg(program);
        command
    }

    /// Runs a command to its end.
    #[track_caller]
    pub fn run<Argument: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = Argument>,
    ) -> Finished {
        let mut command = self.command(program);
        command.args(arguments);
        Finished::of(command)
    }
}

impl Host {
    /// Whether nothing of this test runs any more, and its control group is gone. What runs is
    /// killed: helpers that a runtime starts when its container dies are found the next time.
    fn has_ended(&self) -> bool {
        let marked = self.node.processes().into_iter();
        let mut processes: Vec<Pid> = marked.map(|(process, _)| Pid::from_raw(process)).collect();
        // What has not become a container yet, such as `runc init`, bears no mark.
        processes.extend(cgroups::processes(&self.group));
        for process in &processes {
            // One that ended by itself in the meantime is what we want.
            let _ = kill(*process, Signal::SIGKILL);
        }
        processes.is_empty() && cgroups::remove(&self.group).is_ok()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let started = Instant::now();
        while !self.has_ended() {
            if started.elapsed() > PATIENCE {
                eprintln!("processes, or the control group {}, are left", self.group);
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
