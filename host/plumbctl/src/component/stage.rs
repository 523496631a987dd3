//! The folder in which a component is made before it takes the place of another one.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use plumb::replace::{self, Lasting};

use super::store::as_root;
use crate::Failure;

/// How the name of such a folder ends; it begins with a dot, which the name of no component has.
const ENDING: &str = ".new";

/// A folder that is gone when this is, with what was in the place that it took.
pub struct Stage {
    folder: PathBuf,
    target: PathBuf,
}

impl Stage {
    /// An empty one beside the component's own.
    ///
    /// # Errors
    ///
    /// What the kernel said.
    pub fn new(store: &Path, name: &str) -> Result<Self, Failure> {
        let folder = store.join(aside(name));
        DirBuilder::new()
            .mode(0o755)
            .create(&folder)
            .map_err(|error| format!("cannot create {}: {}", folder.display(), as_root(&error)))?;
        Ok(Self {
            folder,
            target: store.join(name),
        })
    }

    /// Writes a file, to the disk.
    ///
    /// # Errors
    ///
    /// What the kernel said.
    pub fn write(&self, file: &str, content: &[u8]) -> Result<(), Failure> {
        let path = self.folder.join(file);
        let draft = path.with_extension("draft");
        replace::file(&path, &draft, content, 0o444, Lasting::Forever).map_err(|error| {
            let final_place = self.target.join(file);
            format!(
                "cannot write {}: {}",
                final_place.display(),
                as_root(&error)
            )
            .into()
        })
    }

    /// Takes a file over from what is in the place now.
    ///
    /// # Errors
    ///
    /// What the kernel said.
    pub fn keep(&self, file: &str) -> Result<(), Failure> {
        let kept = self.target.join(file);
        fs::hard_link(&kept, self.folder.join(file))
            .map_err(|error| format!("cannot keep {}: {}", kept.display(), as_root(&error)).into())
    }

    /// Takes the place, at once.
    ///
    /// # Errors
    ///
    /// What the kernel said.
    pub fn publish(self) -> Result<(), Failure> {
        let cannot = |reason: String| format!("cannot install {}: {reason}", self.target.display());
        match fs::symlink_metadata(&self.target) {
            Ok(_) => renameat2(
                AT_FDCWD,
                &self.folder,
                AT_FDCWD,
                &self.target,
                RenameFlags::RENAME_EXCHANGE,
            )
            .map_err(|errno| {
                cannot(match errno {
                    Errno::EINVAL => "the file system cannot exchange two folders (renameat2(2), RENAME_EXCHANGE): \
                                      remove the component first, then install this one"
                        .to_owned(),
                    errno => errno.to_string(),
                })
            })?,
            Err(_) => fs::rename(&self.folder, &self.target)
                .map_err(|error| cannot(error.to_string()))?,
        }
        let store = self.target.parent().unwrap_or(&self.target);
        File::open(store)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| cannot(error.to_string()).into())
    }
}

/// Takes a component out of the store, at once for whoever looks for it.
///
/// # Errors
///
/// What the kernel said.
pub fn remove(store: &Path, name: &str) -> Result<(), Failure> {
    let folder = store.join(name);
    let aside = store.join(aside(name));
    fs::rename(&folder, &aside)
        .and_then(|()| fs::remove_dir_all(&aside))
        .map_err(|error| format!("cannot remove {}: {}", folder.display(), as_root(&error)).into())
}

/// What a folder is called that is no component's yet, or any more.
fn aside(name: &str) -> String {
    format!(".{name}.{}{ENDING}", std::process::id())
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Removes what processes left here that were killed. Nobody else is at work.
pub fn sweep(store: &Path) {
    for entry in fs::read_dir(store).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_left = name
            .to_str()
            .is_some_and(|name| name.starts_with('.') && name.ends_with(ENDING));
        if is_left {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
