//! The store as the operator's tool has it: read by everybody, changed by one process of root's at a time.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use plumb::components::store::{COMPONENT, MANIFEST, Manifest, is_component_name};
use plumb::owned;
use plumb::policy::Reader;
use plumb::replace::{self, Lasting};
use plumb_values::similar::question;

use super::stage::{self, Stage};
use crate::{Failure, compile};

/// The folder of vendors' components.
pub struct Store {
    folder: PathBuf,
}

/// The right to change the store, which one process has at a time.
pub struct Lock {
    _file: File,
}

/// A component of the store.
pub struct Installed {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// What was installed and allowed.
    pub manifest: Manifest,
}

/// Code for a release of plumb.
pub enum Code<'a> {
    /// Made just now.
    New(&'a [u8]),
    /// As it lies in the store.
    Kept,
}

impl Store {
    /// The store in a folder; in the policy's when none is given.
    ///
    /// # Errors
    ///
    /// Where the policy cannot be read.
    pub fn of(folder: Option<PathBuf>, policy: &Reader) -> Result<Self, Failure> {
        Ok(Self {
            folder: match folder {
                Some(folder) => std::path::absolute(&folder)?,
                None => policy.read_for_removal()?.folders.components,
            },
        })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The names of what is installed, in their order; none where there is no folder yet.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be read.
    pub fn names(&self) -> Result<Vec<String>, Failure> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(format!("cannot read {}: {error}", self.folder.display()).into());
            }
        };
        let mut names: Vec<_> = entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| is_component_name(name))
            .collect();
        names.sort();
        Ok(names)
    }

    /// A component that must be there.
    ///
    /// # Errors
    ///
    /// Where there is none of this name, with those that there are, or it cannot be read.
    pub fn get(&self, name: &str) -> Result<Installed, Failure> {
        if let Some(installed) = self.find(name)? {
            return Ok(installed);
        }
        let names = self.names()?;
        let known = match names.is_empty() {
            true => "none is installed".to_owned(),
            false => format!("there are {}", names.join(", ")),
        };
        Err(format!(
            "there is no component {name:?} in {}: {}{known}",
            self.folder.display(),
            question(name, names.iter().map(String::as_str))
        )
        .into())
    }

    /// A component, if it is there.
    ///
    /// # Errors
    ///
    /// Where its manifest cannot be read.
    pub fn find(&self, name: &str) -> Result<Option<Installed>, Failure> {
        let folder = self.folder.join(name);
        if !is_component_name(name) || !folder.is_dir() {
            return Ok(None);
        }
        let path = folder.join(MANIFEST);
        let text = fs::read_to_string(&path).map_err(|error| {
            format!(
                "cannot read {}: {error}; `plumbctl component install` writes it anew, without grants",
                path.display()
            )
        })?;
        let manifest = serde_json::from_str(&text).map_err(|error| {
            format!(
                "{} is not a manifest: {error}; `plumbctl component install` writes it anew, without grants",
                path.display()
            )
        })?;
        Ok(Some(Installed {
            name: name.to_owned(),
            folder,
            manifest,
        }))
    }

    /// Makes the folder where it is missing, and waits for others who change it.
    ///
    /// # Errors
    ///
    /// Where the folder is not root's alone: plumb would load nothing from it. Where this user may not write to it.
    pub fn lock(&self) -> Result<Lock, Failure> {
        let shown = self.folder.display();
        owned::check(&self.folder)
            .map_err(|error| format!("the component store {shown}: {error}"))?;
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(&self.folder)
            .map_err(|error| format!("cannot create {shown}: {}", as_root(&error)))?;
        let path = self.folder.join(".lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            // Whoever could open it could keep root waiting.
            .mode(0o600)
            .custom_flags(nix::libc::O_NOFOLLOW)
            .open(&path)
            .map_err(|error| format!("cannot lock {}: {}", path.display(), as_root(&error)))?;
        file.lock()
            .map_err(|error| format!("cannot lock {}: {error}", path.display()))?;
        stage::sweep(&self.folder);
        Ok(Lock { _file: file })
    }

    /// Puts a component in the place of what has its name, all of it at once: whoever opens the folder finds what was
    /// there or what is there now. On any error the store is as it was.
    ///
    /// # Errors
    ///
    /// What the kernel said.
    pub fn put(
        &self,
        _lock: &Lock,
        name: &str,
        manifest: &Manifest,
        component: &[u8],
        codes: &BTreeMap<String, Code<'_>>,
    ) -> Result<(), Failure> {
        let stage = Stage::new(&self.folder, name)?;
        stage.write(COMPONENT, component)?;
        for (file, code) in codes {
            match code {
                Code::New(code) => stage.write(file, code)?,
                Code::Kept => stage.keep(file)?,
            }
        }
        stage.write(MANIFEST, &text(manifest)?)?;
        stage.publish()
    }

    /// Changes what a component may do, while nobody else does; the component as it is then.
    ///
    /// # Errors
    ///
    /// Those of the change, of [`Self::get`] and of [`Self::put`].
    pub fn change(
        &self,
        name: &str,
        change: impl FnOnce(&mut Installed) -> Result<(), Failure>,
    ) -> Result<Installed, Failure> {
        // A name that nobody knows makes no folder.
        self.get(name)?;
        let lock = self.lock()?;
        let mut installed = self.get(name)?;
        change(&mut installed)?;
        self.put_manifest(&lock, &installed)?;
        Ok(installed)
    }

    fn put_manifest(&self, _lock: &Lock, installed: &Installed) -> Result<(), Failure> {
        owned::check(&installed.folder).map_err(|error| format!("the component store: {error}"))?;
        let path = installed.folder.join(MANIFEST);
        let draft = path.with_extension(format!("{}.new", std::process::id()));
        let text = text(&installed.manifest)?;
        replace::file(&path, &draft, &text, 0o444, Lasting::Forever)
            .map_err(|error| format!("cannot write {}: {}", path.display(), as_root(&error)).into())
    }
}

impl Installed {
    /// The component, which is what was installed.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or is something else.
    pub fn component(&self) -> Result<Vec<u8>, Failure> {
        let path = self.folder.join(COMPONENT);
        let component = compile::read(&path)?;
        let found = format!("sha256:{}", plumb_compiler::digest(&component));
        if found != self.manifest.digest {
            return Err(format!(
                "{} is not what was installed: its digest is {found}, and the manifest has {}; find out who changed \
                 it, then install it again",
                path.display(),
                self.manifest.digest
            )
            .into());
        }
        Ok(component)
    }
}

fn text(manifest: &Manifest) -> Result<Vec<u8>, Failure> {
    let mut text = serde_json::to_vec_pretty(manifest)?;
    text.push(b'\n');
    Ok(text)
}

/// What the kernel said, and where it refused for want of rights, what would help.
pub fn as_root(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => format!("{error}: the store is root's, so this takes root"),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            format!("{error}: free some space there; the store is as it was")
        }
        _ => error.to_string(),
    }
}
