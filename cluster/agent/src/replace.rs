//! Files that plumb reads while the agent writes them: written under another name of the same folder, then renamed, so that
//! whoever opens the path finds the old content or the new one.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

pub use plumb_replace::Lasting;

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
    plumb_replace::file(path, &draft, content, mode, lasting).map_err(failed)
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
