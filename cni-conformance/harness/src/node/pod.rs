//! A pod: a named network namespace and the identifiers a runtime gives it.

use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use serde_json::Value;

use crate::ip;

/// One pod of a node.
#[derive(Debug, Clone)]
pub struct Pod {
    name: String,
    container: String,
    path: PathBuf,
}

impl Pod {
    pub(super) fn new(name: &str, container: &str) -> Self {
        let pod = Self {
            name: name.to_owned(),
            container: container.to_owned(),
            path: Path::new("/run/netns").join(name),
        };
        pod.mount();
        pod
    }

    /// Name of the network namespace, as `ip netns` knows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `CNI_CONTAINERID`
    pub fn container(&self) -> &str {
        &self.container
    }

    /// `CNI_NETNS`
    pub fn path(&self) -> &str {
        self.path.to_str().expect("the path is ours, and ASCII")
    }

    /// The same namespace under another container ID, as a runtime that reuses a path has it.
    pub fn with_container(&self, container: &str) -> Self {
        Self {
            container: container.to_owned(),
            ..self.clone()
        }
    }

    /// Ends the namespace: its links go with it.
    pub fn remove(&self) {
        self.unmount();
        fs::remove_file(&self.path).expect("remove the mount point");
    }

    /// Ends the namespace and leaves its mount point, an ordinary file, as runtimes do
    /// when they are killed between the two.
    pub fn unmount(&self) {
        umount2(&self.path, MntFlags::MNT_DETACH).expect("unmount the pod's network namespace");
    }

    /// Mounts a fresh namespace under the same path, as the next pod of a runtime
    /// that reuses paths has it.
    pub fn mount_again(&self) {
        self.mount();
    }

    /// Device and inode of the namespace.
    pub fn identity(&self) -> (u64, u64) {
        let metadata = fs::metadata(&self.path).expect("the pod's namespace exists");
        (metadata.dev(), metadata.ino())
    }

    /// Runs `action` on a thread inside the pod's network namespace.
    pub fn inside<T: Send>(&self, action: impl FnOnce() -> T + Send) -> T {
        let inside = || {
            let namespace = File::open(&self.path).expect("open the pod's network namespace");
            setns(namespace.as_fd(), CloneFlags::CLONE_NEWNET)
                .expect("enter the pod's network namespace");
            action()
        };
        match std::thread::scope(|scope| scope.spawn(inside).join()) {
            Ok(value) => value,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// One link of the pod as `ip -d -j link` describes it, if it exists.
    pub fn link(&self, name: &str) -> Option<Value> {
        ip::link(Some(&self.name), name)
    }

    /// The addresses of one link in CIDR form, without link-local ones, sorted.
    pub fn addresses(&self, link: &str) -> Vec<String> {
        ip::addresses(Some(&self.name), link)
    }

    /// The routes of the main table of one family, as `ip -j route` describes them.
    pub fn routes(&self, family: &str) -> Vec<Value> {
        ip::json(Some(&self.name), &format!("{family} route show"))
    }

    /// Runs one command of ip(8) in the pod.
    pub fn ip(&self, command: &str) {
        ip::batch(Some(&self.name), &format!("{command}\n"));
    }

    fn mount(&self) {
        File::create(&self.path).expect("create the mount point");
        let mounted = std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                unshare(CloneFlags::CLONE_NEWNET)?;
                let none: Option<&str> = None;
                mount(
                    Some("/proc/thread-self/ns/net"),
                    &self.path,
                    none,
                    MsFlags::MS_BIND,
                    none,
                )
            });
            thread.join().expect("the thread does not panic")
        });
        mounted.expect("make the pod's network namespace");
        self.ip("link set lo up");
    }
}
