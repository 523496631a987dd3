//! Somebody who may look on between the steps: the tests put a kill or a failure there.

use crate::Result;

/// Where in a step the process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The intent is written; nothing is done yet.
    Intended,
    /// It was done; the journal does not say so yet.
    Performed,
    /// The journal says so.
    Recorded,
    /// Another address was claimed in the place of one that somebody on the wire has; the journal has the first one.
    Exchanged,
}

/// Learns of each moment of each step, forward and backward.
pub trait Watcher {
    /// An error here is treated as a failure of the step.
    fn at(&self, moment: Moment, step: usize) -> Result<()>;
}

/// What the program itself uses: nobody looks on.
pub struct Nobody;

impl Watcher for Nobody {
    fn at(&self, _moment: Moment, _step: usize) -> Result<()> {
        Ok(())
    }
}
