//! The namespaces of a private node.

use std::fs;
use std::path::Path;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};
use plumb::kernel::RouteSocket;

/// Moves this process into namespaces of its own, in which it is root and nothing is there.
///
/// # Errors
///
/// What the kernel refuses, in words.
pub fn enter() -> Result<(), String> {
    let own = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET;
    match unshare(own) {
        Ok(()) => {}
        Err(Errno::EPERM) => as_root_of_itself(own)?,
        Err(errno) => return Err(format!("cannot make private namespaces: {errno}")),
    }
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .map_err(|errno| format!("cannot make the mounts private: {errno}"))?;
    for folder in ["/run", "/var/lib", "/var/log"] {
        mount(
            Some("tmpfs"),
            folder,
            Some("tmpfs"),
            MsFlags::empty(),
            Some("mode=755"),
        )
        .map_err(|errno| format!("cannot mount a private {folder}: {errno}"))?;
    }
    // It shows the devices of the network namespace that mounts it.
    mount(
        Some("sysfs"),
        "/sys",
        Some("sysfs"),
        MsFlags::MS_RDONLY,
        none,
    )
    .map_err(|errno| format!("cannot mount /sys of a private network namespace: {errno}"))?;
    set_loopback_up().map_err(|error| error.to_string())
}

/// Makes a user namespace as well: its root is this user, who owns all that is made in it.
fn as_root_of_itself(own: CloneFlags) -> Result<(), String> {
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER | own).map_err(|errno| {
        format!("the kernel lets this user make no private namespaces ({errno}); as root it does")
    })?;
    let write = |path: &str, text: String| {
        fs::write(path, text).map_err(|error| format!("cannot write {path}: {error}"))
    };
    // A group may only be mapped by who has given up changing them (user_namespaces(7)).
    write("/proc/self/setgroups", "deny".to_owned())?;
    write("/proc/self/uid_map", format!("0 {user} 1"))?;
    write("/proc/self/gid_map", format!("0 {group} 1"))
}

/// Makes a network namespace that lasts as long as it is mounted at a path.
///
/// # Errors
///
/// What the kernel refuses, in words.
pub fn make(path: &Path) -> Result<(), String> {
    fs::write(path, "").map_err(|error| format!("cannot create {}: {error}", path.display()))?;
    let made = super::apart(|| -> Result<(), String> {
        let none: Option<&str> = None;
        unshare(CloneFlags::CLONE_NEWNET).map_err(|errno| errno.to_string())?;
        set_loopback_up().map_err(|error| error.to_string())?;
        mount(
            Some("/proc/self/ns/net"),
            path,
            none,
            MsFlags::MS_BIND,
            none,
        )
        .map_err(|errno| errno.to_string())
    });
    made.unwrap_or_else(|ended| Err(format!("{ended:?}")))
        .map_err(|reason| {
            format!(
                "cannot make the network namespace {}: {reason}",
                path.display()
            )
        })
}

fn set_loopback_up() -> plumb::kernel::Result<()> {
    let socket = RouteSocket::open()?;
    let loopback = socket.require_link("lo", "the private node")?;
    socket.set_link_up(loopback.index, true)
}
