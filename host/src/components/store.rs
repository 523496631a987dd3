//! The store of vendor components: a folder that only root may write to, with one
//! folder for each component.
//!
//! | file | what it is |
//! |---|---|
//! | `manifest.json` | world, digests and grants: what the operator installed and allowed |
//! | `component.wasm` | the component as it was installed |
//! | `ENGINE.cwasm` | the same, compiled for this release |
//!
//! Compiled code is native code, and what keeps it in its place was compiled into it. So it is opened without
//! following links and only where nobody else can have written it, compared with the manifest's digest before
//! anything of it is looked at, and run behind the [wall](super::wall).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::ops::Not;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use plumb_engine::Allowance;
use plumb_values::Pattern;
use serde::{Deserialize, Serialize};

use super::grants::Grants;
use super::native::Native;
use super::world::World;
use crate::{Error, Result, owned};

/// Name of the manifest in a component's folder.
pub const MANIFEST: &str = "manifest.json";

/// Most bytes of compiled code: several times what the largest component becomes.
const CODE_BYTES: usize = 256 << 20;

/// Name of the component in its folder.
pub const COMPONENT: &str = "component.wasm";

/// What the operator allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `flavour` or `address-policy`
    pub world: String,
    /// `sha256:` and the digest of the component.
    pub digest: String,
    /// Operations that it may record, by their names in `wit/0.1/operations.wit`.
    pub grants: BTreeSet<String>,
    /// The devices that an operation may be about, as patterns of the node's policy name them; any that the
    /// configuration names where an operation is missing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub devices: BTreeMap<String, BTreeSet<String>>,
    /// Whether it may have more of the node than others, and is compiled for that.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub large: bool,
    /// `blake3:` and the digest of the compiled code, by the name of its file.
    #[serde(default)]
    pub compiled: BTreeMap<String, String>,
}

impl Manifest {
    /// How much of the node it may have.
    pub fn allowance(&self) -> Allowance {
        Allowance::of(self.large)
    }

    /// What of it the sandbox asks.
    pub fn grants(self) -> Grants {
        let Self {
            grants, devices, ..
        } = self;
        let patterns = |operation: &str| {
            let patterns = devices.get(operation)?.iter().cloned();
            Some(patterns.map(Pattern::from).collect())
        };
        Grants::Some(
            grants
                .into_iter()
                .map(|operation| {
                    let patterns = patterns(&operation);
                    (operation, patterns)
                })
                .collect(),
        )
    }
}

/// `blake3:` and the digest of compiled code, which `b3sum` shows.
pub fn digest(code: &[u8]) -> String {
    format!("blake3:{}", blake3::hash(code).to_hex())
}

/// Name of the compiled component in its folder, for this release.
pub fn compiled_name() -> String {
    format!("{}.cwasm", plumb_engine::engine_key())
}

/// Native code of a component.
pub enum Code {
    /// In the program's own memory.
    BuiltIn(&'static [u8]),
    /// In the store.
    Stored(Stored),
    /// In memory, and how much of the node it may have: of a component that is tried, and installed nowhere.
    AtHand(Rc<Native>, Allowance),
}

/// Native code in a file that was opened and checked.
pub struct Stored {
    file: File,
    path: PathBuf,
    /// What the manifest says of it.
    digest: Option<String>,
    allowance: Allowance,
    manifest: PathBuf,
}

impl Stored {
    /// How much of the node it may have.
    pub fn allowance(&self) -> Allowance {
        self.allowance
    }

    /// The code, which is what was installed.
    ///
    /// # Errors
    ///
    /// [`crate::Code::COMPONENT_NOT_LOADED`] when it cannot be read, or is something else.
    pub fn read(&self, name: &str) -> Result<Native> {
        const ANEW: &str = "`plumbctl component install` compiles it anew";
        let (path, manifest) = (self.path.display(), self.manifest.display());
        let Some(expected) = &self.digest else {
            return Err(not_loaded(format!(
                "component {name} cannot be loaded: {manifest} has no digest of its compiled code, as earlier \
                 releases left it: install it again, {ANEW}"
            )));
        };
        let native = Native::read(&self.file, CODE_BYTES).map_err(|error| {
            not_loaded(format!(
                "component {name} cannot be loaded: {path}: {error}; {ANEW}"
            ))
        })?;
        let found = digest(native.bytes());
        if found != *expected {
            return Err(not_loaded(format!(
                "component {name} cannot be loaded: {path} is not what was installed: its digest is {found}, and \
                 {manifest} has {expected}; find out who changed it, then {ANEW}"
            )));
        }
        Ok(native)
    }
}

fn not_loaded(message: String) -> Error {
    Error::new(crate::Code::COMPONENT_NOT_LOADED, message)
}

/// The code of a component in the store, and what it may record. None when it is not installed or of another world.
pub fn find(name: &str, world: World, folder: &Path) -> Result<Option<(Code, Grants)>> {
    if !is_installed(name, folder) {
        return Ok(None);
    }
    look(name, folder, |component| {
        let manifest = read_manifest(component, name, folder)?;
        if manifest.world != world.as_str() {
            return Ok(None);
        }
        let stored = Stored {
            file: open(component, name, &compiled_name())?,
            path: folder.join(name).join(compiled_name()),
            digest: manifest.compiled.get(&compiled_name()).cloned(),
            allowance: manifest.allowance(),
            manifest: folder.join(name).join(MANIFEST),
        };
        Ok(Some((Code::Stored(stored), manifest.grants())))
    })
}

/// Whether an IPAM type is that of an installed address policy. What cannot be read may be one, and nobody else's
/// plugin is asked in its place.
pub fn is_policy(name: &str, folder: &Path) -> bool {
    let world = look(name, folder, |component| {
        Ok(read_manifest(component, name, folder)?.world)
    });
    is_installed(name, folder) && !world.is_ok_and(|world| world == World::Flavour.as_str())
}

/// Looks at a component's folder. An install puts another folder in its place and removes this one: then it is
/// looked at the other.
fn look<T>(name: &str, folder: &Path, at: impl Fn(&File) -> Result<T>) -> Result<T> {
    let root = open_root(folder)?;
    loop {
        let component = open_component(&root, name)?;
        let seen = at(&component);
        if seen.is_ok() || !was_replaced(&component, &root, name) {
            return seen;
        }
    }
}

fn was_replaced(component: &File, root: &File, name: &str) -> bool {
    let identity = |file: &File| {
        file.metadata()
            .map(|metadata| (metadata.dev(), metadata.ino()))
    };
    let (Ok(before), Ok(now)) = (identity(component), open_component(root, name)) else {
        return false;
    };
    identity(&now).is_ok_and(|now| now != before)
}

/// The names of what is installed, for a question in an error; none where the folder cannot be read.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_component_name(name))
        .collect()
}

/// Whether there is a component of this name, whatever it is.
pub fn is_installed(name: &str, folder: &Path) -> bool {
    is_component_name(name) && folder.join(name).is_dir()
}

/// Whether a text can be the name of a component: it becomes the name of a folder.
pub fn is_component_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The store's folder, which must be root's.
fn open_root(folder: &Path) -> Result<File> {
    owned::check(folder).map_err(|error| not_loaded(format!("the component store: {error}")))?;
    File::open(folder)
        .map_err(|error| not_loaded(format!("cannot open {}: {error}", folder.display())))
}

/// The folder of a component, reached without following a link; it must be root's. It stays the same one however often
/// another build takes its place meanwhile.
fn open_component(root: &File, name: &str) -> Result<File> {
    let folder = resolve(root.as_fd(), Path::new(name), Path::new(name))?;
    check_owner(&folder, Path::new(name))?;
    Ok(folder)
}

fn read_manifest(component: &File, name: &str, folder: &Path) -> Result<Manifest> {
    let path = || folder.join(name).join(MANIFEST);
    let mut text = String::new();
    open(component, name, MANIFEST)?
        .read_to_string(&mut text)
        .map_err(|error| not_loaded(format!("cannot read {}: {error}", path().display())))?;
    serde_json::from_str(&text)
        .map_err(|error| not_loaded(format!("{} is not a manifest: {error}", path().display())))
}

/// A file of a component, which must be root's as well.
fn open(component: &File, name: &str, file: &str) -> Result<File> {
    let shown = PathBuf::from(name).join(file);
    let opened = resolve(component.as_fd(), Path::new(file), &shown)?;
    check_owner(&opened, &shown)?;
    Ok(opened)
}

/// Opens a path below a folder; `shown` is how messages call it.
fn resolve(folder: BorrowedFd<'_>, path: &Path, shown: &Path) -> Result<File> {
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_NO_SYMLINKS | ResolveFlag::RESOLVE_BENEATH);
    let shown = shown.display();
    match openat2(folder, path, how) {
        Ok(file) => Ok(File::from(file)),
        Err(Errno::ELOOP | Errno::EXDEV) => Err(not_loaded(format!(
            "{shown} of the component store is a link, which is not followed"
        ))),
        Err(Errno::ENOENT) => Err(not_loaded(format!(
            "{shown} of the component store is missing: components are compiled for one release, and \
             `plumbctl component recompile` or `plumbctl component install` compiles one for this"
        ))),
        Err(errno) => Err(not_loaded(format!(
            "cannot open {shown} of the component store: {errno}"
        ))),
    }
}

fn check_owner(file: &File, path: &Path) -> Result<()> {
    owned::check_open(file, path)
        .map_err(|error| not_loaded(format!("the component store: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn store() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let component = folder.path().join("acme");
        std::fs::create_dir(&component).unwrap();
        let manifest = r#"{"world": "flavour", "digest": "sha256:0", "grants": []}"#;
        std::fs::write(component.join(MANIFEST), manifest).unwrap();
        std::fs::write(component.join(compiled_name()), "code").unwrap();
        for path in [
            folder.path(),
            &component,
            &component.join(MANIFEST),
            &component.join(compiled_name()),
        ] {
            let mode = if path.is_dir() { 0o755 } else { 0o644 };
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        }
        folder
    }

    #[test]
    fn a_component_of_root_is_found_in_its_world_only() {
        let folder = store();
        assert!(
            find("acme", World::Flavour, folder.path())
                .unwrap()
                .is_some()
        );
        assert!(
            find("acme", World::AddressPolicy, folder.path())
                .unwrap()
                .is_none()
        );
        assert!(
            find("other", World::Flavour, folder.path())
                .unwrap()
                .is_none()
        );
        assert!(
            find("../acme", World::Flavour, folder.path())
                .unwrap()
                .is_none()
        );
    }

    /// DEL and GC ask an IPAM plugin whose name a flavour has.
    #[test]
    fn a_flavour_is_no_policy_of_its_name() {
        let folder = store();
        assert!(!is_policy("acme", folder.path()));
        assert!(!is_policy("other", folder.path()));
        let manifest = folder.path().join("acme").join(MANIFEST);
        let policy = r#"{"world": "address-policy", "digest": "sha256:0", "grants": []}"#;
        for text in [policy, "what cannot be read"] {
            std::fs::write(&manifest, text).unwrap();
            assert!(is_policy("acme", folder.path()), "{text}");
        }
    }

    #[test]
    fn what_others_can_write_to_is_refused() {
        let folder = store();
        for part in [
            "acme",
            &format!("acme/{MANIFEST}"),
            &format!("acme/{}", compiled_name()),
        ] {
            let path = folder.path().join(part);
            let before = std::fs::metadata(&path).unwrap().permissions();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o777)).unwrap();
            let error = find("acme", World::Flavour, folder.path()).err().unwrap();
            assert!(error.message.contains("must be root's"), "{error}");
            std::fs::set_permissions(&path, before).unwrap();
        }
    }

    #[test]
    fn links_are_not_followed() {
        let folder = store();
        let code = folder.path().join("acme").join(compiled_name());
        std::fs::rename(&code, folder.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("../elsewhere", &code).unwrap();
        let error = find("acme", World::Flavour, folder.path()).err().unwrap();
        assert!(error.message.contains("link"), "{error}");
    }
}
