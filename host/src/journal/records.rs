//! The folder of all records.

use std::fs;
use std::io::ErrorKind;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Journal, Record, Recorded};
use crate::attachment::Attachment;
use crate::state::{self, Error, Missing, StateFolder, entries};
use crate::trace::Trace;

/// Why a record is not known.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is not what was written.
    #[error("{0}")]
    Damaged(String),
    /// The kernel did not give it; it may be whole.
    #[error(transparent)]
    Io(std::io::Error),
}

/// The records of a node.
#[derive(Debug, Clone)]
pub struct Records<O> {
    state: StateFolder,
    operations: PhantomData<O>,
}

impl<O: Clone + Serialize + DeserializeOwned + Recorded> Records<O> {
    /// The records below a state folder, which need not exist yet.
    pub fn new(state: &StateFolder) -> Self {
        Self {
            state: state.clone(),
            operations: PhantomData,
        }
    }

    /// The file of an attachment: a folder for each part, so that no two attachments
    /// share one whatever their names contain.
    pub fn path(&self, attachment: &Attachment) -> PathBuf {
        self.state
            .attachments()
            .join(&attachment.network)
            .join(&attachment.container_id)
            .join(attachment.file_name())
    }

    /// Opens and locks the record of an attachment, a new one when there is none.
    pub fn create(&self, attachment: &Attachment) -> Result<Journal<O>, Error> {
        loop {
            if let Some(journal) = Journal::open(self, attachment, Missing::Create)? {
                return Ok(journal);
            }
        }
    }

    /// Opens and locks the record of an attachment, if there is one.
    pub fn open(&self, attachment: &Attachment) -> Result<Option<Journal<O>>, Error> {
        Journal::open(self, attachment, Missing::Ignore)
    }

    /// As [`Self::open`], for those who can do without a record that cannot be read: it is
    /// reported, and for them there is none.
    ///
    /// # Errors
    ///
    /// As [`Self::open`], but for [`Error::Corrupt`].
    pub fn open_readable(
        &self,
        attachment: &Attachment,
        trace: &Trace,
    ) -> Result<Option<Journal<O>>, Error> {
        match self.open(attachment) {
            Err(error @ Error::Corrupt { .. }) => {
                trace.error(&error);
                Ok(None)
            }
            opened => opened,
        }
    }

    /// The attachments that have a record, of one network or of all.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where a folder cannot be read: no attachment may be taken for one without a record then.
    pub fn list(&self, network: Option<&str>) -> Result<Vec<Attachment>, Error> {
        let root = self.state.attachments();
        let networks = match network {
            Some(network) => vec![network.to_owned()],
            None => entries(&root)?,
        };
        let mut attachments = Vec::new();
        for network in networks {
            let folder = root.join(&network);
            for container_id in entries(&folder)? {
                for file_name in entries(&folder.join(&container_id))? {
                    let (interface_name, plugin) = match file_name.split_once(':') {
                        Some((name, plugin)) => (name.to_owned(), Some(plugin.to_owned())),
                        None => (file_name, None),
                    };
                    attachments.push(Attachment {
                        network: network.clone(),
                        container_id: container_id.clone(),
                        interface_name,
                        plugin,
                    });
                }
            }
        }
        Ok(attachments)
    }

    /// Whether an attachment has a record, readable or not.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the kernel does not say.
    pub fn has(&self, attachment: &Attachment) -> Result<bool, Error> {
        state::exists(&self.path(attachment))
    }

    /// Reads a record without a lock, for showing it.
    pub fn read(&self, attachment: &Attachment) -> Result<Option<Record<O>>, Unreadable> {
        match fs::read(self.path(attachment)) {
            Ok(text) => Record::parse(&text, attachment).map_err(Unreadable::Damaged),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Unreadable::Io(error)),
        }
    }

    /// Removes the file of a record, and the folders above it that are empty then.
    pub(super) fn remove(&self, path: &Path) -> Result<(), Error> {
        state::remove(path)?;
        remove_empty_folders(path);
        Ok(())
    }

    /// Removes the folders of an attachment without a record, when they are empty: an ADD
    /// that is killed between making them and the record leaves them behind.
    pub fn tidy(&self, attachment: &Attachment) {
        remove_empty_folders(&self.path(attachment));
    }

    /// Moves a record that cannot be read out of the way; where it is now.
    pub(super) fn set_aside(&self, path: &Path) -> Result<PathBuf, Error> {
        let parts: Vec<_> = path
            .components()
            .rev()
            .take(3)
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        let name: Vec<_> = parts.into_iter().rev().collect();
        let aside = self.state.set_aside(path, &name.join("~"))?;
        self.remove(path)?;
        Ok(aside)
    }

    /// Whether a record could be written: makes the folder and a file in it, and removes
    /// the file again.
    pub fn probe(&self) -> Result<(), Error> {
        let folder = self.state.attachments();
        state::create_folder(&folder)?;
        let path = folder.join(format!(".probe-{}", std::process::id()));
        let written = fs::write(&path, "probe\n");
        let _ = fs::remove_file(&path);
        written.map_err(Error::io("write", &path))
    }
}

/// Removes the container's and the network's folder above a record, when they are empty.
/// A process that makes a record there meanwhile makes them again.
fn remove_empty_folders(record: &Path) {
    for folder in record.ancestors().skip(1).take(2) {
        match fs::remove_dir(folder) {
            Ok(()) => {}
            // Only the network's folder had been made.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(_) => break,
        }
    }
}
