//! Who holds a lock that a call waits for (proc_locks(5), proc_pid_stat(5)).

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::stat::{major, minor};

/// Most that are named in a message.
const SHOWN: usize = 4;

/// A process that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockHolder {
    /// Its number, as this process sees it.
    pub process: u32,
    /// The name of its program, cut to 15 bytes by the kernel.
    pub command: String,
    /// Whether it does nothing until somebody continues it: SIGSTOP, or a debugger.
    pub stopped: bool,
}

/// The processes, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockHolders(pub Vec<LockHolder>);

impl LockHolders {
    /// Those that hold a lock on one of the files, but for this process. None where nobody does, where /proc does not
    /// show them, and where the file system numbers its files differently for /proc/locks (btrfs, overlayfs).
    pub fn of<'a>(files: impl IntoIterator<Item = &'a Path>) -> Self {
        let files: Vec<_> = files.into_iter().filter_map(place).collect();
        let mut holders: Vec<u32> = Vec::new();
        for reading in 1..=MOST_READINGS {
            let locks = all_locks();
            let others = locks
                .lines()
                .filter_map(lock)
                .filter(|(process, place)| *process != std::process::id() && files.contains(place));
            holders.extend(others.map(|(process, _)| process));
            if reading >= READINGS && !holders.is_empty() {
                break;
            }
        }
        holders.sort_unstable();
        holders.dedup();
        Self(holders.into_iter().filter_map(holder).collect())
    }

    /// Whether waiting is in vain until a person does something.
    pub fn is_any_stopped(&self) -> bool {
        self.0.iter().any(|holder| holder.stopped)
    }
}

impl fmt::Display for LockHolders {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return formatter.write_str("a process that /proc/locks does not show holds the lock");
        }
        // Those who work are not what a person has to look for.
        let is_shown = |holder: &&LockHolder| holder.stopped || !self.is_any_stopped();
        for (number, holder) in self.0.iter().filter(is_shown).take(SHOWN).enumerate() {
            let separator = if number == 0 { "" } else { ", " };
            let LockHolder {
                process, command, ..
            } = holder;
            write!(
                formatter,
                "{separator}process {process} ({command}) holds the lock"
            )?;
            if holder.stopped {
                write!(
                    formatter,
                    " and is stopped: `kill -CONT {process}` lets it go on"
                )?;
            }
        }
        Ok(())
    }
}

/// How often /proc/locks is read at least. It is a list that goes on changing between two reads of a piece, and what
/// lies behind a line that goes may be left out.
const READINGS: usize = 3;

/// How often it is read while nobody is found in it.
const MOST_READINGS: usize = 20;

/// The locks of the machine, in pieces as large as the kernel makes them.
fn all_locks() -> String {
    let mut locks = String::with_capacity(64 * 1024);
    // What was read before an error is better than nothing: it is for a message.
    let _ = File::open("/proc/locks").and_then(|mut file| file.read_to_string(&mut locks));
    locks
}

/// Device and inode as /proc/locks writes them.
fn place(file: &Path) -> Option<String> {
    let metadata = fs::metadata(file).ok()?;
    let device = metadata.dev();
    Some(format!(
        "{:02x}:{:02x}:{}",
        major(device),
        minor(device),
        metadata.ino()
    ))
}

/// Process and place of a line; none for one that waits for a lock, which has an arrow behind its number.
fn lock(line: &str) -> Option<(u32, String)> {
    let mut words = line.split_whitespace().skip(1);
    if words.next()? == "->" {
        return None;
    }
    let mut words = words.skip(2);
    let process = words.next()?.parse().ok()?;
    Some((process, words.next()?.to_owned()))
}

/// None for a process that has ended since.
fn holder(process: u32) -> Option<LockHolder> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The command may contain anything, parentheses too.
    let (before, after) = stat.rsplit_once(')')?;
    let (_, command) = before.split_once('(')?;
    Some(LockHolder {
        process,
        command: command.to_owned(),
        stopped: after.trim_start().starts_with(['T', 't']),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_has_a_process_and_a_place_and_one_that_waits_has_none() {
        for (line, found) in [
            (
                "1: FLOCK  ADVISORY  WRITE 2345 00:2f:7 0 EOF",
                Some((2345, "00:2f:7")),
            ),
            ("1: -> FLOCK  ADVISORY  WRITE 2346 00:2f:7 0 EOF", None),
            (
                "7: POSIX  ADVISORY  READ 12 fe:00:2754 1073741826 1073742335",
                Some((12, "fe:00:2754")),
            ),
            ("2: OFDLCK ADVISORY  READ -1 00:06:18 0 EOF", None),
            ("", None),
        ] {
            let found = found.map(|(process, place)| (process, place.to_owned()));
            assert_eq!(lock(line), found, "{line}");
        }
    }

    #[test]
    fn this_process_is_no_holder_for_itself_and_is_described_all_the_same() {
        let own = holder(std::process::id()).expect("this process");
        assert!(!own.stopped && !own.command.is_empty(), "{own:?}");
        assert_eq!(LockHolders::of([Path::new("/proc/self/exe")]).0, []);
    }
}
