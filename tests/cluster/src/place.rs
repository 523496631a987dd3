//! The namespaces of a node, or of the control plane.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sched::{CloneFlags, setns};
use nix::sys::signal::Signal;
use plumb_runtimes::{Finished, host};

use crate::Daemon;

/// Seconds: a command that hangs is a failure, not a test that never ends.
const DEADLINE: &str = "120";

/// Mount, network and PID namespaces that a process of the cluster is in.
#[derive(Clone, Debug)]
pub struct Place {
    process: i32,
    folder: PathBuf,
}

impl Place {
    /// The namespaces of a process, as the machine numbers it. `folder` has the logs, the
    /// processes and the commands of the programs there.
    pub(crate) fn new(process: i32, folder: PathBuf) -> Self {
        Self { process, folder }
    }

    /// A command there, with the environment of an ordinary login.
    pub fn daemon_command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.process.to_string()])
            .args(["--mount", "--net", "--pid", "--"])
            .arg(program)
            .env_clear()
            .env("PATH", host::PATH)
            .env("HOME", "/root")
            .current_dir("/")
            .stdin(Stdio::null());
        command
    }

    /// As [`Self::daemon_command`], but it is ended after two minutes.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.daemon_command("timeout");
        command.args(["--kill-after", "5", DEADLINE]).arg(program);
        command
    }

    /// Runs a command line, split at white space, to its end.
    #[track_caller]
    pub fn run(&self, line: &str) -> Finished {
        let mut words = line.split_whitespace();
        let program = words.next().expect("a command line names a program");
        let mut command = self.command(program);
        command.args(words);
        Finished::of(command)
    }

    /// Runs a line of shell to its end.
    #[track_caller]
    pub fn shell(&self, line: &str) -> Finished {
        let mut command = self.command("sh");
        command.args(["-c", line]);
        Finished::of(command)
    }

    /// Sends a signal to a program that `up` has started, such as `apiserver` or a node's
    /// `kubelet`. Pods outlive theirs.
    #[track_caller]
    pub fn signal(&self, program: &str, signal: Signal) {
        let process = self.folder.join("pid").join(program);
        let line = format!("kill -{} $(cat {})", signal as i32, process.display());
        self.shell(&line).expect_success();
    }

    /// Starts a program again that `up` has started and that was killed.
    #[track_caller]
    pub fn start_again(&self, program: &str) {
        let file = |of: &str| self.folder.join(of).join(program);
        let line = format!(
            "{} </dev/null >>{} 2>&1 & echo $! >{}",
            file("start").display(),
            file("log").display(),
            file("pid").display(),
        );
        self.shell(&line).expect_success();
    }

    /// Starts a program that serves until it is killed: the agent or the controller. Its
    /// output goes to the log of this name.
    #[track_caller]
    pub fn start(&self, name: &str, mut command: Command) -> Daemon {
        let file = self.folder.join("log").join(name);
        let log = File::options().create(true).append(true).open(&file);
        let log = log.unwrap_or_else(|error| panic!("open {}: {error}", file.display()));
        let errors = log.try_clone().expect("share the log");
        command.stdout(log).stderr(errors);
        Daemon::new(command.spawn().expect("start a daemon"), file)
    }

    /// The path of a file of this place for a process of the machine.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.process));
        let path = path.as_ref();
        root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Reads a file; `None` where there is none.
    pub fn read(&self, path: impl AsRef<Path>) -> Option<String> {
        fs::read_to_string(self.path(path)).ok()
    }

    /// Writes a file, and makes its folder.
    #[track_caller]
    pub fn write(&self, path: impl AsRef<Path>, text: &str) {
        let file = self.path(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)
                .unwrap_or_else(|error| panic!("make {}: {error}", folder.display()));
        }
        fs::write(&file, text).unwrap_or_else(|error| panic!("write {}: {error}", file.display()));
    }

    /// Removes a file.
    #[track_caller]
    pub fn remove(&self, path: impl AsRef<Path>) {
        let file = self.path(path);
        fs::remove_file(&file).unwrap_or_else(|error| panic!("remove {}: {error}", file.display()));
    }

    /// Moves the calling thread into the network namespace, and with it the sockets and the
    /// threads that it makes from now on: a client of the test's own then reaches the API server.
    #[track_caller]
    pub fn enter_network(&self) {
        let namespace = File::open(format!("/proc/{}/ns/net", self.process));
        let namespace = namespace.expect("open the network namespace of the cluster");
        setns(namespace, CloneFlags::CLONE_NEWNET).expect("enter the network of the cluster");
    }
}
