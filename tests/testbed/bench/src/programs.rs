//! The programs that are measured, where they start as fast as on a node: in memory.
//!
//! The virtual machine has the host's files by 9p, where opening one is a round trip to the
//! emulator. plumb is one file, while each command of a script opens half a dozen.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use plumb_testbed::program::run;

/// In the tmpfs of `/run`, as plumb's state is.
pub const FOLDER: &str = "/run/plumb-bench";

/// Where the scripts look for commands.
pub const SEARCH_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// What the scripts run.
const COMMANDS: [&str; 6] = [
    "/bin/bash",
    "/bin/sh",
    "/sbin/ip",
    "/usr/bin/rdma",
    "/usr/bin/nsenter",
    "/bin/rm",
];

/// A copy of plumb; a file that the linker has just written starts slower.
pub fn plumb(built: &Path) -> PathBuf {
    let content =
        fs::read(built).unwrap_or_else(|error| panic!("read {}: {error}", built.display()));
    executable("plumb", &content)
}

/// A script of this crate as a file.
pub fn script(name: &str, text: &str) -> PathBuf {
    executable(name, text.as_bytes())
}

fn executable(name: &str, content: &[u8]) -> PathBuf {
    let path = Path::new(FOLDER).join(name);
    fs::create_dir_all(FOLDER)
        .and_then(|()| fs::write(&path, content))
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
        .unwrap_or_else(|error| panic!("write {}: {error}", path.display()));
    path
}

/// Takes the scripts' commands and their shared libraries into the overlay's upper
/// layer, which is in memory: overlayfs copies a file there when its time stamp changes.
pub fn commands_into_memory() {
    let mut files = vec!["/etc/ld.so.cache".to_owned()];
    for command in COMMANDS {
        files.push(command.to_owned());
        // libtinfo.so.6 => /lib/x86_64-linux-gnu/libtinfo.so.6 (0x00007f…)
        let libraries = run(&format!("ldd {command}"));
        let words = libraries.split_whitespace();
        files.extend(
            words
                .filter(|word| word.starts_with('/'))
                .map(str::to_owned),
        );
    }
    files.sort();
    files.dedup();
    run(&format!("touch --no-create {}", files.join(" ")));
}
