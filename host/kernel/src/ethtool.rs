//! Settings of an adapter's netdev that move with it between namespaces (ethtool(8), linux/ethtool.h): offloads, rings,
//! channels, interrupt moderation, pause frames, private flags, receive hashing.
//!
//! The values are the kernel's own words, kept as they are: they are only ever compared with those of the same device in
//! the same boot, and given back.

mod counts;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;

use nix::libc;
use serde::{Deserialize, Serialize};

use super::{Error, Result};

pub use counts::{Counted, Counts};

/// A group of settings that is read and set as a whole.
struct Group {
    name: &'static str,
    get: u32,
    set: u32,
    /// Of 32 bits, the command included.
    words: usize,
}

/// In the order in which they are set: the number of channels decides how many rings there are.
const GROUPS: [Group; 5] = [
    Group {
        name: "private flags",
        get: 0x27,
        set: 0x28,
        words: 2,
    },
    Group {
        name: "channels",
        get: 0x3c,
        set: 0x3d,
        words: 9,
    },
    Group {
        name: "rings",
        get: 0x10,
        set: 0x11,
        words: 9,
    },
    Group {
        name: "interrupt moderation",
        get: 0x0e,
        set: 0x0f,
        words: 23,
    },
    Group {
        name: "pause frames",
        get: 0x12,
        set: 0x13,
        words: 4,
    },
];

/// `ETHTOOL_GRSSH`, `ETHTOOL_SRSSH`
const GET_HASHING: u32 = 0x46;
const SET_HASHING: u32 = 0x47;

/// Words of `struct ethtool_rxfh` before the indirection table and the key: the command, the context, the number of the table's
/// words, that of the key's bytes, the function in the lowest byte, reserved.
const HASHING_WORDS: usize = 6;

/// Most words of a table and a key; adapters have some hundred.
const HASHING_MOST: u32 = 1 << 16;

/// `ETHTOOL_GSSET_INFO`, `ETHTOOL_GFEATURES`, `ETHTOOL_SFEATURES`
const GET_SETS: u32 = 0x37;
const GET_FEATURES: u32 = 0x3a;
const SET_FEATURES: u32 = 0x3b;

/// `ETH_SS_FEATURES`
const FEATURES: u64 = 4;

/// Most words of 32 features; the kernel has two or three.
const FEATURE_WORDS: u32 = 8;

/// The settings of a netdev, as far as its driver has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ethtool {
    /// The offloads that were asked for, 32 in each.
    pub features: Vec<u32>,
    /// Of each group its words.
    pub groups: BTreeMap<String, Vec<u32>>,
    /// Function, indirection table and key of receive hashing, as the kernel has them; empty where the driver has none, and in
    /// holds of earlier releases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hashing: Vec<u32>,
}

/// 32 offloads (`struct ethtool_get_features_block`).
struct Features {
    changeable: u32,
    requested: u32,
}

impl Ethtool {
    /// Reads those of the netdev of this name in the namespace of this thread. What its driver does not have, or does not
    /// tell, is left out.
    pub fn read(name: &str) -> Result<Self> {
        let device = Device::open(name)?;
        let mut settings = Self {
            features: device
                .features()
                .iter()
                .map(|block| block.requested)
                .collect(),
            groups: BTreeMap::new(),
            hashing: device.hashing().unwrap_or_default(),
        };
        for group in &GROUPS {
            if let Some(words) = device.group(group) {
                settings.groups.insert(group.name.to_owned(), words);
            }
        }
        Ok(settings)
    }

    /// Gives the netdev of this name these settings again. Goes on when one fails; the first refusal is the error.
    pub fn restore(&self, name: &str) -> Result<()> {
        let device = Device::open(name)?;
        let mut outcome = Ok(());
        for group in &GROUPS {
            let original = self.groups.get(group.name);
            // The kernel reads as many as the command has, however many a file says.
            let Some(original) = original.filter(|words| words.len() + 1 == group.words) else {
                continue;
            };
            if device.group(group).is_none_or(|now| now == *original) {
                continue;
            }
            let mut words = vec![group.set];
            words.extend(original);
            let set = device.ask(&mut words, || {
                format!("give {name} its {} back", group.name)
            });
            outcome = outcome.and(set);
        }
        // The table is about channels, which are as many as before by now.
        if !self.hashing.is_empty() && device.hashing().is_some_and(|now| now != self.hashing) {
            let mut words = vec![SET_HASHING];
            words.extend(&self.hashing);
            let set = device.ask(&mut words, || {
                format!("give {name} its receive hashing back")
            });
            outcome = outcome.and(set);
        }
        let now = device.features();
        let mut words = vec![SET_FEATURES, now.len() as u32];
        let mut differ = false;
        for (block, original) in now.iter().zip(&self.features) {
            let differing = (block.requested ^ original) & block.changeable;
            differ |= differing != 0;
            words.extend([differing, original & differing]);
        }
        if differ && self.features.len() == now.len() {
            let set = device.ask(&mut words, || format!("give {name} its offloads back"));
            outcome = outcome.and(set);
        }
        outcome
    }
}

/// A netdev that is asked.
struct Device {
    socket: UnixDatagram,
    name: [u8; libc::IFNAMSIZ],
}

/// `struct ifreq`, as far as `SIOCETHTOOL` uses it.
#[repr(C)]
struct Request {
    name: [u8; libc::IFNAMSIZ],
    data: *mut u32,
    /// The union in a real one is larger than a pointer.
    rest: [u8; 16],
}

impl Device {
    fn open(name: &str) -> Result<Self> {
        let failed = |source| Error::Io {
            what: format!("open a socket to ask for the settings of {name}"),
            source,
        };
        let mut bytes = [0; libc::IFNAMSIZ];
        match bytes.get_mut(..name.len()) {
            Some(place) if name.len() < libc::IFNAMSIZ => place.copy_from_slice(name.as_bytes()),
            _ => return Err(failed(io::ErrorKind::InvalidFilename.into())),
        }
        // Any socket does: it belongs to the namespace in which it was opened. A pod may have no loopback yet.
        let socket = UnixDatagram::unbound().map_err(failed)?;
        Ok(Self {
            socket,
            name: bytes,
        })
    }

    /// The words of a group without the command; none where the driver does not have them.
    fn group(&self, group: &Group) -> Option<Vec<u32>> {
        let mut words = vec![0; group.words];
        words[0] = group.get;
        self.ask(&mut words, String::new).ok()?;
        Some(words.split_off(1))
    }

    /// The words of receive hashing without the command; none where the driver does not have it.
    fn hashing(&self) -> Option<Vec<u32>> {
        // With sizes of 0 it says which they are.
        let mut head = [0; HASHING_WORDS];
        head[0] = GET_HASHING;
        self.ask(&mut head, String::new).ok()?;
        let (table, key) = (head[2], head[3].div_ceil(4));
        if (table == 0 && key == 0) || table > HASHING_MOST || key > HASHING_MOST {
            return None;
        }
        let mut words = vec![0; HASHING_WORDS + (table + key) as usize];
        words[..HASHING_WORDS].copy_from_slice(&[GET_HASHING, 0, head[2], head[3], 0, 0]);
        self.ask(&mut words, String::new).ok()?;
        Some(words.split_off(1))
    }

    fn features(&self) -> Vec<Features> {
        // Command, reserved, the mask of sets in two words, and the number for the one set.
        let mut sets = vec![GET_SETS, 0, 0, 0, 0];
        let mask = (1u64 << FEATURES).to_ne_bytes();
        for (word, bytes) in sets[2..4].iter_mut().zip(mask.chunks_exact(4)) {
            *word = u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        if self.ask(&mut sets, String::new).is_err() {
            return Vec::new();
        }
        let blocks = sets[4].div_ceil(32).min(FEATURE_WORDS);
        let mut words = vec![0; 2 + 4 * blocks as usize];
        words[..2].copy_from_slice(&[GET_FEATURES, blocks]);
        if self.ask(&mut words, String::new).is_err() {
            return Vec::new();
        }
        let block = |block: &[u32]| Features {
            changeable: block[0],
            requested: block[1],
        };
        words[2..].chunks_exact(4).map(block).collect()
    }

    /// Asks the driver. `words` begin with the command, whose answer is no longer than they are.
    fn ask(&self, words: &mut [u32], what: impl Fn() -> String) -> Result<()> {
        let mut request = Request {
            name: self.name,
            data: words.as_mut_ptr(),
            rest: [0; 16],
        };
        // SAFETY: the kernel reads and writes at `data` what the command has, for which the callers have made room, and
        // copies no more than a `struct ifreq` from and to `request`, which is as large; both outlive the call.
        let answer = unsafe {
            libc::ioctl(
                self.socket.as_raw_fd(),
                libc::SIOCETHTOOL as _,
                &raw mut request,
            )
        };
        match answer {
            ..0 => Err(Error::Io {
                what: what(),
                source: io::Error::last_os_error(),
            }),
            // SFEATURES says by a positive answer that not all of it was possible.
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_as_large_as_the_kernels() {
        assert_eq!(size_of::<Request>(), size_of::<libc::ifreq>());
    }

    #[test]
    fn what_the_loopback_has_is_read() {
        let settings = Ethtool::read("lo").expect("read");
        assert!(!settings.features.is_empty());
        assert!(Ethtool::read("a-name-that-is-too-long").is_err());
        assert_eq!(Ethtool::read("no-such").expect("read"), Ethtool::default());
    }
}
