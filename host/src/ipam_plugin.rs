//! IPAM plugins: the CNI binaries that a configuration may name instead of an address
//! policy (CNI specification, section 4, "Plugin Delegation").

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, getpid, getppid};
use serde_json::Value;

use crate::cni::keys;
use crate::{descendants, types};

/// Set for each plugin that is run, to its name. A copy of plumb that is called as an IPAM plugin knows by it that it
/// is one, and calls no other.
pub const CALLED_AS: &str = "PLUMB_IPAM_PLUGIN";

/// How long an ADD of an IPAM plugin may take: dhcp waits for its server.
const ADD_DEADLINE: Duration = Duration::from_secs(60);

/// How long any other verb may take. CRI-O gives a whole DEL one minute.
const DEADLINE: Duration = Duration::from_secs(20);

/// Most that is read of a plugin's standard output, in bytes. A result has hundreds.
const MAXIMAL_OUTPUT: usize = 4 * 1024 * 1024;

/// Why an IPAM plugin did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its name cannot be one.
    #[error("\"type\" {name:?} of \"ipam\" must be the file name of a plugin, without '/'")]
    Name {
        /// As written.
        name: String,
    },
    /// It is plumb, which would call itself without an end.
    #[error(
        "\"type\" {name:?} of \"ipam\" is plumb itself, which has no addresses to give: use \"pool\", or an ipam \
         plugin such as host-local"
    )]
    Itself {
        /// As written.
        name: String,
    },
    /// It is not there.
    #[error(
        "ipam plugin {name} is in none of the folders of CNI_PATH ({})",
        if path.is_empty() { "which is empty".into() } else { show(path) }
    )]
    NotInPath {
        /// Its name.
        name: String,
        /// The folders.
        path: Vec<PathBuf>,
    },
    /// It cannot be run.
    #[error("cannot run ipam plugin {}: {source}", plugin.display())]
    Run {
        /// Its path.
        plugin: PathBuf,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// It took too long and was killed.
    #[error("ipam plugin {plugin} did not finish {verb} within {} s and was killed", limit.as_secs())]
    TimedOut {
        /// Its name.
        plugin: String,
        /// What it was asked for.
        verb: &'static str,
        /// How long it had.
        limit: Duration,
    },
    /// It answered with an error.
    #[error("ipam plugin {plugin} refused {verb}: {message}")]
    Refused {
        /// Its name.
        plugin: String,
        /// What it was asked for.
        verb: &'static str,
        /// Its error code, if it gave one.
        code: Option<u32>,
        /// Its words.
        message: String,
        /// Its details.
        details: Option<String>,
    },
    /// It answered with something else.
    #[error("ipam plugin {plugin} answered {verb} with no result: {reason}")]
    Answer {
        /// Its name.
        plugin: String,
        /// What it was asked for.
        verb: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl Error {
    /// Whether the plugin does not speak the configuration's version (code 1 of the
    /// specification).
    pub fn is_incompatible_version(&self) -> bool {
        matches!(self, Self::Refused { code: Some(1), .. })
    }

    /// Whether it is plumb itself: nothing was ever reserved there.
    pub fn is_itself(&self) -> bool {
        matches!(self, Self::Itself { .. })
    }

    /// Whether it says that it does not know the verb, in the words of the reference library.
    fn is_unknown_verb(&self) -> bool {
        matches!(self, Self::Refused { code: Some(4), message, .. }
            if message.contains("unknown CNI_COMMAND"))
    }
}

fn show(path: &[PathBuf]) -> String {
    let folders: Vec<_> = path.iter().map(|folder| folder.to_string_lossy()).collect();
    folders.join(", ")
}

/// What a plugin is called with: the runtime's own environment and standard input.
#[derive(Debug, Clone)]
pub struct Call {
    /// `CNI_CONTAINERID`
    pub container_id: String,
    /// `CNI_NETNS`
    pub netns: PathBuf,
    /// `CNI_IFNAME`
    pub interface_name: String,
    /// `CNI_ARGS`
    pub arguments: String,
    /// `CNI_PATH`
    pub path: Vec<PathBuf>,
    /// Standard input.
    pub configuration: Vec<u8>,
}

impl Call {
    /// Runs the plugin. The result is that of ADD or VERSION; other verbs answer nothing.
    pub fn run(&self, name: &str, verb: &'static str) -> Result<Option<Value>, Error> {
        let plugin = find(name, &self.path)?;
        let limit = if verb == "ADD" {
            ADD_DEADLINE
        } else {
            DEADLINE
        };
        let (status, output) = self
            .execute(&plugin, verb, limit)
            .map_err(|error| match error {
                Stopped::Io(source) => Error::Run {
                    plugin: plugin.clone(),
                    source,
                },
                Stopped::TimedOut => Error::TimedOut {
                    plugin: name.to_owned(),
                    verb,
                    limit,
                },
            })?;
        answer(name, verb, status, &output)
    }

    /// Runs a verb that came with version 1.1.0 of the specification; whether the plugin knows it.
    ///
    /// What an older one says to such a verb differs: the reference library's skeleton of its time looks for a
    /// container first. So a plugin that refuses is asked for the versions that it speaks.
    pub fn run_if_known(&self, name: &str, verb: &'static str) -> Result<bool, Error> {
        match self.run(name, verb) {
            Ok(_) => Ok(true),
            Err(error) if error.is_unknown_verb() => Ok(false),
            Err(error @ Error::Refused { .. }) => match self.run(name, "VERSION") {
                Ok(Some(answer)) if is_older(&answer) => Ok(false),
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// `CNI_ARGS` as the plugin gets them. The runtime's are for many, and the reference library refuses those that it
    /// does not know (`LoadArgs`, pkg/types/args.go), unless it is told otherwise.
    fn plugin_arguments(&self) -> String {
        let mut keys = self.arguments.split(';').map(|pair| pair.split('=').next());
        match self.arguments.as_str() {
            "" => String::new(),
            arguments if keys.any(|key| key == Some("IgnoreUnknown")) => arguments.to_owned(),
            arguments => format!("IgnoreUnknown=1;{arguments}"),
        }
    }

    fn execute(
        &self,
        plugin: &Path,
        verb: &str,
        limit: Duration,
    ) -> Result<(ExitStatus, Vec<u8>), Stopped> {
        let path = std::env::join_paths(&self.path).unwrap_or_else(|_| OsString::new());
        let parent = getpid();
        let mut command = Command::new(plugin);
        command
            .env(CALLED_AS, plugin.file_name().unwrap_or_default())
            .env("CNI_COMMAND", verb)
            .env("CNI_CONTAINERID", &self.container_id)
            .env("CNI_NETNS", &self.netns)
            .env("CNI_IFNAME", &self.interface_name)
            .env("CNI_ARGS", self.plugin_arguments())
            .env("CNI_PATH", path)
            .stdin(Stdio::from(input(&self.configuration)?))
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            // What it starts is killed with it, at once what stays in its group.
            .process_group(0);
        // SAFETY: what runs between fork(2) and execve(2) are three system calls that signal-safety(7) allows.
        unsafe {
            command.pre_exec(move || end_with(parent));
        }
        descendants::take_orphans()?;
        let mut child = command.spawn()?;
        let outcome = wait(&mut child, Instant::now() + limit);
        if outcome.is_err() {
            if let Ok(group) = i32::try_from(child.id()) {
                let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
            }
            let _ = child.wait();
            descendants::kill_all();
        }
        outcome
    }
}

/// In the child: the kernel kills it when its parent dies (`PR_SET_PDEATHSIG`, prctl(2)), so that no address is reserved
/// behind the back of a DEL that comes next. It is the parent's thread that counts: plumb has one.
fn end_with(parent: Pid) -> std::io::Result<()> {
    set_pdeathsig(Signal::SIGKILL)?;
    // It may have died before.
    if getppid() == parent {
        Ok(())
    } else {
        Err(nix::errno::Errno::ESRCH.into())
    }
}

/// Why waiting for a child ended early.
enum Stopped {
    Io(std::io::Error),
    TimedOut,
}

impl From<std::io::Error> for Stopped {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<nix::errno::Errno> for Stopped {
    fn from(errno: nix::errno::Errno) -> Self {
        Self::Io(errno.into())
    }
}

/// The configuration as a file in memory: a pipe would block on a plugin that does not
/// read, and needs a second thread.
fn input(text: &[u8]) -> Result<std::fs::File, Stopped> {
    use std::io::Seek;
    let memory =
        nix::sys::memfd::memfd_create("configuration", nix::sys::memfd::MFdFlags::MFD_CLOEXEC)?;
    let mut file = std::fs::File::from(memory);
    file.write_all(text)?;
    file.rewind()?;
    Ok(file)
}

/// Reads all of the child's output and waits for its end, until the deadline.
fn wait(child: &mut Child, deadline: Instant) -> Result<(ExitStatus, Vec<u8>), Stopped> {
    let mut output = Vec::new();
    let mut closed = child.stdout.is_none();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Stopped::TimedOut);
        }
        if let Some(stdout) = child.stdout.as_mut().filter(|_| !closed) {
            // A plugin may leave a daemon behind that keeps the pipe open: its own end
            // counts too, so the wait is cut into pieces.
            let piece = left.min(Duration::from_millis(50));
            let timeout = PollTimeout::try_from(piece).unwrap_or(PollTimeout::ZERO);
            let mut ready = [PollFd::new(stdout.as_fd(), PollFlags::POLLIN)];
            match poll(&mut ready, timeout) {
                Ok(0) | Err(nix::errno::Errno::EINTR) => {}
                Ok(_) => {
                    let mut piece = [0; 4096];
                    match stdout.read(&mut piece)? {
                        0 => closed = true,
                        length if output.len() < MAXIMAL_OUTPUT => {
                            output.extend_from_slice(&piece[..length]);
                        }
                        _ => {}
                    }
                    continue;
                }
                Err(errno) => return Err(errno.into()),
            }
        }
        match child.try_wait()? {
            Some(status) => return Ok((status, output)),
            None if closed => std::thread::sleep(Duration::from_micros(200)),
            None => {}
        }
    }
}

/// The first file of this name that can be executed in the folders of `CNI_PATH`.
fn find(name: &str, path: &[PathBuf]) -> Result<PathBuf, Error> {
    if name.contains(['/', '\\']) || name == "." || name == ".." {
        return Err(Error::Name {
            name: name.to_owned(),
        });
    }
    let itself = || Error::Itself {
        name: name.to_owned(),
    };
    if types::types().any(|own| own == name) {
        return Err(itself());
    }
    let mut unknown = None;
    let found = path
        .iter()
        .map(|folder| folder.join(name))
        .find_map(|plugin| match std::fs::metadata(&plugin) {
            Ok(metadata) => {
                let is_program = metadata.is_file() && metadata.permissions().mode() & 0o111 != 0;
                is_program.then_some((plugin, metadata))
            }
            Err(source) => {
                if !is_absence(&source) {
                    unknown = Some(Error::Run { plugin, source });
                }
                None
            }
        });
    let (file, metadata) = found.ok_or_else(|| {
        unknown.unwrap_or_else(|| Error::NotInPath {
            name: name.to_owned(),
            path: path.to_owned(),
        })
    })?;
    // By whatever name, as a link or a hard link; a copy knows by the environment.
    let own = std::fs::metadata("/proc/self/exe").map_err(|source| Error::Run {
        plugin: file.clone(),
        source,
    })?;
    if (metadata.dev(), metadata.ino()) == (own.dev(), own.ino()) {
        return Err(itself());
    }
    Ok(file)
}

/// Whether an error says that there is no such file. One that says anything else may hide the plugin.
fn is_absence(error: &std::io::Error) -> bool {
    use nix::libc::{ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR};
    let errno = error.raw_os_error();
    errno.is_some_and(|errno| [ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG].contains(&errno))
}

/// Whether a plugin of this name could be run.
pub fn check(name: &str, path: &[PathBuf]) -> Result<(), Error> {
    find(name, path).map(drop)
}

/// Whether a plugin that answers VERSION so speaks nothing as new as 1.1.0, which has STATUS and GC.
fn is_older(answer: &Value) -> bool {
    let versions = answer
        .as_object()
        .and_then(|answer| keys::get(answer, "supportedVersions"))
        .and_then(Value::as_array);
    let is_new = |version: &Value| {
        let mut numbers = version.as_str().unwrap_or_default().split('.');
        let mut number = || numbers.next()?.parse::<u32>().ok();
        number().zip(number()) >= Some((1, 1))
    };
    versions.is_some_and(|versions| !versions.iter().any(is_new))
}

fn answer(
    plugin: &str,
    verb: &'static str,
    status: ExitStatus,
    output: &[u8],
) -> Result<Option<Value>, Error> {
    let parsed: Result<Value, _> = serde_json::from_slice(output);
    if !status.success() {
        let object = parsed.as_ref().ok().and_then(Value::as_object);
        let text = |key: &str| {
            object
                .and_then(|object| keys::get(object, key))
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        return Err(Error::Refused {
            plugin: plugin.to_owned(),
            verb,
            code: object
                .and_then(|object| keys::get(object, "code"))
                .and_then(Value::as_u64)
                .and_then(|code| u32::try_from(code).ok())
                .filter(|code| *code != 0),
            message: match text("msg") {
                Some(message) => message.to_owned(),
                None => format!("{status}, and no error object on its standard output"),
            },
            details: text("details").map(str::to_owned),
        });
    }
    if !matches!(verb, "ADD" | "VERSION") {
        return Ok(None);
    }
    match parsed {
        Ok(value) if value.is_object() => Ok(Some(value)),
        Ok(other) => Err(Error::Answer {
            plugin: plugin.to_owned(),
            verb,
            reason: format!("{other} is not an object"),
        }),
        Err(_) if output.is_empty() => Err(Error::Answer {
            plugin: plugin.to_owned(),
            verb,
            reason: "its standard output is empty".into(),
        }),
        Err(error) => Err(Error::Answer {
            plugin: plugin.to_owned(),
            verb,
            reason: format!(
                "{error}; it begins with {:?}",
                String::from_utf8_lossy(&output[..output.len().min(80)])
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(arguments: &str) -> Call {
        Call {
            container_id: String::new(),
            netns: PathBuf::new(),
            interface_name: String::new(),
            arguments: arguments.to_owned(),
            path: Vec::new(),
            configuration: Vec::new(),
        }
    }

    fn passed_on(arguments: &str) -> String {
        call(arguments).plugin_arguments()
    }

    /// It would reserve an address behind the back of the DEL that comes next.
    #[test]
    fn what_a_plugin_started_ends_with_its_time_wherever_it_went() {
        let folder = tempfile::tempdir().unwrap();
        let (plugin, started) = (folder.path().join("slow"), folder.path().join("started"));
        // One in a session of its own, and one that such a one started and left.
        let script = format!(
            "#!/bin/sh\nsetsid sh -c 'setsid sh -c \"echo \\$\\$ > {0}.draft; mv {0}.draft {0}; exec sleep 600\" & exit' &\nexec sleep 600\n",
            started.display()
        );
        std::fs::write(&plugin, script).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&plugin, executable).unwrap();
        let outcome = call("").execute(&plugin, "ADD", Duration::from_secs(5));
        assert!(matches!(outcome, Err(Stopped::TimedOut)));
        let process = std::fs::read_to_string(&started).expect("it was started");
        let process = Pid::from_raw(process.trim().parse().unwrap());
        let is_there = nix::sys::signal::kill(process, None);
        assert_eq!(is_there, Err(nix::errno::Errno::ESRCH), "{process} lives");
    }

    #[test]
    fn unknown_arguments_are_to_be_ignored_unless_the_runtime_says_otherwise() {
        for (given, expected) in [
            ("", ""),
            ("K8S_POD_NAME=a", "IgnoreUnknown=1;K8S_POD_NAME=a"),
            ("NotIgnoreUnknown=1", "IgnoreUnknown=1;NotIgnoreUnknown=1"),
            ("A=IgnoreUnknown", "IgnoreUnknown=1;A=IgnoreUnknown"),
            ("A=1;IgnoreUnknown=true", "A=1;IgnoreUnknown=true"),
            ("IgnoreUnknown=0;A=1", "IgnoreUnknown=0;A=1"),
        ] {
            assert_eq!(passed_on(given), expected, "{given}");
        }
    }

    #[test]
    fn a_plugin_is_older_that_says_so() {
        for (versions, older) in [
            (json!(["0.1.0", "0.4.0", "1.0.0"]), true),
            (json!([]), true),
            (json!(["1.0.0", "1.1.0"]), false),
            (json!(["2.0.0"]), false),
            (json!(["1.10.0"]), false),
            (json!("1.0.0"), false),
            (json!(null), false),
        ] {
            let answer = json!({"supportedVersions": versions});
            assert_eq!(is_older(&answer), older, "{answer}");
        }
    }
}
