//! One open record, locked.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Header, Line, Record, Recorded, Records, State, Step};
use crate::attachment::Attachment;
use crate::state::{self, Error, Missing};

/// How long a call waits for another one on the same attachment. The runtime repeats a
/// call that it believes lost while the first still runs; it gives up after a minute.
const LOCK_WAIT: Duration = Duration::from_secs(20);

/// A record that this process alone works on, until it is dropped.
#[derive(Debug)]
pub struct Journal<O> {
    path: PathBuf,
    file: File,
    /// Where the next line goes.
    end: u64,
    record: Option<Record<O>>,
}

impl<O: Clone + Serialize + DeserializeOwned + Recorded> Journal<O> {
    /// Opens and locks the record of an attachment; `missing` says whether it is
    /// made when there is none, which is None else. A record that cannot be read is set aside and reported.
    pub(super) fn open(
        records: &Records<O>,
        attachment: &Attachment,
        missing: Missing,
    ) -> Result<Option<Self>, Error> {
        let path = records.path(attachment);
        let path = path.as_path();
        let Some(mut file) = state::lock(path, missing, LOCK_WAIT)? else {
            return Ok(None);
        };
        let mut text = Vec::new();
        file.read_to_end(&mut text)
            .map_err(Error::io("read", path))?;
        let record = match Record::parse(&text, attachment) {
            Ok(record) => record,
            Err(reason) => {
                return Err(Error::Corrupt {
                    path: path.to_owned(),
                    reason,
                    aside: records.set_aside(path)?,
                });
            }
        };
        // What is appended must not continue a piece of a line.
        let whole = match record {
            Some(_) => text
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |end| end + 1),
            None => 0,
        };
        if whole < text.len() {
            file.set_len(whole as u64).map_err(Error::io("cut", path))?;
        }
        let end = whole as u64;
        file.seek(SeekFrom::Start(end))
            .map_err(Error::io("read", path))?;
        Ok(Some(Self {
            path: path.to_owned(),
            file,
            end,
            record,
        }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says; none when it is new.
    pub fn record(&self) -> Option<&Record<O>> {
        self.record.as_ref()
    }

    /// Begins the record of a new attachment.
    pub fn begin(&mut self, header: Header) -> Result<(), Error> {
        self.append(&Line::Header(Box::new(header.clone())))?;
        self.record = Some(Record {
            header,
            steps: Vec::new(),
            complete: false,
            ended: false,
        });
        Ok(())
    }

    /// Writes down what will be done next; the number of its step.
    pub fn intend(&mut self, operation: &O) -> Result<usize, Error> {
        let number = self.steps().len();
        self.append(&Line::Intent(number, operation.clone()))?;
        self.steps().push(Step {
            operation: operation.clone(),
            state: State::Intended,
        });
        Ok(number)
    }

    /// Writes down that a step was done, with what is known of it now.
    pub fn done(&mut self, number: usize, operation: &O) -> Result<(), Error> {
        self.append(&Line::Done(number, operation.clone()))?;
        if let Some(step) = self.steps().get_mut(number) {
            *step = Step {
                operation: operation.clone(),
                state: State::Done,
            };
        }
        Ok(())
    }

    /// Writes down that ADD came to its end.
    pub fn complete(&mut self) -> Result<(), Error> {
        self.append(&Line::Complete(true))?;
        if let Some(record) = &mut self.record {
            record.complete = true;
        }
        Ok(())
    }

    /// Notes the end of an undo. It is a note for people: a step that was undone can be
    /// undone again, so a full disk does not keep anything from being cleaned up.
    pub fn note(&mut self, number: usize, state: State) {
        let _ = match &state {
            State::Undone => self.append(&Line::Undone(number)),
            State::Stuck(reason) => self.append(&Line::Stuck(number, reason.clone())),
            State::Intended | State::Done => Ok(()),
        };
        if let Some(step) = self.steps().get_mut(number) {
            step.state = state;
        }
    }

    /// Notes that the attachment has ended, though the record stays.
    pub fn end(&mut self) {
        let _ = self.append(&Line::Complete(false));
        if let Some(record) = &mut self.record {
            record.complete = false;
            record.ended = true;
        }
    }

    /// Removes the record: nothing of the attachment is left.
    pub fn remove(self, records: &Records<O>) -> Result<(), Error> {
        records.remove(&self.path)
    }

    fn steps(&mut self) -> &mut Vec<Step<O>> {
        &mut self
            .record
            .as_mut()
            .expect("a record is begun before it gets steps")
            .steps
    }

    fn append(&mut self, line: &Line<O>) -> Result<(), Error> {
        let mut text = serde_json::to_vec(line).map_err(|error| Error::Io {
            what: "encode a line of",
            path: self.path.clone(),
            source: error.into(),
        })?;
        text.push(b'\n');
        if let Err(source) = self.file.write_all(&text) {
            // A piece of a line must not be continued by the next one.
            let _ = self.file.set_len(self.end);
            let _ = self.file.seek(SeekFrom::Start(self.end));
            return Err(Error::io("write", &self.path)(source));
        }
        self.end += text.len() as u64;
        Ok(())
    }
}
