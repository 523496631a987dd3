//! What a runtime's host has beside a network: control groups, shared memory, and folders
//! for configurations and plugins. All of it is mounted where only the test sees it.

use std::fs;
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};

const NONE: Option<&str> = None;

/// Shows the machine's control groups again, which the node's own `/sys` hides.
pub(crate) fn control_groups(scratch: &Path) {
    let aside = scratch.join("cgroup");
    fs::create_dir_all(&aside).expect("make a folder for the control groups");
    umount2("/sys", MntFlags::empty()).expect("unmount the node's /sys");
    shift(Path::new("/sys/fs/cgroup"), &aside);
    mount(
        Some("sysfs"),
        "/sys",
        Some("sysfs"),
        MsFlags::MS_RDONLY,
        NONE,
    )
    .expect("mount /sys of the node's network namespace");
    shift(&aside, Path::new("/sys/fs/cgroup"));
}

/// Mounts an empty `/dev/shm`: podman keeps its locks there, one file for all of a machine.
pub(crate) fn shared_memory() {
    let options = Some("mode=1777");
    mount(
        Some("tmpfs"),
        "/dev/shm",
        Some("tmpfs"),
        MsFlags::empty(),
        options,
    )
    .expect("mount a private /dev/shm");
}

/// Makes `/run/netns` a mount that others share, as `ip netns add` and podman do at their first
/// namespace: it is there before the oracle looks.
pub(crate) fn namespaces() {
    let folder = "/run/netns";
    mount(
        Some(folder),
        folder,
        NONE,
        MsFlags::MS_BIND | MsFlags::MS_REC,
        NONE,
    )
    .and_then(|()| {
        mount(
            NONE,
            folder,
            NONE,
            MsFlags::MS_SHARED | MsFlags::MS_REC,
            NONE,
        )
    })
    .expect("make /run/netns a shared mount");
}

/// Makes a folder writable: what is written stays on the node, and ends with it.
pub(crate) fn writable(folder: &str, scratch: &Path) {
    let layer = scratch.join(format!("layer{}", folder.replace('/', "-")));
    let (upper, work) = (layer.join("upper"), layer.join("work"));
    for part in [&upper, &work] {
        fs::create_dir_all(part).expect("make the folders of an overlay");
    }
    let options = format!(
        "lowerdir={folder},upperdir={},workdir={}",
        upper.display(),
        work.display()
    );
    let options = Some(options.as_str());
    mount(
        Some("overlay"),
        folder,
        Some("overlay"),
        MsFlags::empty(),
        options,
    )
    .unwrap_or_else(|error| panic!("make {folder} writable by an overlay: {error}"));
}

/// Moves a mount and all that is mounted below it.
fn shift(from: &Path, to: &Path) {
    mount(Some(from), to, NONE, MsFlags::MS_MOVE, NONE).unwrap_or_else(|error| {
        panic!(
            "move the mount {} to {}: {error}",
            from.display(),
            to.display()
        )
    });
}
