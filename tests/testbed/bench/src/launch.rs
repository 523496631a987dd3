//! Runs one program and measures it: the process only, nothing around it.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::memfd::{MFdFlags, memfd_create};

/// A call of a program, complete.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The executable; no search path is used.
    pub program: PathBuf,
    /// The whole environment; nothing is inherited.
    pub environment: Vec<(&'static str, String)>,
    /// What the program finds on stdin.
    pub stdin: String,
}

/// What a program did and how long it took.
#[derive(Debug)]
pub struct Finished {
    /// From the start of the process to its end.
    pub wall: Duration,
    /// Everything on stdout.
    pub stdout: String,
}

/// Runs the program to its end. Its standard streams are memory files rather than
/// pipes, so that neither a reader nor a writer takes part in the measured time.
///
/// # Panics
///
/// When it fails: the time of a call that did not do its work says nothing.
pub fn run(invocation: &Invocation) -> Finished {
    let mut stdin = memory_file();
    stdin
        .write_all(invocation.stdin.as_bytes())
        .and_then(|()| stdin.rewind())
        .expect("write the stdin of a call");
    let (mut stdout, mut stderr) = (memory_file(), memory_file());
    let copy = |file: &File| file.try_clone().expect("duplicate a memory file");
    let mut command = Command::new(&invocation.program);
    command
        .env_clear()
        .envs(invocation.environment.iter().cloned())
        .stdin(stdin)
        .stdout(copy(&stdout))
        .stderr(copy(&stderr));

    let started = Instant::now();
    let status = command.status();
    let wall = started.elapsed();

    let status =
        status.unwrap_or_else(|error| panic!("start {}: {error}", invocation.program.display()));
    let stdout = contents(&mut stdout);
    assert!(
        status.success(),
        "{} {:?} failed with {status}: {stdout}{}",
        invocation.program.display(),
        invocation.environment,
        contents(&mut stderr)
    );
    Finished { wall, stdout }
}

fn memory_file() -> File {
    memfd_create("plumb-testbed-bench", MFdFlags::MFD_CLOEXEC)
        .map(File::from)
        .expect("create a memory file")
}

/// The child shares the offset, so the file stands at its end.
fn contents(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind()
        .and_then(|()| file.read_to_end(&mut bytes))
        .expect("read the output of a call");
    String::from_utf8_lossy(&bytes).into_owned()
}
