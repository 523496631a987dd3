//! The network namespaces of the machine, as far as /proc shows who keeps them: processes and threads that are inside,
//! mounts in any mount namespace, open descriptors (proc_pid_ns(5), proc_pid_mountinfo(5)).
//!
//! Looking takes milliseconds on a small node and some tenths of a second on a large one. It is only done for what is not
//! where its record says.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CString, OsString};
use std::fs;
use std::mem::MaybeUninit;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::libc;

use super::netns::Identity;
use super::{Netns, Result};

/// How long it may take: a pod's deletion waits for it.
const LIMIT: Duration = Duration::from_secs(2);

/// How many ways to a namespace are remembered: a process may end before its way is gone.
const WAYS: usize = 8;

/// What was found.
pub struct Namespaces {
    /// Paths by inode.
    ways: BTreeMap<u64, Vec<PathBuf>>,
    /// The file system of namespaces.
    device: Option<(u32, u32)>,
}

impl Namespaces {
    /// Looks. What cannot be read belongs to a process that has ended meanwhile, or came after the time was over.
    pub fn look() -> Self {
        let begin = Instant::now();
        let mut found = Self {
            ways: BTreeMap::new(),
            device: device_and_inode(Path::new("/proc/thread-self/ns/net"))
                .map(|(device, _)| device),
        };
        let processes = numbers(Path::new("/proc"));
        let mut views = BTreeSet::new();
        for process in &processes {
            for thread in numbers(&process.join("task")) {
                found.note(thread.join("ns/net"));
            }
            // A process with another root sees other places of the same mounts, and may see fewer.
            let mounts = fs::read_link(process.join("ns/mnt")).ok();
            let view = (mounts, device_and_inode(&process.join("root")));
            if views.insert(view) {
                found.note_mounts(process);
            }
        }
        for process in processes {
            if begin.elapsed() > LIMIT {
                break;
            }
            for descriptor in numbers(&process.join("fd")) {
                found.note_descriptor(descriptor);
            }
        }
        found
    }

    /// The namespace of this identity, if a way leads to it.
    ///
    /// # Errors
    ///
    /// As [`Netns::is`].
    pub fn find(&self, identity: &Identity) -> Result<Option<Netns>> {
        match self.ways.get(&identity.inode).and_then(|ways| open(ways)) {
            Some(netns) if netns.is(identity)? => Ok(Some(netns)),
            _ => Ok(None),
        }
    }

    /// All but some that are known already.
    pub fn others<'a>(&'a self, known: &'a [&Netns]) -> impl Iterator<Item = Netns> + 'a {
        let is_known = |inode: &u64| known.iter().any(|netns| netns.inode() == *inode);
        let others = self.ways.iter().filter(move |(inode, _)| !is_known(inode));
        others.filter_map(|(_, ways)| open(ways))
    }

    fn note(&mut self, way: PathBuf) {
        let Ok(target) = fs::read_link(&way) else {
            return;
        };
        if let Some(inode) = inode_of(target.as_os_str().as_bytes()) {
            self.note_way(inode, way);
        }
    }

    /// The link of a descriptor names a mount's place where the file was opened there, so its inode is asked for. What is
    /// no namespace has no such inode in the file system of namespaces, which opening it finds out.
    fn note_descriptor(&mut self, way: PathBuf) {
        if let Some((device, inode)) = device_and_inode(&way)
            && Some(device) == self.device
        {
            self.note_way(inode, way);
        }
    }

    /// The mounts of namespaces that a process sees: the fourth field of a line is the namespace, the fifth where it is.
    fn note_mounts(&mut self, process: &Path) {
        let Ok(mounts) = fs::read(process.join("mountinfo")) else {
            return;
        };
        for line in mounts.split(|byte| *byte == b'\n') {
            let mut fields = line.split(|byte| *byte == b' ').skip(3);
            let (Some(root), Some(place)) = (fields.next(), fields.next()) else {
                continue;
            };
            if let Some(inode) = inode_of(root) {
                let place = OsString::from_vec(unescaped(place));
                let place = Path::new(&place).strip_prefix("/").map(Path::to_owned);
                let way = |place| process.join("root").join(place);
                let _ = place.map(|place| self.note_way(inode, way(place)));
            }
        }
    }

    fn note_way(&mut self, inode: u64, way: PathBuf) {
        let ways = self.ways.entry(inode).or_default();
        if ways.len() < WAYS {
            ways.push(way);
        }
    }
}

/// Device and inode of what a path leads to, as far as they are known without asking anybody (statx(2)): a descriptor may
/// be that of a file whose server does not answer.
fn device_and_inode(path: &Path) -> Option<((u32, u32), u64)> {
    let path = CString::new(path.as_os_str().as_bytes()).ok()?;
    let mut status = MaybeUninit::<libc::statx>::zeroed();
    // SAFETY: `path` ends with a zero, and the kernel writes no more than one `statx` to `status`; both outlive the call.
    let answer = unsafe {
        libc::statx(
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_STATX_DONT_SYNC,
            libc::STATX_INO,
            status.as_mut_ptr(),
        )
    };
    // SAFETY: all of it is zeros or what the kernel wrote, and it has only integers.
    let status = (answer == 0).then(|| unsafe { status.assume_init() })?;
    Some(((status.stx_dev_major, status.stx_dev_minor), status.stx_ino))
}

fn open(ways: &[PathBuf]) -> Option<Netns> {
    ways.iter().find_map(|way| Netns::open(way).ok())
}

/// The entries of a folder whose names are numbers.
fn numbers(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_number = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        name.as_bytes().iter().all(u8::is_ascii_digit)
    };
    entries
        .filter(is_number)
        .map(|entry| entry.path())
        .collect()
}

/// The inode of `net:[4026531840]`.
fn inode_of(text: &[u8]) -> Option<u64> {
    let number = text.strip_prefix(b"net:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// Space, tab, line feed and backslash are written as `\040` and the like.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind
            .get(..3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let value = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match value {
            Some(value) if *first == b'\\' => {
                bytes.push(value);
                rest = &behind[3..];
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_namespace_of_this_thread_is_among_them() {
        let own = Netns::current().expect("the namespace of this thread");
        let identity = own.identity().expect("its identity");
        let found = Namespaces::look();
        let again = found.find(&identity).expect("look").expect("it is there");
        assert!(again.is_same_as(&own));
        assert!(found.others(&[&own]).all(|other| !other.is_same_as(&own)));
        let of_another = Identity {
            cookie: identity.cookie.map(|cookie| cookie + 1),
            ..identity
        };
        assert!(found.find(&of_another).expect("look").is_none());
    }

    #[test]
    fn what_proc_writes_is_read() {
        assert_eq!(inode_of(b"net:[4026531840]"), Some(4_026_531_840));
        assert_eq!(inode_of(b"mnt:[4026531840]"), None);
        assert_eq!(inode_of(b"net:[]"), None);
        assert_eq!(unescaped(br"/run/a\040b\134c"), br"/run/a b\c");
        assert_eq!(unescaped(br"\04"), br"\04");
    }
}
