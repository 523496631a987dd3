//! Modules of the running kernel (modules.builtin and modules.dep of modprobe(8), `/sys/module`).

use std::fs;
use std::path::Path;

use super::{Error, Result, Sysfs};

/// Whether the kernel has what a module brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Module {
    /// It is there now.
    Present,
    /// modprobe(8) would find it.
    Loadable,
    /// Neither.
    Missing,
    /// It is not there now, and no list of modules says whether it could be: in a container, for instance.
    Unknown,
}

/// What becomes of the module called `name` in a kernel whose modules are in `folder`, `/lib/modules/RELEASE`.
///
/// # Errors
///
/// [`Error::Io`] when a list is there and cannot be read.
pub fn module(sysfs: &Sysfs, folder: &Path, name: &str) -> Result<Module> {
    if sysfs.root().join("module").join(name).exists() {
        return Ok(Module::Present);
    }
    let mut is_known = false;
    for (list, found) in [
        ("modules.builtin", Module::Present),
        ("modules.dep", Module::Loadable),
    ] {
        let path = folder.join(list);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(source) => {
                let what = format!("read {}", path.display());
                return Err(Error::Io { what, source });
            }
        };
        is_known = true;
        if text.lines().any(|line| is_of(line, name)) {
            return Ok(found);
        }
    }
    Ok(match is_known {
        true => Module::Missing,
        false => Module::Unknown,
    })
}

/// Whether a line is about the module: `kernel/drivers/net/macvlan.ko.xz: …`. Files have hyphens where names have
/// underscores, or the other way round.
fn is_of(line: &str, name: &str) -> bool {
    let path = line.split(':').next().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default();
    stem.replace('-', "_") == name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_one_module() {
        assert!(is_of("kernel/drivers/net/macvlan.ko.xz: a.ko", "macvlan"));
        assert!(is_of("kernel/net/8021q/8021q.ko", "8021q"));
        assert!(is_of("kernel/x/ib-ipoib.ko.zst:", "ib_ipoib"));
        assert!(!is_of(
            "kernel/drivers/net/macvtap.ko: kernel/drivers/net/macvlan.ko",
            "macvlan"
        ));
    }
}
