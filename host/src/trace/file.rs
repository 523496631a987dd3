//! The file of a trace. It lies in the node's log folder, whatever path a network names.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::owned;

/// Opens a file of the log folder to append to. One that is full is kept once, as `NAME.1`.
pub(super) fn open(folder: &Path, name: &str, size_limit: u64) -> io::Result<File> {
    owned::check(folder).map_err(io::Error::other)?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o750)
        .create(folder)?;
    let path = folder.join(name);
    let file = append(&path)?;
    if file.metadata()?.len() < size_limit {
        return Ok(file);
    }
    rotate(folder, &path, size_limit)?;
    append(&path)
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o640)
        .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK)
        .open(path)
}

/// Two calls that find the file full must not both rename it: the second would put a file of a few lines in place of
/// the full one.
fn rotate(folder: &Path, path: &Path, size_limit: u64) -> io::Result<()> {
    let lock = File::open(folder)?;
    lock.lock()?;
    if fs::metadata(path)?.len() >= size_limit {
        let mut full = path.as_os_str().to_owned();
        full.push(".1");
        fs::rename(path, PathBuf::from(full))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_full_file_is_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| {
            let mut file = open(folder.path(), "a.log", 10).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        write("first\n");
        write("second\n");
        assert_eq!(read("a.log"), "first\nsecond\n");
        write("third\n");
        assert_eq!(
            (read("a.log.1").as_str(), read("a.log").as_str()),
            ("first\nsecond\n", "third\n")
        );
        write("fourth\n");
        write("fifth\n");
        assert_eq!(
            (read("a.log.1").as_str(), read("a.log").as_str()),
            ("third\nfourth\n", "fifth\n")
        );
    }
}
