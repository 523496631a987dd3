//! The one thing that a runtime shares with the machine: control groups. Each host has a
//! group of its own in every hierarchy, all containers are below it, and it is removed.

use std::fs;
use std::path::{Path, PathBuf};

use nix::unistd::Pid;

/// The processes in the groups of that name, and in the groups below them.
pub(crate) fn processes(name: &str) -> Vec<Pid> {
    let mut processes = Vec::new();
    let mut groups = named(name);
    while let Some(group) = groups.pop() {
        let listed = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
        processes.extend(
            listed
                .lines()
                .filter_map(|line| line.parse().ok())
                .map(Pid::from_raw),
        );
        groups.extend(folders(&group));
    }
    processes
}

/// Removes the groups of that name, with the groups below them.
///
/// # Errors
///
/// The kernel's: a group with a process cannot be removed.
pub(crate) fn remove(name: &str) -> std::io::Result<()> {
    named(name).iter().try_for_each(|group| remove_tree(group))
}

/// Groups are removed from the leaves up; their files go with them.
fn remove_tree(group: &Path) -> std::io::Result<()> {
    for below in folders(group) {
        remove_tree(&below)?;
    }
    fs::remove_dir(group)
}

/// Version 1 has a folder for each hierarchy, version 2 has but one.
fn named(name: &str) -> Vec<PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    let mut groups: Vec<PathBuf> = folders(root).iter().map(|one| one.join(name)).collect();
    groups.push(root.join(name));
    groups.retain(|group| group.is_dir());
    groups
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}
