//! containerd, with stores of its own on a host.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};

use cni_harness::{PACKAGED_PLUGINS, wait};

use crate::{Finished, Host, host, image, network, packages};

/// Copies the files of an image for each container.
pub const SNAPSHOTTER: &str = "native";

/// The daemon. It ends with the test's thread.
pub struct Containerd<'host> {
    host: &'host Host,
    daemon: Option<Child>,
}

impl<'host> Containerd<'host> {
    /// Writes the configuration, starts the daemon, and imports the image for `ctr` and for
    /// CRI, each of which has a namespace of its own.
    #[track_caller]
    pub fn new(host: &'host Host) -> Self {
        for (program, package) in [
            ("containerd", "containerd"),
            ("ctr", "containerd"),
            ("setpriv", "util-linux"),
        ] {
            packages::require(program, package);
        }
        let mut containerd = Self { host, daemon: None };
        let file = containerd.folder().join("config.toml");
        fs::create_dir_all(containerd.folder()).expect("make containerd's folder");
        fs::write(file, containerd.configuration()).expect("write containerd's configuration");
        // CRI brings the loopback up by a plugin, which it looks for where the others are.
        let loopback = Path::new(PACKAGED_PLUGINS).join("loopback");
        symlink(loopback, format!("{}/loopback", host::PLUGINS)).expect("link loopback");
        containerd.start();
        let archive = image::archive(host);
        for namespace in ["default", "k8s.io"] {
            let mut import = containerd.ctr(namespace);
            import
                .args(["image", "import", "--snapshotter", SNAPSHOTTER])
                .arg(&archive);
            Finished::of(import).expect_success();
        }
        containerd
    }

    /// Starts the daemon and waits until it answers.
    #[track_caller]
    pub fn start(&mut self) {
        let log = File::create(self.log()).expect("make containerd's log");
        let errors = log.try_clone().expect("share containerd's log");
        let daemon = self
            .host
            .daemon("setpriv")
            .args(["--pdeathsig", "KILL", "containerd", "--config"])
            .arg(self.folder().join("config.toml"))
            .stdout(log)
            .stderr(errors)
            .spawn()
            .expect("start containerd");
        self.daemon = Some(daemon);
        wait::until("containerd answers", || {
            let mut version = self.ctr("default");
            version.arg("version");
            Finished::of(version).succeeded()
        });
    }

    /// Kills the daemon, as a crash does; containers and their shims live on.
    #[track_caller]
    pub fn kill(&mut self) {
        let mut daemon = self.daemon.take().expect("containerd runs");
        daemon.kill().expect("kill containerd");
        daemon.wait().expect("wait for containerd");
    }

    /// The socket of the daemon.
    pub fn socket(&self) -> PathBuf {
        self.folder().join("containerd.sock")
    }

    /// The host that it runs on.
    pub fn host(&self) -> &'host Host {
        self.host
    }

    /// A command of ctr in one of containerd's namespaces.
    pub fn ctr(&self, namespace: &str) -> Command {
        let mut command = self.host.command("ctr");
        command
            .arg("--address")
            .arg(self.socket())
            .args(["--namespace", namespace]);
        command
    }

    /// Runs a command in a container.
    #[track_caller]
    pub fn execute(&self, namespace: &str, container: &str, command: &[&str]) -> Finished {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let process = format!("exec-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut ctr = self.ctr(namespace);
        ctr.args(["task", "exec", "--exec-id", &process, container])
            .args(command);
        Finished::of(ctr)
    }

    fn log(&self) -> PathBuf {
        self.folder().join("log")
    }

    fn folder(&self) -> PathBuf {
        self.host.scratch().join("containerd")
    }

    fn configuration(&self) -> String {
        format!(
            r#"
version = 2
root = "{folder}/root"
state = "{folder}/state"
[grpc]
address = "{socket}"
[debug]
level = "warn"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{image}"
# A score below the daemon's own takes CAP_SYS_RESOURCE.
restrict_oom_score_adj = true
# A profile is loaded into the kernel, for all of the machine.
disable_apparmor = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{plugins}"
conf_dir = "{networks}"
# An overlay on the overlay of a machine that is itself a container may be one too many.
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "{SNAPSHOTTER}"
"#,
            folder = self.folder().display(),
            socket = self.socket().display(),
            image = image::NAME,
            plugins = host::PLUGINS,
            networks = network::FOLDER,
        )
    }
}

impl Drop for Containerd<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.log()).unwrap_or_default();
            eprintln!("what containerd wrote:\n{log}");
        }
        if self.daemon.is_some() {
            self.kill();
        }
    }
}
