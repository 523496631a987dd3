//! Runs one program and measures it: the process only, nothing around it.
//!
//! Everything that a caller prepares (arguments, environment, stdin) is ready before
//! the clock starts. Standard streams are memory files rather than pipes, so that
//! neither a reader nor a writer takes part in the measured time.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::{Barrier, Mutex};
use std::time::{Duration, Instant};

use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::error::Error;
use crate::statistics::Sample;

/// A call of a program, complete.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The executable; no search path is used.
    pub program: PathBuf,
    /// Arguments without the program's name.
    pub arguments: Vec<OsString>,
    /// The whole environment; nothing is inherited.
    pub environment: Vec<(&'static str, String)>,
    /// What the program finds on stdin.
    pub stdin: Vec<u8>,
}

/// What a program did and what it cost.
#[derive(Debug)]
pub struct Finished {
    /// Time and memory.
    pub sample: Sample,
    /// Everything on stdout.
    pub stdout: Vec<u8>,
}

/// Runs the program and waits for it.
///
/// Errors: `System` when it cannot be started, `Call` when it exits with anything
/// but 0 or writes an error.
pub fn run(invocation: &Invocation) -> Result<Finished, Error> {
    let mut prepared = Prepared::new(invocation)?;
    let started = Instant::now();
    let (status, sample) = prepared.run(started)?;
    prepared.finish(status, sample)
}

/// Runs all programs, released at the same moment. Returns the time from the release
/// to the end of the last one, and each result in the order of the invocations.
///
/// Errors: as [`run`]; the first one found, after all programs have ended.
pub fn run_together(invocations: &[Invocation]) -> Result<(Duration, Vec<Finished>), Error> {
    let mut prepared = invocations
        .iter()
        .map(Prepared::new)
        .collect::<Result<Vec<_>, _>>()?;
    let gate = Barrier::new(prepared.len() + 1);
    let started = Mutex::new(None);
    let (outcomes, total) = std::thread::scope(|scope| {
        let threads: Vec<_> = prepared
            .iter_mut()
            .map(|one| {
                scope.spawn(|| {
                    gate.wait();
                    let started = *started
                        .lock()
                        .unwrap_or_else(|poisoned| poisoned.into_inner())
                        .get_or_insert_with(Instant::now);
                    one.run(started)
                })
            })
            .collect();
        gate.wait();
        let outcomes: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().expect("a launching thread does not panic"))
            .collect();
        let total = outcomes
            .iter()
            .flatten()
            .map(|(_, sample)| sample.wall)
            .max();
        (outcomes, total.unwrap_or_default())
    });
    let finished = prepared
        .into_iter()
        .zip(outcomes)
        .map(|(one, outcome)| outcome.and_then(|(status, sample)| one.finish(status, sample)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok((total, finished))
}

/// A command whose streams are open: all that is left is to start it.
struct Prepared<'a> {
    invocation: &'a Invocation,
    command: Command,
    stdout: File,
    stderr: File,
}

impl<'a> Prepared<'a> {
    fn new(invocation: &'a Invocation) -> Result<Self, Error> {
        let mut stdin = memory_file()?;
        stdin
            .write_all(&invocation.stdin)
            .and_then(|()| stdin.rewind())
            .map_err(Error::system("write the stdin of a call"))?;
        let stdout = memory_file()?;
        let stderr = memory_file()?;
        let copy = |file: &File| {
            file.try_clone()
                .map_err(Error::system("duplicate a memory file"))
        };
        let mut command = Command::new(&invocation.program);
        command
            .args(&invocation.arguments)
            .env_clear()
            .envs(
                invocation
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .stdin(stdin)
            .stdout(copy(&stdout)?)
            .stderr(copy(&stderr)?);
        Ok(Self {
            invocation,
            command,
            stdout,
            stderr,
        })
    }

    /// Times from `started` to the program's end. The standard library starts a
    /// command without hooks by `posix_spawn`, that is vfork and exec.
    fn run(&mut self, started: Instant) -> Result<(ExitStatus, Sample), Error> {
        let child = self.command.spawn().map_err(Error::system(format!(
            "start {:?}",
            self.invocation.program
        )))?;
        let (status, usage) = wait(child.id())?;
        let wall = started.elapsed();
        let sample = Sample {
            wall,
            cpu: duration(usage.ru_utime) + duration(usage.ru_stime),
            // getrusage(2): in KiB, and of the largest process, not the sum.
            peak_memory: u64::try_from(usage.ru_maxrss).unwrap_or_default() * 1024,
        };
        Ok((status, sample))
    }

    fn finish(mut self, status: ExitStatus, sample: Sample) -> Result<Finished, Error> {
        let stdout = contents(&mut self.stdout)?;
        if status.success() {
            return Ok(Finished { sample, stdout });
        }
        let mut output = stdout;
        output.extend(contents(&mut self.stderr)?);
        let verb = self
            .invocation
            .environment
            .iter()
            .find(|(name, _)| *name == "CNI_COMMAND");
        Err(Error::Call {
            program: self.invocation.program.clone(),
            call: match verb {
                Some((_, verb)) => verb.clone(),
                None => format!("{:?}", self.invocation.arguments),
            },
            status: status.to_string(),
            output: String::from_utf8_lossy(&output).trim().to_owned(),
        })
    }
}

/// wait4(2) rather than `Child::wait`, for the usage: that of the process together
/// with the children it waited for.
fn wait(process: u32) -> Result<(ExitStatus, libc::rusage), Error> {
    let process = libc::pid_t::try_from(process).expect("a process ID fits pid_t");
    let mut status = 0;
    // SAFETY: rusage is plain numbers, for which all zeroes is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live variables of the types that wait4 fills.
        if unsafe { libc::wait4(process, &mut status, 0, &mut usage) } == process {
            return Ok((ExitStatus::from_raw(status), usage));
        }
        let error = std::io::Error::last_os_error();
        if error.kind() != std::io::ErrorKind::Interrupted {
            return Err(Error::System {
                what: format!("wait for process {process}"),
                source: error,
            });
        }
    }
}

fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let microseconds = u64::try_from(time.tv_usec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_micros(microseconds)
}

fn memory_file() -> Result<File, Error> {
    memfd_create("plumb-bench", MFdFlags::MFD_CLOEXEC)
        .map(File::from)
        .map_err(Error::system("create a memory file"))
}

/// The child shares the offset, so the file stands at its end.
fn contents(file: &mut File) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    file.rewind()
        .and_then(|()| file.read_to_end(&mut bytes))
        .map_err(Error::system("read the output of a call"))?;
    Ok(bytes)
}
