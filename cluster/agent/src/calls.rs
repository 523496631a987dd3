//! What plumb leaves of each call: lines in a file of the state folder, which are taken away and counted.
//!
//! plumb appends to a file that is there, so the agent makes it, and another one in the same moment in which it takes one
//! away. What was taken rests until the next look: a call that had it open may still write to it. It is removed before it is
//! counted, so an agent that dies loses what it would have counted, which the next one, that begins at nothing, hardly misses.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use plumb_protocol::{CALLS, CALLS_LIMIT, Call};
use plumb_values::names::is_identifier;

use crate::replace::{self, Lasting};

/// Where a file of calls is until it is counted, below the state folder.
const TAKEN: &str = "calls.taken";

/// Most bytes that are read: calls at the same time may each write a line beyond the limit.
const READ_LIMIT: u64 = CALLS_LIMIT + 64 * 1024;

/// The verbs that are counted.
const VERBS: [&str; 5] = ["ADD", "DEL", "CHECK", "GC", "STATUS"];

/// Codes of plumb and of IPAM plugins are below.
const CODES: u32 = 10_000;

/// A day: no runtime waits so long.
const LONGEST: u64 = 24 * 3600 * 1_000_000;

/// What a file of calls had.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The calls, in the order of their ends.
    pub calls: Vec<Call>,
    /// Lines that are none.
    pub strange: usize,
    /// Whether the file was full: calls after these are not known.
    pub is_full: bool,
}

/// The calls in the file that was taken at the last look, which is gone then.
///
/// # Errors
///
/// What the kernel said, after what was tried. What cannot be removed is not counted: it would be again and again.
pub fn count(folder: &Path) -> Result<Taken, String> {
    let path = folder.join(TAKEN);
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK)
        .open(&path);
    let mut text = Vec::new();
    match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Taken::default()),
        // A link, say: nothing of ours, and in the way.
        Err(_) => {}
        Ok(file) if !file.metadata().is_ok_and(|metadata| metadata.is_file()) => {}
        // An agent died between the two steps of taking: all of it is still to come.
        Ok(file) if is_at(&file, &folder.join(CALLS)) => {}
        Ok(file) => {
            let read = file.take(READ_LIMIT).read_to_end(&mut text);
            read.map_err(|error| format!("read {}: {error}", path.display()))?;
        }
    }
    replace::remove(&path)?;
    Ok(understand(&text))
}

/// Takes the file of calls, if it has any, and puts an empty one in its place. Each call finds one of the two.
///
/// # Errors
///
/// What the kernel said, after what was tried.
pub fn take(folder: &Path) -> Result<(), String> {
    let (calls, taken): (PathBuf, PathBuf) = (folder.join(CALLS), folder.join(TAKEN));
    match fs::symlink_metadata(&calls) {
        Ok(metadata) if metadata.is_file() && metadata.len() == 0 => return Ok(()),
        Ok(metadata) if metadata.is_file() => {
            let failed =
                |error| format!("link {} to {}: {error}", taken.display(), calls.display());
            fs::hard_link(&calls, &taken).map_err(failed)?;
        }
        // Something else is written over, and a folder refuses that.
        _ => {}
    }
    replace::file(&calls, b"", 0o600, Lasting::UntilBoot)
}

/// Whether an open file is still the one at its path.
pub fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let there = fs::symlink_metadata(path).map(identity).ok();
    there.is_some() && there == file.metadata().map(identity).ok()
}

fn understand(text: &[u8]) -> Taken {
    let mut taken = Taken {
        // Room for less than the longest line.
        is_full: text.len() as u64 + 512 > CALLS_LIMIT,
        ..Taken::default()
    };
    for line in text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        match serde_json::from_slice::<Call>(line) {
            Ok(call) if is_plausible(&call) => taken.calls.push(call),
            _ => taken.strange += 1,
        }
    }
    taken
}

fn is_plausible(call: &Call) -> bool {
    VERBS.contains(&call.verb.as_str())
        && (call.network.is_empty() || is_identifier(&call.network))
        && call.code < CODES
        && call.microseconds <= LONGEST
}

#[cfg(test)]
mod tests;
