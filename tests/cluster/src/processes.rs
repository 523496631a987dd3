//! The processes of a cluster as the machine sees them: files of process ids in the cluster's
//! folder have the numbers of its PID namespace.

use std::fs;
use std::path::Path;

/// The first process of the cluster's PID namespace: its namespaces are those of the control
/// plane.
#[track_caller]
pub(crate) fn first(folder: &Path) -> i32 {
    let outside = read(&folder.join("pid/namespaces"));
    let children = fs::read_to_string(format!("/proc/{outside}/task/{outside}/children"));
    let children = children.expect("the kernel lists the children of unshare");
    let first = children.split_whitespace().next();
    let first = first.and_then(|number| number.parse().ok());
    first.expect("the first process of the cluster runs")
}

/// The process whose number in the cluster stands in this file, as the machine numbers it.
#[track_caller]
pub(crate) fn of_file(folder: &Path, file: &Path) -> i32 {
    let inside = read(file);
    let namespace = namespace(first(folder));
    let found = all().find(|&process| {
        self::namespace(process) == namespace && number_inside(process) == Some(inside)
    });
    found.unwrap_or_else(|| panic!("the process of {} has ended", file.display()))
}

/// The children of a process.
pub(crate) fn children(process: i32) -> Vec<i32> {
    let listed = fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let listed = listed.unwrap_or_default();
    listed
        .split_whitespace()
        .filter_map(|number| number.parse().ok())
        .collect()
}

#[track_caller]
fn read(file: &Path) -> i32 {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.trim()
        .parse()
        .unwrap_or_else(|_| panic!("{} has no process id, but {text:?}", file.display()))
}

fn all() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn namespace(process: i32) -> Option<std::path::PathBuf> {
    fs::read_link(format!("/proc/{process}/ns/pid")).ok()
}

/// The last number that the kernel says: that of the innermost namespace.
fn number_inside(process: i32) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let numbers = status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))?;
    numbers.split_whitespace().last()?.parse().ok()
}
