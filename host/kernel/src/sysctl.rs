//! Sysctls of an interface (`/proc/sys/net`, Documentation/networking/ip-sysctl).
//!
//! `/proc/sys/net` shows the namespace of the thread that opens a file, so these run
//! inside the pod.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::{Error, Netns, Result};

/// `/proc/sys/net/FAMILY/conf/INTERFACE/NAME`
fn path(family: &str, interface: &str, name: &str) -> PathBuf {
    ["/proc/sys/net", family, "conf", interface, name]
        .iter()
        .collect()
}

/// Reads a sysctl; none when the kernel does not have it.
pub fn read(netns: &Netns, family: &str, interface: &str, name: &str) -> Result<Option<String>> {
    let path = path(family, interface, name);
    match netns.inside(|| fs::read_to_string(&path))? {
        Ok(value) => Ok(Some(value.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Io {
            what: format!("read {} in {}", path.display(), netns.path().display()),
            source,
        }),
    }
}

/// Writes a sysctl.
pub fn write(netns: &Netns, family: &str, interface: &str, name: &str, value: &str) -> Result<()> {
    let path = path(family, interface, name);
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
