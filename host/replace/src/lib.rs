//! Files that are replaced as a whole: written under another name of the same folder, then
//! renamed, so that whoever opens the path finds the old content or the new one. A process
//! that has the old file open or mapped keeps it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

/// Whether what is written must be there after a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// No: what it speaks of does not survive one either, and it lies on a tmpfs as a rule.
    UntilBoot,
    /// Yes: an installed program, a component. Without fsync(2) of the file a rename may reach
    /// the disk before the content does, and the old file is gone for a half one; without that
    /// of the folder, the rename may not reach it at all.
    Forever,
}

/// Puts a file with this content and these permissions at `path`, by way of `draft`, which is
/// in the same folder and is not there afterwards, whatever happens but a kill.
///
/// # Errors
///
/// What the kernel said to one of the steps; `path` is as it was then.
pub fn file(
    path: &Path,
    draft: &Path,
    content: &[u8],
    mode: u32,
    lasting: Lasting,
) -> io::Result<()> {
    by_way_of(draft, path, lasting, || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            // A link that somebody put there would be written through, a named pipe waited for.
            .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK)
            .open(draft)?;
        file.write_all(content)?;
        // The umask, or a draft that was there, may have left other permissions.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        match lasting {
            Lasting::UntilBoot => Ok(()),
            Lasting::Forever => file.sync_all(),
        }
    })
}

/// As [`file()`], for a symbolic link to `target`.
///
/// # Errors
///
/// As [`file()`].
pub fn link(path: &Path, draft: &Path, target: &Path, lasting: Lasting) -> io::Result<()> {
    by_way_of(draft, path, lasting, || symlink(target, draft))
}

fn by_way_of(
    draft: &Path,
    path: &Path,
    lasting: Lasting,
    make: impl FnOnce() -> io::Result<()>,
) -> io::Result<()> {
    let made = make().and_then(|()| fs::rename(draft, path));
    if made.is_err() {
        let _ = fs::remove_file(draft);
    }
    made?;
    match path.parent() {
        Some(folder) if lasting == Lasting::Forever => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_for_those_who_open_it_later() {
        let folder = tempfile::tempdir().unwrap();
        let (path, draft) = (folder.path().join("plumb"), folder.path().join(".draft"));
        file(&path, &draft, b"old", 0o755, Lasting::UntilBoot).unwrap();
        let opened = fs::File::open(&path).unwrap();
        file(&path, &draft, b"new", 0o444, Lasting::Forever).unwrap();
        assert_eq!(io::read_to_string(opened).unwrap(), "old");
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o444);
        link(&path, &draft, Path::new("other"), Lasting::Forever).unwrap();
        assert_eq!(fs::read_link(&path).unwrap(), Path::new("other"));
        assert!(!draft.exists());
    }

    #[test]
    fn what_cannot_be_replaced_is_left_as_it_was_and_without_a_draft() {
        let folder = tempfile::tempdir().unwrap();
        let (path, draft) = (folder.path().join("full"), folder.path().join(".draft"));
        fs::create_dir_all(path.join("of files")).unwrap();
        assert!(file(&path, &draft, b"new", 0o444, Lasting::UntilBoot).is_err());
        assert!(path.is_dir() && !draft.exists());
    }
}
