//! One call of the plugin, made the way libcni makes it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::node::MARKER;
use crate::{Node, Outcome, Pod};

/// A call that takes longer is a failure. CRI-O gives a DEL sixty seconds; nothing
/// that a test asks for should need ten.
const DEADLINE: Duration = Duration::from_secs(10);

/// A call in the making. All six `CNI_*` variables are set, to nothing where a verb
/// has no use for them, because libcni does so.
#[derive(Debug, Clone)]
pub struct Call {
    program: PathBuf,
    wrapper: Vec<String>,
    environment: BTreeMap<String, String>,
    stdin: Vec<u8>,
    deadline: Duration,
}

impl Call {
    /// A call of the node's plugin: `verb` with no container, no interface and the given configuration.
    pub fn new(node: &Node, verb: &str, configuration: &Value) -> Self {
        let mut environment = BTreeMap::new();
        for (name, value) in [
            ("CNI_COMMAND", verb),
            ("CNI_CONTAINERID", ""),
            ("CNI_NETNS", ""),
            ("CNI_IFNAME", ""),
            ("CNI_ARGS", ""),
            ("CNI_PATH", &node.plugin().cni_path),
            (
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ),
            (MARKER, node.id()),
        ] {
            environment.insert(name.to_owned(), value.to_owned());
        }
        Self {
            program: node.plugin().program.clone(),
            wrapper: Vec::new(),
            environment,
            stdin: configuration.to_string().into_bytes(),
            deadline: DEADLINE,
        }
    }

    /// ADD of `eth0` to the pod.
    pub fn add(node: &Node, pod: &Pod, configuration: &Value) -> Self {
        Self::new(node, "ADD", configuration).pod(pod)
    }

    /// DEL of `eth0` from the pod.
    pub fn delete(node: &Node, pod: &Pod, configuration: &Value) -> Self {
        Self::new(node, "DEL", configuration).pod(pod)
    }

    /// CHECK of `eth0` in the pod, with the result of its ADD.
    pub fn check(node: &Node, pod: &Pod, configuration: &Value, result: &Value) -> Self {
        let mut configuration = configuration.clone();
        configuration["prevResult"] = result.clone();
        Self::new(node, "CHECK", &configuration).pod(pod)
    }

    /// STATUS of the network.
    pub fn status(node: &Node, configuration: &Value) -> Self {
        Self::new(node, "STATUS", configuration)
    }

    /// GC of the network; `valid` are the attachments that stay.
    pub fn gc(node: &Node, configuration: &Value, valid: &[(&Pod, &str)]) -> Self {
        let valid: Vec<Value> = valid
            .iter()
            .map(|(pod, interface)| serde_json::json!({"containerID": pod.container(), "ifname": interface}))
            .collect();
        let mut configuration = configuration.clone();
        configuration["cni.dev/valid-attachments"] = valid.into();
        Self::new(node, "GC", &configuration)
    }

    /// VERSION, with the literal values that libcni sends.
    pub fn version(node: &Node, stdin: &Value) -> Self {
        Self::new(node, "VERSION", stdin)
            .variable("CNI_NETNS", "dummy")
            .variable("CNI_IFNAME", "dummy")
            .variable("CNI_PATH", "dummy")
    }

    /// Sets container ID and network namespace, and `eth0` as the interface.
    pub fn pod(self, pod: &Pod) -> Self {
        self.variable("CNI_CONTAINERID", pod.container())
            .variable("CNI_NETNS", pod.path())
            .interface("eth0")
    }

    /// Sets `CNI_IFNAME`.
    pub fn interface(self, name: &str) -> Self {
        self.variable("CNI_IFNAME", name)
    }

    /// Sets `CNI_ARGS`.
    pub fn arguments(self, arguments: &str) -> Self {
        self.variable("CNI_ARGS", arguments)
    }

    /// Sets `CNI_PATH`.
    pub fn path(self, path: &str) -> Self {
        self.variable("CNI_PATH", path)
    }

    /// Sets one environment variable.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Leaves one environment variable out.
    pub fn without(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// Replaces stdin by exactly these bytes.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Calls another program than the node's plugin.
    pub fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// Runs the program by a shell that has set up something first, as in `2>&-`.
    pub fn by_shell(mut self, redirection: &str) -> Self {
        self.wrapper = vec![
            "/bin/sh".into(),
            "-c".into(),
            format!("exec \"$0\" {redirection}"),
        ];
        self
    }

    /// Gives the call another deadline.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The bytes that the plugin reads from stdin.
    pub fn input(&self) -> &[u8] {
        &self.stdin
    }

    /// The environment of the call.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Runs the call to its end.
    #[track_caller]
    pub fn run(self) -> Outcome {
        self.start().finish()
    }

    /// Starts the call; for several at a time.
    #[track_caller]
    pub fn start(self) -> Running {
        let program = self.program.clone();
        let mut command = match self.wrapper.split_first() {
            Some((shell, arguments)) => {
                let mut command = Command::new(shell);
                command.args(arguments).arg(&program);
                command
            }
            None => Command::new(&program),
        };
        let started = Instant::now();
        let mut child = command
            .env_clear()
            .envs(&self.environment)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("run {}: {error}", program.display()));
        let mut pipe = child.stdin.take().expect("stdin is piped");
        let bytes = self.stdin.clone();
        // A plugin may well end without reading its input; EPIPE is no failure then.
        std::thread::spawn(move || {
            let _ = pipe.write_all(&bytes);
        });
        Running {
            call: self,
            child,
            started,
        }
    }
}

/// A call that was started.
pub struct Running {
    call: Call,
    child: Child,
    started: Instant,
}

impl Running {
    /// Kills the plugin, as a runtime does whose own deadline has passed.
    pub fn kill(&mut self) {
        self.child.kill().expect("send SIGKILL to our own child");
    }

    /// The plugin's process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends the plugin a signal.
    pub fn signal(&self, signal: Signal) {
        let process = Pid::from_raw(self.child.id().cast_signed());
        kill(process, signal).expect("send a signal to our own child");
    }

    /// Waits until both outputs are closed and the plugin has ended.
    ///
    /// # Panics
    ///
    /// At the deadline. A child of the plugin that keeps stdout open counts too: a
    /// runtime would wait for it.
    #[track_caller]
    pub fn finish(mut self) -> Outcome {
        let mut outputs = [Vec::new(), Vec::new()];
        let in_time = read_both(
            &mut self.child,
            &mut outputs,
            self.started + self.call.deadline,
        );
        if !in_time {
            let _ = self.child.kill();
        }
        let status = self.child.wait().expect("wait for the plugin");
        let [stdout, stderr] = outputs;
        let outcome = Outcome {
            call: self.call,
            code: status.code(),
            signal: status.signal(),
            stdout,
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
            elapsed: self.started.elapsed(),
        };
        assert!(
            in_time,
            "the plugin, or a child that holds its outputs, was still running at the deadline\n{outcome}"
        );
        outcome
    }
}

/// Reads stdout and stderr to their ends; false at the deadline.
fn read_both(child: &mut Child, outputs: &mut [Vec<u8>; 2], deadline: Instant) -> bool {
    let mut stdout = child.stdout.take();
    let mut stderr = child.stderr.take();
    let mut buffer = [0; 65536];
    while stdout.is_some() || stderr.is_some() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let files: Vec<_> = [
            stdout.as_ref().map(AsFd::as_fd),
            stderr.as_ref().map(AsFd::as_fd),
        ]
        .into_iter()
        .flatten()
        .collect();
        let mut events: Vec<_> = files
            .iter()
            .map(|file| PollFd::new(*file, PollFlags::POLLIN))
            .collect();
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        if poll(&mut events, timeout).is_err() {
            continue;
        }
        let mut ready = events
            .iter()
            .map(|event| event.any().unwrap_or(false))
            .collect::<Vec<_>>()
            .into_iter();
        let stdout_ready = stdout.is_some() && ready.next().unwrap_or(false);
        let stderr_ready = stderr.is_some() && ready.next().unwrap_or(false);
        if stdout_ready && take(stdout.as_mut(), &mut buffer, &mut outputs[0]) {
            stdout = None;
        }
        if stderr_ready && take(stderr.as_mut(), &mut buffer, &mut outputs[1]) {
            stderr = None;
        }
    }
    true
}

/// Reads what there is; true at the end.
fn take(file: Option<&mut impl Read>, buffer: &mut [u8], output: &mut Vec<u8>) -> bool {
    let Some(file) = file else { return true };
    match file.read(buffer) {
        Ok(0) => true,
        Ok(length) => {
            output.extend_from_slice(&buffer[..length]);
            false
        }
        Err(error) => error.kind() != std::io::ErrorKind::Interrupted,
    }
}
