//! Sysctls of the network (`/proc/sys/net`, Documentation/networking/ip-sysctl).
//!
//! `/proc/sys/net` shows the namespace of the thread that opens a file, so these run
//! inside the pod.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::{Error, Netns, Result};

/// A sysctl of an interface, of its neighbours, or of all interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sysctl<'a> {
    /// `ipv4` or `ipv6`
    family: &'a str,
    /// `conf` or `neigh`
    folder: &'static str,
    /// The interface; `all` and `default` in its place.
    interface: &'a str,
    /// The last part.
    name: &'a str,
}

impl<'a> Sysctl<'a> {
    /// `net.FAMILY.conf.INTERFACE.NAME`
    pub fn of_link(family: &'a str, interface: &'a str, name: &'a str) -> Self {
        Self {
            family,
            folder: "conf",
            interface,
            name,
        }
    }

    /// `net.FAMILY.neigh.INTERFACE.NAME`
    pub fn of_neighbours(family: &'a str, interface: &'a str, name: &'a str) -> Self {
        Self {
            folder: "neigh",
            ..Self::of_link(family, interface, name)
        }
    }

    /// An interface may have a dot in its name, so this is not sysctl(8)'s way.
    fn path(&self) -> PathBuf {
        let Self {
            family,
            folder,
            interface,
            name,
        } = self;
        ["/proc/sys/net", family, folder, interface, name]
            .iter()
            .collect()
    }

    /// Its value; none when the kernel does not have it.
    pub fn read(&self, netns: &Netns) -> Result<Option<String>> {
        let path = self.path();
        let text = netns.inside(|| fs::read_to_string(&path))?;
        value(netns, &path, text)
    }

    /// Writes it.
    pub fn write(&self, netns: &Netns, value: &str) -> Result<()> {
        let path = self.path();
        netns
            .inside(|| fs::write(&path, value))?
            .map_err(|source| Error::Io {
                what: format!(
                    "write {value:?} to {} in {}",
                    path.display(),
                    netns.path().display()
                ),
                source,
            })
    }
}

impl fmt::Display for Sysctl<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            family,
            folder,
            interface,
            name,
        } = self;
        write!(formatter, "net.{family}.{folder}.{interface}.{name}")
    }
}

/// Reads a sysctl of an interface; none when the kernel does not have it.
pub fn read(netns: &Netns, family: &str, interface: &str, name: &str) -> Result<Option<String>> {
    Sysctl::of_link(family, interface, name).read(netns)
}

/// Reads several of a family, by interface and name, with one way into the namespace.
pub fn read_all(
    netns: &Netns,
    family: &str,
    wanted: &[(&str, &str)],
) -> Result<Vec<Option<String>>> {
    let paths: Vec<PathBuf> = wanted
        .iter()
        .map(|(interface, name)| Sysctl::of_link(family, interface, name).path())
        .collect();
    let texts = netns.inside(|| paths.iter().map(fs::read_to_string).collect::<Vec<_>>())?;
    let read = paths.iter().zip(texts);
    read.map(|(path, text)| value(netns, path, text)).collect()
}

fn value(
    netns: &Netns,
    path: &std::path::Path,
    text: std::io::Result<String>,
) -> Result<Option<String>> {
    match text {
        Ok(value) => Ok(Some(value.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Io {
            what: format!("read {} in {}", path.display(), netns.path().display()),
            source,
        }),
    }
}

/// Writes a sysctl of an interface.
pub fn write(netns: &Netns, family: &str, interface: &str, name: &str, value: &str) -> Result<()> {
    Sysctl::of_link(family, interface, name).write(netns, value)
}
