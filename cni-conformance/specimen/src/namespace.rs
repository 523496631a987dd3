//! The network namespace of a pod.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::MetadataExt;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::SockaddrStorage;
use nix::sys::statfs::{FsType, fstatfs};

use crate::defects;
use crate::error::{Error, NAMESPACE};

/// Magic number of the kernel's file system of namespaces.
const NSFS: FsType = FsType(0x6e73_6673);

/// An open namespace, which is another one than the plugin's own.
pub struct Namespace {
    file: File,
    /// Device and inode.
    pub identity: (u64, u64),
}

/// An interface as the kernel has it.
#[derive(Debug, Default)]
pub struct Interface {
    /// In lower case, with colons.
    pub mac: String,
    /// Whether it is set up.
    pub up: bool,
    /// With their prefix lengths.
    pub addresses: Vec<(IpAddr, u32)>,
}

impl Namespace {
    /// Opens the namespace of a pod; the error says why there is none.
    pub fn open(path: &str) -> Result<Self, Error> {
        let refuse = |what: String| Error::new(NAMESPACE, format!("namespace {path:?}: {what}"));
        let file = File::open(path).map_err(|error| refuse(error.to_string()))?;
        let kind = fstatfs(&file).map_err(|error| refuse(error.to_string()))?;
        if kind.filesystem_type() != NSFS {
            return Err(refuse("the file is no namespace".into()));
        }
        let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        let there = file.metadata().map(identity);
        let there = there.map_err(|error| refuse(error.to_string()))?;
        let own = fs::metadata("/proc/self/ns/net").map(identity);
        if own.is_ok_and(|own| own == there) && !defects::has("takes-its-own-namespace") {
            return Err(refuse("it is the plugin's own".into()));
        }
        Ok(Self {
            file,
            identity: there,
        })
    }

    /// A path that leads to the namespace as long as this process lives.
    pub fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd())
    }

    /// Does something on a thread inside; what the thread starts is born there.
    pub fn inside<T: Send>(
        &self,
        action: impl FnOnce() -> Result<T, Error> + Send,
    ) -> Result<T, Error> {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                setns(self.file.as_fd(), CloneFlags::CLONE_NEWNET).map_err(|error| {
                    Error::new(NAMESPACE, format!("enter the namespace: {error}"))
                })?;
                action()
            });
            thread.join().expect("the thread does not panic")
        })
    }

    /// The interfaces by their names.
    pub fn interfaces(&self) -> Result<BTreeMap<String, Interface>, Error> {
        self.inside(|| {
            let found = getifaddrs()
                .map_err(|error| Error::new(NAMESPACE, format!("list the interfaces: {error}")))?;
            let mut interfaces: BTreeMap<String, Interface> = BTreeMap::new();
            for one in found {
                let interface = interfaces.entry(one.interface_name).or_default();
                interface.up = one.flags.contains(InterfaceFlags::IFF_UP);
                let Some(address) = one.address else { continue };
                let link = address.as_link_addr().and_then(|link| link.addr());
                if let Some(bytes) = link {
                    interface.mac = hexadecimal(&bytes);
                }
                let netmask = one.netmask.as_ref().and_then(internet);
                if let (Some(address), Some(netmask)) = (internet(&address), netmask) {
                    interface.addresses.push((address, prefix_length(netmask)));
                }
            }
            Ok(interfaces)
        })
    }

    /// Name of the interface with this hardware address.
    pub fn name_of(&self, mac: &str) -> Result<Option<String>, Error> {
        let interfaces = self.interfaces()?;
        let found = interfaces.into_iter().find(|(_, one)| one.mac == mac);
        Ok(found.map(|(name, _)| name))
    }
}

/// Bytes with colons between.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(":")
}

/// An address with its prefix length, as results write it.
pub fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let length = length.parse().ok().filter(|length| *length <= longest)?;
    Some((address, length))
}

fn internet(address: &SockaddrStorage) -> Option<IpAddr> {
    let four = address.as_sockaddr_in().map(|address| address.ip().into());
    let six = address.as_sockaddr_in6();
    four.or_else(|| six.map(|address| address.ip().into()))
}

fn prefix_length(netmask: IpAddr) -> u32 {
    match netmask {
        IpAddr::V4(netmask) => netmask.to_bits().count_ones(),
        IpAddr::V6(netmask) => netmask.to_bits().count_ones(),
    }
}
