//! What the plugin keeps of an attachment: one file below `/run/specimen`, which is its
//! lock as well.
//!
//! The file is there from before the first effect of ADD to after the last one of DEL. Its
//! lock is held for the whole of a call, and by the children of the call, which live on
//! when the plugin is killed: the process that has the lock knows that no other one is at work.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use serde::{Deserialize, Serialize};

use crate::defects;
use crate::error::{Error, INPUT_OUTPUT, TRY_AGAIN};
use crate::request::Request;

/// For a lock; runtimes give a call ten seconds and more.
const PATIENCE: Duration = Duration::from_secs(8);

/// How the files of records end.
const SUFFIX: &str = ".json";

/// What there is to know of an attachment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attachment {
    /// The pool's address, if it is the pool's.
    pub address: Option<std::net::Ipv4Addr>,
    /// Hardware address of the interface: no other program makes one with it, so it distinguishes the
    /// interface whatever its name.
    pub mac: String,
    /// `CNI_NETNS`
    pub namespace: String,
    /// Device and inode of the namespace.
    pub identity: (u64, u64),
}

/// The file of an attachment, locked.
pub struct Record {
    /// Where it is.
    pub path: PathBuf,
    file: File,
}

/// Folder of everything that the plugin keeps.
pub fn root() -> &'static Path {
    Path::new("/run/specimen")
}

/// Folder of a network.
pub fn folder(network: &str) -> PathBuf {
    root().join(network)
}

/// `CONTAINER:INTERFACE`; neither has a colon.
fn path(request: &Request) -> PathBuf {
    folder(&request.network).join(format!(
        "{}:{}{SUFFIX}",
        request.container, request.interface
    ))
}

/// The records of a network, with container and interface.
pub fn all(network: &str) -> Vec<(PathBuf, String, String)> {
    let entries = fs::read_dir(folder(network)).into_iter().flatten();
    let paths = entries.flatten().map(|entry| entry.path());
    paths
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_suffix(SUFFIX)?;
            let (container, interface) = name.split_once(':')?;
            let (container, interface) = (container.to_owned(), interface.to_owned());
            Some((path, container, interface))
        })
        .collect()
}

/// The attachment that a file describes; nothing when ADD was killed before it was written.
pub fn read(path: &Path) -> Option<Attachment> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

impl Record {
    /// Makes the file, or takes what a killed ADD left.
    pub fn create(request: &Request) -> Result<Self, Error> {
        let path = path(request);
        let folder = folder(&request.network);
        fs::create_dir_all(&folder).map_err(|error| wrong("create", &folder, &error))?;
        loop {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(|error| wrong("create", &path, &error))?;
            if let Some(record) = Self::lock(path.clone(), file)? {
                return Ok(record);
            }
        }
    }

    /// Opens the file; nothing when there is none.
    pub fn open(request: &Request) -> Result<Option<Self>, Error> {
        let path = path(request);
        loop {
            let file = match OpenOptions::new().read(true).write(true).open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(wrong("open", &path, &error)),
            };
            if defects::has("del-gives-up-on-another") && file.try_lock().is_err() {
                return Err(Error::new(TRY_AGAIN, "another DEL is at work"));
            }
            if let Some(record) = Self::lock(path.clone(), file)? {
                return Ok(Some(record));
            }
        }
    }

    /// Where the file is, if it is there.
    pub fn open_without_lock(request: &Request) -> Option<PathBuf> {
        Some(path(request)).filter(|path| path.exists())
    }

    /// Nothing when the file was removed before the lock came.
    fn lock(path: PathBuf, file: File) -> Result<Option<Self>, Error> {
        lock(&file, &path)?;
        fcntl(&file, FcntlArg::F_SETFD(FdFlag::empty()))
            .map_err(|error| wrong("keep open", &path, &error.into()))?;
        let opened = file.metadata().map(|metadata| metadata.ino()).ok();
        let there = fs::metadata(&path).map(|metadata| metadata.ino()).ok();
        Ok((opened == there).then_some(Self { path, file }))
    }

    /// What is written there.
    pub fn attachment(&mut self) -> Option<Attachment> {
        let mut text = Vec::new();
        self.file.rewind().ok()?;
        self.file.read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Writes the attachment.
    pub fn write(&mut self, attachment: &Attachment) -> Result<(), Error> {
        let text = serde_json::to_vec(attachment).expect("texts and numbers have a JSON form");
        let draft = defects::draft(&self.path, &text);
        self.file
            .rewind()
            .and_then(|()| self.file.set_len(0))
            .and_then(|()| self.file.write_all(&text))
            .map_err(|error| wrong("write", &self.path, &error))?;
        draft.map_or(Ok(()), |draft| remove(&draft))
    }

    /// Removes the file, and gives the lock up.
    pub fn remove(self) -> Result<(), Error> {
        remove(&self.path)
    }
}

/// Removes a file that may be gone already.
pub fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(wrong("remove", path, &error))
        }
        _ => Ok(()),
    }
}

/// Waits for a lock.
pub fn lock(file: &File, path: &Path) -> Result<(), Error> {
    let started = Instant::now();
    while file.try_lock().is_err() {
        if started.elapsed() > PATIENCE {
            return Err(Error::new(
                TRY_AGAIN,
                format!("another call holds {} for long", path.display()),
            ));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// A sentence with the path.
pub fn wrong(what: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::new(INPUT_OUTPUT, format!("{what} {}: {error}", path.display()))
}
