//! The journal: what an attachment did to the machine, written before it is done.
//!
//! The journal knows nothing of what an operation is: `O` is what the records hold of one.
//!
//! One file for each attachment, `STATE/attachments/NETWORK/CONTAINER/INTERFACE`, a
//! JSON object in each line: a header, then for every operation its intent with all that
//! its undo needs, and a line when it is done. Lines are only appended, each by one
//! write, so a kill leaves a file that ends with a whole line or with a piece of one.
//! Such a piece is an intent whose operation was not begun, or a mark that is not needed.
//!
//! Lines reach the kernel before the operation does, which makes them survive the
//! process. They are not forced to a disk: what they speak of does not survive a power
//! cut either, and the recorded boot shows that one happened.

mod file;
mod moment;
mod records;

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::attachment::{Attachment, PodIdentity};
use crate::kernel::{self, Boot, Netns, PodNetns};

pub use file::Journal;
pub use moment::Moment;
pub use records::{Records, Unreadable};

/// The layout of the files. Layout 1 had attachments of one interface, whose operations say
/// no number of it; it is read as well. A file of another layout is set aside as unreadable.
pub const LAYOUT: u32 = 2;

/// The oldest layout that is read.
const OLDEST_LAYOUT: u32 = 1;

/// What comes of looking at what was read back: what is wrong with it, with the value.
pub type Checked = std::result::Result<(), String>;

/// What a record can hold. It is written by plumb in a folder that root alone can write to, and looked at all the
/// same before anything is undone by it.
pub trait Recorded {
    /// Whether it is such as plumb writes.
    ///
    /// # Errors
    ///
    /// What is wrong, with the value.
    fn check_record(&self) -> Checked;
}

/// The first line of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`LAYOUT`]
    pub layout: u32,
    /// The boot in which the attachment was made.
    pub boot: Boot,
    /// What it is known by.
    pub attachment: Attachment,
    /// The pod's namespace.
    pub netns: PodNetns,
    /// The pod, when the runtime reported one.
    pub pod: Option<PodIdentity>,
    /// When ADD began, in milliseconds since 1970, for people.
    pub since: u64,
    /// When ADD began, in milliseconds since the boot, which no clock that is set changes. None in records of
    /// earlier releases.
    #[serde(default)]
    pub uptime: Option<u64>,
    /// Standard input of ADD, where an IPAM plugin was asked: GC needs it to release what it gave. Empty otherwise: it
    /// may be large, and nothing else reads it.
    pub configuration: String,
    /// `CNI_ARGS` of ADD.
    pub arguments: String,
    /// `CNI_PATH` of ADD.
    pub path: Vec<PathBuf>,
    /// The vendors' components that decided what was done, by name, for people: nothing is undone by them. None in
    /// records of earlier releases, nor where all was built in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<String>,
}

impl Header {
    /// Whether it is the header of this attachment's record.
    fn check(&self, attachment: &Attachment) -> Checked {
        match self.attachment == *attachment {
            true => Ok(()),
            false => Err(format!("line 1 is of {}", self.attachment)),
        }
    }

    /// Whether the attachment was made at this moment or later: by an ADD that runs beside a call that began then.
    ///
    /// # Errors
    ///
    /// Where the kernel does not say which boot this is.
    pub fn is_newer_than(&self, begin: Moment) -> kernel::Result<bool> {
        match self.uptime {
            Some(uptime) => Ok(uptime >= begin.uptime && !self.is_of_earlier_boot()?),
            // What lies in the future was made before the clock was set back.
            None => Ok((begin.since_1970..=Moment::now().since_1970).contains(&self.since)),
        }
    }

    /// Whether the machine was started again since.
    ///
    /// # Errors
    ///
    /// Where the kernel does not say.
    pub fn is_of_earlier_boot(&self) -> kernel::Result<bool> {
        self.boot.is_over()
    }

    /// The pod's namespace, if it is still the one of the attachment.
    ///
    /// # Errors
    ///
    /// Where the kernel does not say.
    pub fn live_netns(&self) -> kernel::Result<Option<Netns>> {
        self.netns.open(&self.boot, None)
    }
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
pub struct Step<O> {
    /// What was done, with what its undo needs.
    pub operation: O,
    /// How far it got.
    pub state: State,
}

/// A record, read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record<O> {
    /// Who and where.
    pub header: Header,
    /// What was done, oldest first.
    pub steps: Vec<Step<O>>,
    /// Whether ADD came to its end.
    pub complete: bool,
    /// Whether a DEL came to its end, and something is left that it could not reach.
    #[serde(default)]
    pub ended: bool,
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line<O> {
    Header(Box<Header>),
    Intent(usize, O),
    Done(usize, O),
    Undone(usize),
    Stuck(usize, String),
    Complete(bool),
}

impl<O> Record<O> {
    /// Whether the attachment is whole: its ADD came to its end and its pod is alive.
    ///
    /// # Errors
    ///
    /// Where the kernel does not say.
    pub fn is_alive(&self) -> kernel::Result<bool> {
        Ok(self.complete && self.header.live_netns()?.is_some())
    }

    /// Whether its DEL came and could not reach all that it speaks of.
    pub fn is_left(&self) -> bool {
        self.ended
    }

    fn apply(&mut self, line: Line<O>) -> Option<()> {
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
            Line::Complete(complete) => {
                self.complete = complete;
                self.ended = !complete;
            }
        }
        Some(())
    }
}

impl<O: DeserializeOwned + Recorded> Record<O> {
    /// Understands the lines of an attachment's file, and checks what they say. None for a file without a whole line: its
    /// writer died before it did anything. Bytes, because a piece of a line may end within
    /// a letter.
    fn parse(text: &[u8], attachment: &Attachment) -> Result<Option<Self>, String> {
        let mut lines = text.split_inclusive(|byte| *byte == b'\n').enumerate();
        let whole = |line: &[u8]| line.ends_with(b"\n");
        let header = match lines.next() {
            Some((_, line)) if whole(line) => match decode::<O>(1, line)? {
                Line::Header(header) if (OLDEST_LAYOUT..=LAYOUT).contains(&header.layout) => {
                    *header
                }
                Line::Header(header) => {
                    return Err(format!(
                        "layout {}, where {OLDEST_LAYOUT} to {LAYOUT} are known",
                        header.layout
                    ));
                }
                _ => return Err("line 1 is no header".into()),
            },
            _ => return Ok(None),
        };
        header.check(attachment)?;
        let mut record = Self {
            header,
            steps: Vec::new(),
            complete: false,
            ended: false,
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
}

fn decode<O: DeserializeOwned + Recorded>(number: usize, line: &[u8]) -> Result<Line<O>, String> {
    let wrong = |problem: String| format!("line {number}: {problem}");
    let line: Line<O> = serde_json::from_slice(line).map_err(|error| wrong(error.to_string()))?;
    if let Line::Intent(_, operation) | Line::Done(_, operation) = &line {
        operation.check_record().map_err(wrong)?;
    }
    Ok(line)
}
