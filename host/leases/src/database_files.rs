//! A database on the disk: its file and the journal beside it. One that is damaged is kept for a person to look at.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::Error;

/// What follows the name of the store; then the second since 1970 and the process.
const ENDING: &str = ".corrupt-";

/// How many are kept: `/run` is memory.
const KEPT: usize = 10;

/// A damaged store was put out of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where the damaged file is now.
    pub path: PathBuf,
    /// What was wrong with it.
    pub reason: String,
}

impl fmt::Display for SetAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the lease store was damaged ({}) and is now {}: made another one",
            self.reason,
            self.path.display()
        )
    }
}

/// Gives a database another name, and then its journal: SQLite would play the journal back into whatever database
/// it lies beside.
pub fn set_aside(path: &Path, reason: &str) -> Result<Option<SetAside>, Error> {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs());
    let name = format!("{ENDING}{seconds}-{}", std::process::id());
    let mut aside = beside(path, &name);
    let mut count = 1;
    while fs::symlink_metadata(&aside).is_ok() {
        count += 1;
        aside = beside(path, &format!("{name}-{count}"));
    }
    for ending in ["", "-journal"] {
        match fs::rename(beside(path, ending), beside(&aside, ending)) {
            Err(source) if source.kind() == ErrorKind::NotFound => {}
            renamed => renamed.map_err(|source| failed("set aside", path, source))?,
        }
    }
    remove_oldest(path);
    Ok(fs::symlink_metadata(&aside).is_ok().then(|| SetAside {
        path: aside,
        reason: reason.to_owned(),
    }))
}

/// Removes what is too much. That it fails is no reason to keep a call from its work.
fn remove_oldest(path: &Path) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return;
    };
    let beginning = format!("{}{ENDING}", name.to_string_lossy());
    let moment = |name: &str| {
        let moment = name
            .strip_prefix(&beginning)?
            .split('-')
            .next()?
            .parse::<u64>();
        (!name.ends_with("-journal")).then_some(moment.ok()?)
    };
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut kept: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| Some((moment(&name)?, name)))
        .collect();
    kept.sort_unstable();
    let many = kept.len().saturating_sub(KEPT);
    for (_, name) in kept.iter().take(many) {
        let _ = remove(&folder.join(name));
    }
}

/// Removes what may be left of a database that is not in use.
pub fn remove(path: &Path) -> Result<(), Error> {
    for ending in ["", "-journal"] {
        let path = beside(path, ending);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => {
                return Err(failed("remove", &path, source));
            }
            _ => {}
        }
    }
    Ok(())
}

pub fn failed(doing: &'static str, path: &Path, source: io::Error) -> Error {
    let path = path.to_owned();
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::FolderFull { doing, path },
        _ => Error::Io {
            doing,
            path,
            source,
        },
    }
}

pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
