//! podman with the CNI backend, as Debian 12 has it.

use std::fs;
use std::process::Child;

use cni_harness::node::MARKER;
use cni_harness::{PACKAGED_PLUGINS, wait};
use serde_json::Value;

use crate::finished::start;
use crate::{Finished, Host, image, inside, packages};

/// podman with stores of its own on a host.
pub struct Podman<'host> {
    host: &'host Host,
}

impl<'host> Podman<'host> {
    /// Writes podman's configuration and loads the image.
    #[track_caller]
    pub fn new(host: &'host Host) -> Self {
        for program in ["podman", "conmon"] {
            packages::require(program, program);
        }
        configure(host);
        let podman = Self { host };
        let backend = podman.succeed(&["info", "--format", "{{.Host.NetworkBackend}}"]);
        assert_eq!(
            backend, "cni",
            "this podman was built without CNI, Debian 12 has one with it"
        );
        let archive = image::archive(host);
        podman.succeed(&["load", "--input", &archive.to_string_lossy()]);
        podman
    }

    /// Runs podman to its end.
    #[track_caller]
    pub fn call(&self, arguments: &[&str]) -> Finished {
        self.host.run("podman", arguments)
    }

    /// Runs podman, which must succeed; what it printed.
    #[track_caller]
    pub fn succeed(&self, arguments: &[&str]) -> String {
        self.call(arguments).expect_success()
    }

    /// Runs a sleeping container; `network` with its options, as podman's `--network` has it.
    #[track_caller]
    pub fn run(&self, name: &str, networks: &[&str]) -> Finished {
        Finished::wait(format!("podman run {name}"), self.start(name, networks))
    }

    /// As [`Self::run`], without waiting for it.
    #[track_caller]
    pub fn start(&self, name: &str, networks: &[&str]) -> Child {
        let mut command = self.host.command("podman");
        command.args(["run", "--detach", "--name", name]);
        command.args(["--cgroup-parent", &self.host.control_group()]);
        // podman takes it away, and ping needs it.
        command.args(["--cap-add", "NET_RAW"]);
        for network in networks {
            command.args(["--network", network]);
        }
        command.arg(image::NAME);
        start(&mut command)
    }

    /// Runs a command in a container, which must succeed.
    #[track_caller]
    pub fn inside(&self, name: &str, command: &[&str]) -> String {
        let mut arguments = vec!["exec", name];
        arguments.extend(command);
        self.succeed(&arguments)
    }

    /// The addresses of a container's interface, as the container sees them.
    #[track_caller]
    pub fn addresses(&self, name: &str, interface: &str) -> Vec<String> {
        inside::addresses(
            &self.inside(name, &["ip", "-o", "address", "show"]),
            interface,
        )
    }

    /// Pings an address from a container until it answers.
    #[track_caller]
    pub fn ping(&self, name: &str, address: &str) {
        wait::until(&format!("{address} answers to {name}"), || {
            let mut arguments = vec!["exec", name];
            arguments.extend(inside::ping(address));
            self.call(&arguments).succeeded()
        });
    }

    /// What podman knows of a container.
    #[track_caller]
    pub fn inspect(&self, name: &str) -> Value {
        let printed = self.succeed(&["inspect", name]);
        let mut all: Value = serde_json::from_str(&printed).expect("podman inspect prints JSON");
        all[0].take()
    }

    /// Removes a container, running or not; an unknown one is no error.
    #[track_caller]
    pub fn remove(&self, name: &str) {
        self.succeed(&["rm", "--force", "--time", "0", name]);
    }
}

/// Everything that podman would share with another podman of the machine is in the host's
/// scratch folder.
#[track_caller]
fn configure(host: &Host) {
    let store = host.scratch().join("podman");
    let store = store.display();
    let containers = format!(
        r#"
[containers]
# podman raises both limits otherwise, which takes CAP_SYS_RESOURCE.
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
# A profile is loaded into the kernel, for all of the machine.
apparmor_profile = "unconfined"
[network]
network_backend = "cni"
cni_plugin_dirs = ["{plugins}", "{reference}"]
[engine]
# There is no systemd on the host.
cgroup_manager = "cgroupfs"
events_logger = "none"
# crun refuses control groups of both versions side by side; runc is what containerd has, too.
runtime = "runc"
# conmon hands its environment down to the podman that detaches a container that ended.
conmon_env_vars = ["{MARKER}={id}"]
tmp_dir = "{store}/tmp"
static_dir = "{store}/static"
volume_path = "{store}/volumes"
"#,
        plugins = crate::host::PLUGINS,
        reference = PACKAGED_PLUGINS,
        id = host.node().id(),
    );
    let storage = format!(
        "[storage]\ndriver = \"overlay\"\ngraphroot = \"{store}/storage\"\nrunroot = \"{store}/run\"\n"
    );
    let policy = r#"{"default": [{"type": "insecureAcceptAnything"}]}"#;
    fs::create_dir_all("/etc/containers").expect("make podman's folder");
    for (file, content) in [
        ("containers.conf", containers.as_str()),
        ("storage.conf", &storage),
        ("policy.json", policy),
    ] {
        fs::write(format!("/etc/containers/{file}"), content)
            .expect("write podman's configuration");
    }
}
