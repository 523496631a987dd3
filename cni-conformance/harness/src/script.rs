//! Programs that a test writes or copies.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes a program for a shell.
///
/// By install(1): were the file open here, a program that another test starts in this
/// moment would have it open, too, and the kernel would refuse to run it (ETXTBSY).
///
/// # Panics
///
/// When it cannot be written.
#[track_caller]
pub fn write(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    let mut install = Command::new("install")
        .args(["-m", "755", "/dev/stdin"])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("run install: {error}"));
    let mut input = install.stdin.take().expect("stdin is piped");
    let written = input.write_all(text.as_bytes());
    drop(input);
    let status = install.wait().expect("wait for install");
    assert!(
        written.is_ok() && status.success(),
        "cannot write the program {}: {status}",
        path.display()
    );
}

/// Copies a program, in the place of what is there: by install(1), as [`write`] does.
///
/// # Panics
///
/// When it cannot be copied.
#[track_caller]
pub fn copy(program: &Path, path: &Path) {
    let mut install = Command::new("install");
    let status = install.args(["-m", "755"]).arg(program).arg(path).status();
    let status = status.unwrap_or_else(|error| panic!("run install: {error}"));
    assert!(
        status.success(),
        "cannot copy {} to {}: {status}",
        program.display(),
        path.display()
    );
}
