//! `ctr run --cni`, containerd's own tool: one container, one network.

use std::process::Child;

use cni_harness::wait;

use crate::finished::start;
use crate::{Containerd, Finished, containerd, image, inside, leases};

/// containerd's namespace for ctr, and the first part of the container ID in a plugin's call.
const NAMESPACE: &str = "default";

/// ctr, which talks to a containerd.
#[derive(Clone, Copy)]
pub struct Ctr<'containerd> {
    containerd: &'containerd Containerd<'containerd>,
}

/// A container in the foreground of a ctr: it is detached when its process has ended.
pub struct Foreground {
    name: String,
    ctr: Child,
}

impl<'containerd> Ctr<'containerd> {
    /// For this daemon.
    pub fn new(containerd: &'containerd Containerd<'containerd>) -> Self {
        Self { containerd }
    }

    /// Starts ctr with a sleeping container.
    #[track_caller]
    pub fn start(&self, name: &str) -> Foreground {
        let group = format!("{}/{name}", self.containerd.host().control_group());
        let mut command = self.containerd.ctr(NAMESPACE);
        command
            .args([
                "run",
                "--rm",
                "--cni",
                "--snapshotter",
                containerd::SNAPSHOTTER,
            ])
            .args(["--cgroup", &group, image::NAME, name]);
        Foreground {
            name: name.to_owned(),
            ctr: start(&mut command),
        }
    }

    /// As [`Self::start`], and waits until the container is attached and runs.
    #[track_caller]
    pub fn run(&self, name: &str) -> Foreground {
        let container = self.start(name);
        self.wait_until_running(name);
        container
    }

    /// Waits until a container holds an address, has it on its interface, and runs commands. It runs them before it is
    /// attached, and an address is held before the interface is made.
    #[track_caller]
    pub fn wait_until_running(&self, name: &str) {
        wait::until(&format!("{name} is attached and runs"), || {
            !leases::of(&container_id(name), "eth0").is_empty() && {
                let shown = self.call_inside(name, &["ip", "-o", "address", "show"]);
                shown.succeeded() && !inside::addresses(&shown.expect_success(), "eth0").is_empty()
            }
        });
    }

    /// Runs a command in a container.
    #[track_caller]
    pub fn call_inside(&self, name: &str, command: &[&str]) -> Finished {
        self.containerd.execute(NAMESPACE, name, command)
    }

    /// The addresses of a container's interface, as the container sees them.
    #[track_caller]
    pub fn addresses(&self, name: &str, interface: &str) -> Vec<String> {
        let shown = self.call_inside(name, &["ip", "-o", "address", "show"]);
        inside::addresses(&shown.expect_success(), interface)
    }

    /// Pings an address from a container until it answers.
    #[track_caller]
    pub fn ping(&self, name: &str, address: &str) {
        wait::until(&format!("{address} answers to {name}"), || {
            self.call_inside(name, &inside::ping(address)).succeeded()
        });
    }

    /// Kills the process of a container.
    #[track_caller]
    pub fn kill(&self, name: &str) {
        let mut command = self.containerd.ctr(NAMESPACE);
        command.args(["task", "kill", "--signal", "SIGKILL", name]);
        Finished::of(command).expect_success();
    }

    /// Removes what ctr leaves in containerd when a container could not be attached: the
    /// container, and its process, which waits to be started.
    #[track_caller]
    pub fn remove(&self, name: &str) {
        for arguments in [
            &["task", "remove", "--force", name][..],
            &["container", "remove", name],
        ] {
            let mut command = self.containerd.ctr(NAMESPACE);
            command.args(arguments);
            Finished::of(command).expect_success();
        }
    }
}

impl Foreground {
    /// Waits until ctr has detached and removed the container.
    #[track_caller]
    pub fn finish(self) -> Finished {
        Finished::wait(format!("ctr run --cni {}", self.name), self.ctr)
    }
}

/// The container ID that ctr passes to plugins.
pub fn container_id(name: &str) -> String {
    format!("{NAMESPACE}-{name}")
}
