//! A node of its own for each test: mount and network namespaces that belong to the
//! test's thread and end with it.

mod pod;
mod privilege;

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};

pub use pod::Pod;

use serde_json::Value;

use crate::{Call, Plugin, ip};

/// What the harness itself keeps on a node; the oracle does not look there.
pub const SCRATCH: &str = "/run/cni-harness";

/// Marks every process that a test starts, to find those that stay.
pub const MARKER: &str = "HARNESS_ID";

/// A node with empty `/run`, `/var/lib` and `/var/log`, and two links that are wired together:
/// `nic0`, the network card of the examples, and `nic1`, the other end of its cable.
///
/// The calling thread moves into the node's namespaces, and every child it starts is
/// born there, so a thread can have one node only: make it first.
pub struct Node {
    plugin: Plugin,
    id: String,
    pods: Cell<u32>,
}

impl Node {
    /// Makes the node, whose calls are those of this plugin.
    ///
    /// # Panics
    ///
    /// When the test may not make namespaces: a test that cannot run has failed.
    pub fn new(plugin: Plugin) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        privilege::acquire();
        // CLONE_FS first: threads of one process share their root and working
        // directory, and the kernel refuses a mount namespace to such a thread.
        unshare(CloneFlags::CLONE_FS | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET)
            .unwrap_or_else(|error| {
                panic!(
                    "this test needs namespaces of its own, and the kernel refused them: {error}"
                )
            });
        mount_private();
        for folder in [SCRATCH, "/run/netns", "/var/lib/cni"] {
            fs::create_dir_all(folder).unwrap_or_else(|error| panic!("create {folder}: {error}"));
        }
        ip::batch(
            None,
            "link set lo up\n\
             link add nic0 type veth peer name nic1\n\
             link set nic0 addrgenmode none\n\
             link set nic1 addrgenmode none\n\
             link set nic0 up\n\
             link set nic1 up\n",
        );
        Self {
            plugin,
            id: format!(
                "{}-{}",
                std::process::id(),
                COUNT.fetch_add(1, Ordering::Relaxed)
            ),
            pods: Cell::new(0),
        }
    }

    /// The plugin under test.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// Value of [`MARKER`] in the processes of this test.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A new pod: a named network namespace with its loopback up, and a container ID.
    pub fn pod(&self) -> Pod {
        let number = self.pods.get() + 1;
        self.pods.set(number);
        Pod::new(&format!("pod{number}"), &format!("c0ffee{number:058x}"))
    }

    /// ADD of `eth0`, which must succeed; its result.
    #[track_caller]
    pub fn add(&self, pod: &Pod, configuration: &Value) -> Value {
        Call::add(self, pod, configuration).run().expect_result()
    }

    /// DEL of `eth0`, which must succeed.
    #[track_caller]
    pub fn delete(&self, pod: &Pod, configuration: &Value) {
        Call::delete(self, pod, configuration)
            .run()
            .expect_silence();
    }

    /// A folder for the test's own files, which the oracle does not count.
    pub fn scratch(&self) -> &Path {
        Path::new(SCRATCH)
    }

    /// Processes of this test that are still alive, as `pid command line`.
    pub fn processes(&self) -> Vec<(i32, String)> {
        let marker = format!("{MARKER}={}", self.id);
        let folder = fs::read_dir("/proc").expect("/proc is mounted");
        folder
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
            .filter(|process| {
                fs::read(format!("/proc/{process}/environ")).is_ok_and(|environment| {
                    environment
                        .split(|byte| *byte == 0)
                        .any(|entry| entry == marker.as_bytes())
                })
            })
            .map(|process| {
                let command = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
                (
                    process,
                    String::from_utf8_lossy(&command)
                        .replace('\0', " ")
                        .trim()
                        .to_owned(),
                )
            })
            .collect()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        for (process, _) in self.processes() {
            // One that ended by itself in the meantime is what we want.
            let _ = kill(nix::unistd::Pid::from_raw(process), Signal::SIGKILL);
        }
    }
}

/// All files below `folder`, sorted; none when it does not exist.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => files.push(entry.path()),
            }
        }
    }
    files.sort();
    files
}

fn mount_private() {
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .expect("make the mounts private");
    for folder in ["/run", "/var/lib", "/var/log"] {
        mount(
            Some("tmpfs"),
            folder,
            Some("tmpfs"),
            MsFlags::empty(),
            Some("mode=755"),
        )
        .unwrap_or_else(|error| panic!("mount a private {folder}: {error}"));
    }
    // sysfs shows the devices of the network namespace that mounted it.
    mount(
        Some("sysfs"),
        "/sys",
        Some("sysfs"),
        MsFlags::MS_RDONLY,
        none,
    )
    .unwrap_or_else(|error| panic!("mount /sys of the node's network namespace: {error}"));
}
