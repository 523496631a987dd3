//! What is to be remembered of a function that nobody holds: a file beside the holds, `functions/ADDRESS.KIND`.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use plumb_values::DeviceId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Holds;
use crate::state::{self, Error as StateError};

/// A kind of note. A function has at most one of each.
pub trait Note: Serialize + DeserializeOwned {
    /// The end of the file's name, after the address.
    const SUFFIX: &'static str;

    /// Whether it is such as plumb writes.
    fn is_sound(&self) -> bool;
}

impl Holds {
    fn note_file<N: Note>(&self, address: &str) -> PathBuf {
        self.folder().join(format!("{address}{}", N::SUFFIX))
    }

    /// Writes a note, in the place of an earlier one.
    pub fn keep_note<N: Note>(&self, address: &str, note: &N) -> Result<(), StateError> {
        state::create_folder(&self.folder())?;
        let path = self.note_file::<N>(address);
        let text = serde_json::to_vec(note)
            .map_err(|error| StateError::io("encode", &path)(error.into()))?;
        match fs::write(&path, text) {
            // The release of the last function removed the folder at this moment.
            Err(error) if error.kind() == ErrorKind::NotFound => self.keep_note(address, note),
            written => written.map_err(StateError::io("write", &path)),
        }
    }

    /// The note on a function. A file that cannot be understood is none.
    pub fn note<N: Note>(&self, address: &str) -> Result<Option<N>, StateError> {
        let path = self.note_file::<N>(address);
        match fs::read(&path) {
            Ok(text) => {
                let note = serde_json::from_slice::<N>(&text).ok();
                Ok(note.filter(Note::is_sound))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StateError::io("read", &path)(error)),
        }
    }

    /// All notes of a kind, by address.
    pub fn notes<N: Note>(&self) -> Result<Vec<(String, N)>, StateError> {
        let mut notes = Vec::new();
        for file in state::entries(&self.folder())? {
            let address = file.strip_suffix(N::SUFFIX);
            let Some(address) = address.filter(|text| text.parse::<DeviceId>().is_ok()) else {
                continue;
            };
            match self.note(address)? {
                Some(note) => notes.push((address.to_owned(), note)),
                None => self.forget_note::<N>(address)?,
            }
        }
        Ok(notes)
    }

    /// Removes the note, if there is one.
    pub fn forget_note<N: Note>(&self, address: &str) -> Result<(), StateError> {
        self.remove(&self.note_file::<N>(address))
    }
}
