//! Files that plumb reads while the agent writes them: written under another name of the same folder, then renamed, so that
//! whoever opens the path finds the old content or the new one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Whether the file must be there, and whole, after a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// No: it lies on a tmpfs.
    UntilBoot,
    /// Yes.
    Forever,
}

/// Puts a file with this content and these permissions at `path`.
///
/// # Errors
///
/// What the kernel said, after what was tried; `path` is as it was then.
pub fn file(path: &Path, content: &[u8], mode: u32, lasting: Lasting) -> Result<(), String> {
    let failed = |error: io::Error| format!("write {}: {error}", path.display());
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(failed(io::ErrorKind::InvalidFilename.into()));
    };
    // Hidden, so that it is no manifest either; of no process, so that what a kill left is written over.
    let mut draft = std::ffi::OsString::from(".draft.");
    // A name may have all the bytes that a name can have.
    draft.push(name.len().min(64).to_string());
    draft.push(format!(".{:016x}", crate::fingerprint::of(&name)));
    let draft = folder.join(draft);
    let written = write(&draft, content, mode, lasting).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written.map_err(failed)?;
    match lasting {
        Lasting::Forever => File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed),
        Lasting::UntilBoot => Ok(()),
    }
}

fn write(draft: &Path, content: &[u8], mode: u32, lasting: Lasting) -> io::Result<()> {
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
        Lasting::Forever => file.sync_all(),
        Lasting::UntilBoot => Ok(()),
    }
}

/// Makes a folder that root alone can write to, where there is none.
///
/// # Errors
///
/// What the kernel said, after what was tried.
pub fn folder(path: &Path) -> Result<(), String> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path)
        .map_err(|error| format!("create folder {}: {error}", path.display()))
}

/// Removes a file, if it is there.
///
/// # Errors
///
/// What the kernel said, after what was tried.
pub fn remove(path: &Path) -> Result<(), String> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(format!("remove {}: {error}", path.display()))
        }
        _ => Ok(()),
    }
}
