//! The journal: what an attachment did to the machine, written before it is done.
//!
//! One file for each attachment, `STATE/attachments/NETWORK/CONTAINER/INTERFACE`, a
//! JSON object in each line: a header, then for every operation its intent with all that
//! its undo needs, and a line when it is done. Lines are only appended, each by one
//! write, so a kill leaves a file that ends with a whole line or with a piece of one.
//! Such a piece is an intent whose operation was not begun, or a mark that is not needed.
//!
//! Lines reach the kernel before the operation does, which makes them survive the
//! process. They are not forced to a disk: what they speak of does not survive a power
//! cut either, which the recorded boot tells.

mod file;
mod folder;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::cni::request::{Attachment, Pod};
use crate::kernel::netns::Identity;
use crate::operations::Operation;

pub use file::Journal;
pub use folder::{CORRUPT, Folder, create as create_folder};

/// The layout of the files. A file of another layout is set aside as unreadable.
pub const LAYOUT: u32 = 1;

/// Why a record cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The state folder or a file in it cannot be used.
    #[error("cannot {what} {path}: {source}{}", hint(source))]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// Another process works on this attachment.
    #[error("another call has been working on {path} for {seconds} s: try again later")]
    Busy {
        /// The record.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// A record that cannot be understood.
    #[error("the record {path} cannot be read ({reason}): it was set aside as {aside}")]
    Corrupt {
        /// The record.
        path: PathBuf,
        /// The line and what is wrong with it.
        reason: String,
        /// Where it is now.
        aside: PathBuf,
    },
}

/// What would help against an error of the file system.
fn hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::StorageFull => ": free some space there",
        std::io::ErrorKind::ReadOnlyFilesystem => {
            ": it is mounted read-only; \"stateFolder\" names another one"
        }
        _ => "",
    }
}

/// The namespace of the pod when it was attached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodNetns {
    /// `CNI_NETNS`
    pub path: PathBuf,
    /// Tells whether the path still leads to the same namespace.
    pub identity: Identity,
}

/// The first line of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`LAYOUT`]
    pub layout: u32,
    /// The boot in which the attachment was made.
    pub boot: String,
    /// What it is known by.
    pub attachment: Attachment,
    /// The pod's namespace.
    pub netns: PodNetns,
    /// The pod, when the runtime told.
    pub pod: Option<Pod>,
    /// When ADD began, in milliseconds since 1970.
    pub since: u64,
    /// Standard input of ADD: GC and a DEL that comes with another one need it to
    /// release what an IPAM plugin gave.
    pub configuration: String,
    /// `CNI_ARGS` of ADD.
    pub arguments: String,
    /// `CNI_PATH` of ADD.
    pub path: Vec<PathBuf>,
}

/// How far an operation got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Its intent is written; whether it was done is not known.
    Intended,
    /// It was done.
    Done,
    /// It was undone.
    Undone,
    /// Undoing it failed; why.
    Stuck(String),
}

/// An operation of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What was done, with what its undo needs.
    pub operation: Operation,
    /// How far it got.
    pub state: State,
}

/// A record, read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Who and where.
    pub header: Header,
    /// What was done, oldest first.
    pub steps: Vec<Step>,
    /// Whether ADD came to its end.
    pub complete: bool,
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Header(Header),
    Intent(usize, Operation),
    Done(usize, Operation),
    Undone(usize),
    Stuck(usize, String),
    Complete(bool),
}

impl Record {
    /// Understands the lines of a file. None for a file without a whole line: its
    /// writer died before it did anything. Bytes, because a piece of a line may end within
    /// a letter.
    fn parse(text: &[u8]) -> std::result::Result<Option<Self>, String> {
        let mut lines = text.split_inclusive(|byte| *byte == b'\n').enumerate();
        let whole = |line: &[u8]| line.ends_with(b"\n");
        let header = match lines.next() {
            Some((_, line)) if whole(line) => match decode(1, line)? {
                Line::Header(header) if header.layout == LAYOUT => header,
                Line::Header(header) => {
                    return Err(format!("layout {} instead of {LAYOUT}", header.layout));
                }
                _ => return Err("line 1 is no header".into()),
            },
            _ => return Ok(None),
        };
        let mut record = Self {
            header,
            steps: Vec::new(),
            complete: false,
        };
        for (index, line) in lines {
            if whole(line) {
                record
                    .apply(decode(index + 1, line)?)
                    .ok_or_else(|| format!("line {} has a step that is not there", index + 1))?;
            }
        }
        Ok(Some(record))
    }

    fn apply(&mut self, line: Line) -> Option<()> {
        match line {
            Line::Header(_) => return None,
            Line::Intent(step, operation) => {
                if step != self.steps.len() {
                    return None;
                }
                self.steps.push(Step {
                    operation,
                    state: State::Intended,
                });
            }
            Line::Done(step, operation) => {
                *self.steps.get_mut(step)? = Step {
                    operation,
                    state: State::Done,
                };
            }
            Line::Undone(step) => self.steps.get_mut(step)?.state = State::Undone,
            Line::Stuck(step, reason) => self.steps.get_mut(step)?.state = State::Stuck(reason),
            Line::Complete(complete) => self.complete = complete,
        }
        Some(())
    }
}

fn decode(number: usize, line: &[u8]) -> std::result::Result<Line, String> {
    serde_json::from_slice(line).map_err(|error| format!("line {number}: {error}"))
}
