//! A private node to measure on: namespaces of its own for mounts and network, with
//! the file systems that a real node has where plugins keep their state.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};

use crate::error::Error;
use crate::launch::{Invocation, run};

/// The link that becomes the parent of every pod's interface: one end of a veth pair.
pub const PARENT: &str = "m0";

/// Time without activity before each measured call. Without it the work that the
/// kernel does after a deletion (RCU grace periods, the end of a namespace) is still
/// going on and shows up in the next call, as 10 to 20 ms.
const QUIET: Duration = Duration::from_millis(50);

/// Share of CPU time that others may use when a case begins.
pub const FOREIGN_CPU: f64 = 0.15;

/// Seconds to wait for the machine to become quiet before measuring all the same.
const PATIENCE: u32 = 60;

const NAMESPACES: &str = "/run/netns";
const PEER_STATE: &str = "/var/lib/cni";

/// The node; its folder on the disk goes away with it, all else with the process.
#[derive(Debug)]
pub struct Node {
    disk: PathBuf,
    ip: PathBuf,
}

impl Node {
    /// Moves this process onto a node of its own. To be called before any thread is
    /// started; `ip` is iproute2's program.
    ///
    /// Errors: `System` without CAP_SYS_ADMIN, or when a mount fails; `Call` when the
    /// kernel has no veth.
    pub fn enter(ip: &Path) -> Result<Self, Error> {
        // Beside the real folder, hence on the same kind of file system: tmpfs would
        // flatter plugins that keep a file for each address.
        let disk = PathBuf::from(format!("/var/lib/plumb-bench-{}", std::process::id()));
        for folder in [&disk, Path::new(PEER_STATE)] {
            fs::create_dir_all(folder).map_err(Error::system(format!("create {folder:?}")))?;
        }
        let node = Self {
            disk,
            ip: ip.to_owned(),
        };
        unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET)
            .map_err(Error::system("unshare the mount and network namespaces"))?;
        let no_source = None::<&Path>;
        let no_options = None::<&str>;
        mount(
            no_source,
            "/",
            no_source,
            MsFlags::MS_REC | MsFlags::MS_PRIVATE,
            no_options,
        )
        .map_err(Error::system("make all mounts private"))?;
        for folder in ["/run", "/var/log"] {
            mount(
                Some("tmpfs"),
                folder,
                Some("tmpfs"),
                MsFlags::empty(),
                Some("mode=755"),
            )
            .map_err(Error::system(format!("mount a tmpfs on {folder}")))?;
        }
        // sysfs shows the links of the network namespace it was mounted in.
        mount(
            Some("sysfs"),
            "/sys",
            Some("sysfs"),
            MsFlags::empty(),
            no_options,
        )
        .map_err(Error::system("mount sysfs on /sys"))?;
        mount(
            Some(&node.disk),
            PEER_STATE,
            no_source,
            MsFlags::MS_BIND,
            no_options,
        )
        .map_err(Error::system(format!(
            "bind {:?} on {PEER_STATE}",
            node.disk
        )))?;
        fs::create_dir(NAMESPACES).map_err(Error::system(format!("create {NAMESPACES}")))?;
        node.ip(&["link", "add", PARENT, "type", "veth", "peer", "name", "m1"])?;
        for link in ["lo", PARENT, "m1"] {
            node.ip(&["link", "set", link, "up"])?;
        }
        Ok(node)
    }

    /// New network namespaces for pods. Making and ending one costs the kernel more
    /// than an ADD, so a case makes all of its namespaces first and keeps them to its end.
    pub fn namespaces(&self, count: usize) -> Result<Vec<Namespace>, Error> {
        (0..count).map(|_| Namespace::new()).collect()
    }

    /// Gives a namespace its name, until the pod is dropped. Only the pods in use have
    /// one: `ip -n` copies the mount table, and many mounts would slow it down.
    pub fn pod(&self, namespace: &Namespace, name: &str) -> Result<Pod, Error> {
        let path = Path::new(NAMESPACES).join(name);
        File::create(&path).map_err(Error::system(format!("create {path:?}")))?;
        let pod = Pod {
            name: name.to_owned(),
            path,
        };
        let source = Path::new("/proc/self/fd").join(namespace.0.as_raw_fd().to_string());
        mount(
            Some(&source),
            &pod.path,
            None::<&Path>,
            MsFlags::MS_BIND,
            None::<&Path>,
        )
        .map_err(Error::system(format!(
            "bind a network namespace on {:?}",
            pod.path
        )))?;
        Ok(pod)
    }

    /// Runs iproute2's program outside any measurement and returns its stdout.
    pub fn ip(&self, arguments: &[&str]) -> Result<Vec<u8>, Error> {
        let invocation = Invocation {
            program: self.ip.clone(),
            arguments: arguments.iter().map(Into::into).collect(),
            environment: Vec::new(),
            stdin: Vec::new(),
        };
        run(&invocation).map(|finished| finished.stdout)
    }

    /// Waits before a measured call.
    pub fn quiet(&self) {
        thread::sleep(QUIET);
    }

    /// Waits for a second in which others use little of the machine, or until patience
    /// ends. Returns the share of CPU time that was used in the last second.
    pub fn settle(&self) -> Result<f64, Error> {
        let mut busy = 1.0;
        for _ in 0..PATIENCE {
            let before = cpu_ticks()?;
            thread::sleep(Duration::from_secs(1));
            let after = cpu_ticks()?;
            busy = 1.0 - (after.idle - before.idle) / (after.all - before.all).max(1.0);
            if busy < FOREIGN_CPU {
                break;
            }
        }
        Ok(busy)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.disk) {
            eprintln!("plumb-bench: {:?} is left behind: {error}", self.disk);
        }
    }
}

/// A network namespace that lives as long as this handle.
#[derive(Debug)]
pub struct Namespace(File);

impl Namespace {
    fn new() -> Result<Self, Error> {
        // In a thread, because a thread can have a namespace of its own and end with it.
        thread::scope(|scope| {
            let made = scope.spawn(|| {
                unshare(CloneFlags::CLONE_NEWNET)
                    .map_err(Error::system("unshare a pod's network namespace"))?;
                File::open("/proc/thread-self/ns/net")
                    .map(Namespace)
                    .map_err(Error::system("open a pod's network namespace"))
            });
            made.join().expect("the thread does not panic")
        })
    }
}

/// A network namespace with a name, as runtimes make them.
#[derive(Debug)]
pub struct Pod {
    /// As `ip -n` takes it.
    pub name: String,
    /// As `CNI_NETNS` takes it.
    pub path: PathBuf,
}

impl Drop for Pod {
    fn drop(&mut self) {
        let gone = umount2(&self.path, MntFlags::MNT_DETACH)
            .map_err(std::io::Error::from)
            .and_then(|()| fs::remove_file(&self.path));
        if let Err(error) = gone {
            eprintln!("plumb-bench: {:?} is left behind: {error}", self.path);
        }
    }
}

struct Ticks {
    idle: f64,
    all: f64,
}

/// The line `cpu` of /proc/stat, proc_stat(5): user nice system idle iowait irq
/// softirq steal, then times that user and nice contain already.
fn cpu_ticks() -> Result<Ticks, Error> {
    let text = fs::read_to_string("/proc/stat").map_err(Error::system("read /proc/stat"))?;
    let ticks: Vec<f64> = text
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .take(8)
        .filter_map(|number| number.parse().ok())
        .collect();
    match ticks[..] {
        [_, _, _, idle, waiting, ..] => Ok(Ticks {
            idle: idle + waiting,
            all: ticks.iter().sum(),
        }),
        _ => Err(Error::Form {
            what: "/proc/stat".into(),
            text,
        }),
    }
}
