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
    let mut values = read_all(netns, family, &[(interface, name)])?;
    Ok(values.pop().flatten())
}

/// Reads several of a family, by interface and name, with one way into the namespace.
pub fn read_all(
    netns: &Netns,
    family: &str,
    wanted: &[(&str, &str)],
) -> Result<Vec<Option<String>>> {
    let paths: Vec<PathBuf> = wanted
        .iter()
        .map(|(interface, name)| path(family, interface, name))
        .collect();
    let texts = netns.inside(|| paths.iter().map(fs::read_to_string).collect::<Vec<_>>())?;
    let value = |(path, text): (&PathBuf, std::io::Result<String>)| match text {
        Ok(value) => Ok(Some(value.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Io {
            what: format!("read {} in {}", path.display(), netns.path().display()),
            source,
        }),
    };
    paths.iter().zip(texts).map(value).collect()
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
