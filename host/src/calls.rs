//! What is left of a call that has ended: a line for the agent of the node, which counts calls for Prometheus.
//!
//! The file is there where an agent has made it, and only then anything is written: without one a call pays for looking
//! at a name that is not there. Nothing about the line fails a call, and nothing waits: what cannot be written at once is
//! not counted.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::libc;
use plumb_protocol::{CALLS, CALLS_LIMIT, Call};

use crate::owned;

/// Appends a line to the file of calls in the state folder, if there is one.
pub fn append(state_folder: &Path, call: &Call) {
    let path = state_folder.join(CALLS);
    let opened = OpenOptions::new()
        .append(true)
        // A named pipe that somebody put there would be waited for.
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(&path);
    let Ok(mut file) = opened else {
        return;
    };
    let Ok(mut line) = serde_json::to_vec(call) else {
        return;
    };
    line.push(b'\n');
    if is_for_lines(&file, line.len()) && is_roots(state_folder, &file, &path) {
        // In one piece, so that lines of calls at the same time do not mix.
        let _ = file.write(&line);
    }
}

fn is_for_lines(file: &File, more: usize) -> bool {
    file.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.len() + more as u64 <= CALLS_LIMIT)
}

/// Whether nobody but root can have put the file there.
fn is_roots(folder: &Path, file: &File, path: &Path) -> bool {
    owned::check(folder).is_ok() && owned::check_open(file, path).is_ok()
}
