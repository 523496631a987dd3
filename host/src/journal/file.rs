//! One open record, locked.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Error, Folder, Header, Line, Record, State, Step};
use crate::operations::Operation;

/// How long a call waits for another one on the same attachment. The runtime repeats a
/// call that it believes lost while the first still runs; it gives up after a minute.
const LOCK_WAIT: Duration = Duration::from_secs(20);

/// How often the lock is tried meanwhile. It is a `flock`, so the kernel drops it when
/// its holder dies.
const LOCK_INTERVAL: Duration = Duration::from_millis(5);

/// A record that this process alone works on, until it is dropped.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Where the next line goes.
    end: u64,
    record: Option<Record>,
}

impl Journal {
    /// Opens and locks the record at `path`; with `create` makes it when there is none.
    /// None: there is none. A record that cannot be read is set aside and reported.
    pub(super) fn open(folder: &Folder, path: &Path, create: bool) -> Result<Option<Self>, Error> {
        let Some(mut file) = lock(path, create)? else {
            return Ok(None);
        };
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(io("read", path))?;
        let record = match Record::parse(&text) {
            Ok(record) => record,
            Err(reason) => {
                return Err(Error::Corrupt {
                    path: path.to_owned(),
                    reason,
                    aside: folder.set_aside(path)?,
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
            file.set_len(whole as u64).map_err(io("cut", path))?;
        }
        let end = whole as u64;
        file.seek(SeekFrom::Start(end)).map_err(io("read", path))?;
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
    pub fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    /// Begins the record of a new attachment.
    pub fn begin(&mut self, header: Header) -> Result<(), Error> {
        self.append(&Line::Header(header.clone()))?;
        self.record = Some(Record {
            header,
            steps: Vec::new(),
            complete: false,
        });
        Ok(())
    }

    /// Writes down what will be done next; the number of its step.
    pub fn intend(&mut self, operation: &Operation) -> Result<usize, Error> {
        let number = self.steps().len();
        self.append(&Line::Intent(number, operation.clone()))?;
        self.steps().push(Step {
            operation: operation.clone(),
            state: State::Intended,
        });
        Ok(number)
    }

    /// Writes down that a step was done, with what is known of it now.
    pub fn done(&mut self, number: usize, operation: &Operation) -> Result<(), Error> {
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

    /// Removes the record: nothing of the attachment is left.
    pub fn remove(self, folder: &Folder) -> Result<(), Error> {
        folder.remove(&self.path)
    }

    fn steps(&mut self) -> &mut Vec<Step> {
        &mut self
            .record
            .as_mut()
            .expect("a record is begun before it gets steps")
            .steps
    }

    fn append(&mut self, line: &Line) -> Result<(), Error> {
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
            return Err(io("write", &self.path)(source));
        }
        self.end += text.len() as u64;
        Ok(())
    }
}

fn io<'a>(what: &'static str, path: &'a Path) -> impl Fn(std::io::Error) -> Error + 'a {
    move |source| Error::Io {
        what,
        path: path.to_owned(),
        source,
    }
}

/// Opens and locks the file. Its last holder may have removed it meanwhile: then the
/// lock is on a file that nobody finds any more, and it is tried again.
fn lock(path: &Path, create: bool) -> Result<Option<File>, Error> {
    let begin = Instant::now();
    loop {
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(create)
            .truncate(false)
            .mode(0o600)
            .open(path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if !create {
                    return Ok(None);
                }
                // Either the first of its folder, or the last one was just removed.
                match path.parent().map(super::folder::create) {
                    // A DEL removed a folder above it at this moment.
                    Some(Err(Error::Io { source, .. }))
                        if source.kind() == std::io::ErrorKind::NotFound => {}
                    Some(made) => made?,
                    None => {}
                }
                if begin.elapsed() > LOCK_WAIT {
                    return Err(io("create", path)(error));
                }
                continue;
            }
            // DEL can still undo what the record says; only the record itself stays.
            Err(error) if error.kind() == std::io::ErrorKind::ReadOnlyFilesystem && !create => {
                File::open(path).map_err(io("open", path))?
            }
            Err(error) => return Err(io("open", path)(error)),
        };
        match file.try_lock() {
            Ok(()) => {
                let held = file.metadata().map_err(io("read", path))?;
                let current = std::fs::metadata(path);
                if current.is_ok_and(|there| there.ino() == held.ino() && there.dev() == held.dev())
                {
                    return Ok(Some(file));
                }
            }
            Err(TryLockError::WouldBlock) => {
                if begin.elapsed() > LOCK_WAIT {
                    return Err(Error::Busy {
                        path: path.to_owned(),
                        seconds: LOCK_WAIT.as_secs(),
                    });
                }
                std::thread::sleep(LOCK_INTERVAL);
            }
            Err(TryLockError::Error(error)) => return Err(io("lock", path)(error)),
        }
    }
}
