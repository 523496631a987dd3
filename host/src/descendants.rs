//! What a program started that was to end by now: all of it, also what has left its process group (setsid(2), daemons).
//!
//! An orphan goes to the nearest ancestor that takes orphans (`PR_SET_CHILD_SUBREAPER`, prctl(2)). With plumb as that one,
//! whatever the program started is a child of plumb once everything between them is dead, and the kernel lists those.

use std::fs;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getpid};

/// How long they may take to be dead. Each generation is seen when the one before it is, and one that makes children all the
/// time is not waited for for ever.
const PATIENCE: Duration = Duration::from_secs(2);

/// From now on orphans are this process's. It costs one system call, and nothing else changes for a program that ends in order.
pub fn take_orphans() -> nix::Result<()> {
    set_child_subreaper(true)
}

/// Kills all children of this process and what they started. Without the kernel's list, which nearly every configuration has
/// (`CONFIG_PROC_CHILDREN`), those that left their process group live on.
pub fn kill_all() {
    let begin = Instant::now();
    loop {
        let children = children();
        if children.is_empty() || begin.elapsed() > PATIENCE {
            return;
        }
        for child in &children {
            let _ = kill(*child, Signal::SIGKILL);
        }
        for child in children {
            while waitpid(child, None) == Err(Errno::EINTR) {}
        }
    }
}

/// The children of this process (proc_pid_children(5)): of its first thread, the only one that plumb has, and the one that orphans
/// go to.
fn children() -> Vec<Pid> {
    let list = fs::read_to_string(format!("/proc/self/task/{}/children", getpid()));
    let list = list.unwrap_or_default();
    let children = list.split_ascii_whitespace();
    children
        .filter_map(|child| child.parse().ok().map(Pid::from_raw))
        .collect()
}
