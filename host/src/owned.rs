//! Folders that only root can have filled: what plumb reads as its own record, runs as a component or writes to.

use std::fs::{self, File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Why a folder is not trusted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel refused to look.
    #[error("cannot look at {path}: {source}")]
    Unreadable {
        /// What was looked at.
        path: PathBuf,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// Somebody could have put it there.
    #[error("{path} is a link, which is not followed")]
    Link {
        /// The folder, or one above it.
        path: PathBuf,
    },
    /// Not a folder.
    #[error("{path} is not a folder")]
    NoFolder {
        /// The folder, or one above it.
        path: PathBuf,
    },
    /// Not a socket.
    #[error("{path} is not a socket")]
    NoSocket {
        /// What should be one.
        path: PathBuf,
    },
    /// Others may write to it.
    #[error(
        "{path} belongs to user {user} and group {group} with mode {mode:o}: it must be root's and writable by root \
         alone, and so must every folder above it"
    )]
    Writable {
        /// The folder, or one above it.
        path: PathBuf,
        /// Its owner.
        user: u32,
        /// Its group.
        group: u32,
        /// Its permissions.
        mode: u32,
    },
}

/// Checks a folder and those above it, as far as they exist. What root alone may write to cannot change afterwards,
/// so a path that was checked can be used like any other.
///
/// # Errors
///
/// The first folder from the root down that is a link, or that somebody else may write to.
pub fn check(folder: &Path) -> Result<(), Error> {
    let mut folders: Vec<_> = folder.ancestors().collect();
    folders.reverse();
    for path in folders {
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            // The rest is made below what was checked.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(source) => {
                return Err(Error::Unreadable {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        let path = || path.to_owned();
        if metadata.is_symlink() {
            return Err(Error::Link { path: path() });
        }
        if !metadata.is_dir() {
            return Err(Error::NoFolder { path: path() });
        }
        // In a folder with the sticky bit nobody else can replace what root has made there.
        let is_shared_safely = metadata.mode() & 0o1000 != 0;
        if !is_roots(&metadata) || (others_write(&metadata) && !is_shared_safely) {
            return Err(writable(path(), &metadata));
        }
    }
    Ok(())
}

/// Checks that root alone can have made a socket. Who may connect to it is its owner's to say.
///
/// # Errors
///
/// As for [`check`] of its folder; [`Error::NoSocket`] and [`Error::Writable`].
pub fn check_socket(path: &Path) -> Result<(), Error> {
    check(path.parent().unwrap_or(path))?;
    let metadata = fs::symlink_metadata(path).map_err(|source| Error::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    if !metadata.file_type().is_socket() {
        return Err(Error::NoSocket {
            path: path.to_owned(),
        });
    }
    match is_roots(&metadata) {
        true => Ok(()),
        false => Err(writable(path.to_owned(), &metadata)),
    }
}

/// Checks a file or folder that is open: root's, and writable by root alone. `path` is for the message.
///
/// # Errors
///
/// [`Error::Writable`], or [`Error::Unreadable`].
pub fn check_open(file: &File, path: &Path) -> Result<(), Error> {
    let metadata = file.metadata().map_err(|source| Error::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    if is_roots(&metadata) && !others_write(&metadata) {
        return Ok(());
    }
    Err(writable(path.to_owned(), &metadata))
}

fn writable(path: PathBuf, metadata: &Metadata) -> Error {
    Error::Writable {
        path,
        user: metadata.uid(),
        group: metadata.gid(),
        mode: metadata.mode() & 0o7777,
    }
}

fn others_write(metadata: &Metadata) -> bool {
    let mode = metadata.mode();
    mode & 0o002 != 0 || (mode & 0o020 != 0 && !is_root(metadata.gid()))
}

fn is_roots(metadata: &Metadata) -> bool {
    is_root(metadata.uid())
}

/// Whether an ID is root's. In a user namespace that somebody made for himself the files of the machine's root show
/// the ID of nobody (user_namespaces(7)); no privilege over the machine is at stake there.
fn is_root(id: u32) -> bool {
    id == 0 || (id == OVERFLOW_ID && is_in_user_namespace())
}

/// `/proc/sys/kernel/overflowuid`, which nobody changes.
const OVERFLOW_ID: u32 = 65534;

fn is_in_user_namespace() -> bool {
    fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| {
        let mut words = map.split_whitespace();
        (words.next(), words.next()) != (Some("0"), Some("0"))
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    #[test]
    fn what_others_may_have_put_there_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let (above, below) = (
            folder.path().join("above"),
            folder.path().join("above/below"),
        );
        fs::create_dir_all(&below).unwrap();
        let set = |mode| fs::set_permissions(&above, fs::Permissions::from_mode(mode)).unwrap();
        set(0o755);
        check(&below).unwrap();
        check(&below.join("not/there/yet")).unwrap();
        for mode in [0o777, 0o757] {
            set(mode);
            let error = check(&below).unwrap_err().to_string();
            assert!(error.contains("above belongs to user 0"), "{error}");
        }
        set(0o1777);
        check(&below).unwrap();
        set(0o775);
        check(&below).unwrap();
        chown(&above, None, Some(1)).unwrap();
        assert!(check(&below).is_err(), "a group other than root's writes");
        chown(&above, Some(1), Some(0)).unwrap();
        assert!(check(&below).is_err(), "somebody else's folder");
        chown(&above, Some(0), None).unwrap();
        symlink(&above, folder.path().join("link")).unwrap();
        let error = check(&folder.path().join("link/below"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("link is a link"), "{error}");
        fs::write(below.join("file"), "").unwrap();
        let error = check(&below.join("file")).unwrap_err().to_string();
        assert!(error.contains("is not a folder"), "{error}");
    }
}
