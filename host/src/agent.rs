//! The agent of this node, which knows the cluster: it hands out addresses of pools that nodes share, and tells what a
//! pod's annotations say.
//!
//! It is asked only where what the node has does not serve, by an ADD, and never by a call that takes apart. What it
//! answers is looked at like anything that comes from outside; whether a claim got an address the lease store says, and
//! not the agent.

mod line;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plumb_protocol::{Answer, PodChoice, PodName, Question, Take};
use plumb_values::text::shorten;

use crate::attachment::PodIdentity;
use crate::{Code, Error, Result, owned};

/// How long one question may take, connection and answer. The agent itself waits up to 2 s for other nodes to give
/// something back.
const PATIENCE: Duration = Duration::from_secs(4);

/// Most bytes of what the agent says to a person.
const MESSAGE_BYTES: usize = 4096;

/// Codes that an answer may end a call with; any other one is [`Code::TRY_AGAIN_LATER`].
const CODES: [Code; 4] = [
    Code::TRY_AGAIN_LATER,
    Code::NOT_AVAILABLE,
    Code::POOL_EXHAUSTED,
    Code::ADDRESS_TAKEN,
];

/// The agent, as one call sees it.
#[derive(Debug)]
pub struct Agent {
    socket: PathBuf,
    /// It was asked in vain once: a call does not wait again.
    silent: RefCell<Option<String>>,
}

impl Agent {
    /// The agent that listens on a socket.
    pub fn new(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
            silent: RefCell::default(),
        }
    }

    /// Has addresses that the cluster shares put into this node's lease store.
    ///
    /// # Errors
    ///
    /// [`Code::TRY_AGAIN_LATER`] when there is no agent or no answer; the agent's own refusal, with one of [`CODES`].
    pub fn take(&self, take: Take) -> Result<()> {
        match self.ask(&Question::Take(take))? {
            Answer::Taken(_) => Ok(()),
            Answer::Refused(refusal) => Err(refused(refusal.code, &refusal.message)),
            Answer::Pod(_) => Err(self.unanswered("it answered another question")),
        }
    }

    /// What a pod's annotations, its namespace's, and the affinities of pools say.
    ///
    /// # Errors
    ///
    /// As for [`Agent::take`].
    pub fn pod(&self, pod: &PodIdentity) -> Result<PodChoice> {
        match self.ask(&Question::Pod(name_of(pod)))? {
            Answer::Pod(choice) => Ok(choice),
            Answer::Refused(refusal) => Err(refused(refusal.code, &refusal.message)),
            Answer::Taken(_) => Err(self.unanswered("it answered another question")),
        }
    }

    /// Whether somebody listens.
    ///
    /// # Errors
    ///
    /// [`Code::TRY_AGAIN_LATER`] when nobody does.
    pub fn listens(&self) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        self.connect(end)
            .map(drop)
            .map_err(|why| self.unanswered(&why))
    }

    fn ask(&self, question: &Question) -> Result<Answer> {
        if let Some(why) = self.silent.borrow().as_deref() {
            return Err(self.unanswered(why));
        }
        let end = Instant::now() + PATIENCE;
        let answer = self
            .connect(end)
            .and_then(|stream| line::exchange(stream, question, end));
        answer.map_err(|why| {
            let error = self.unanswered(&why);
            self.silent.replace(Some(why));
            error
        })
    }

    fn connect(&self, end: Instant) -> std::result::Result<std::os::unix::net::UnixStream, String> {
        owned::check_socket(&self.socket).map_err(|error| error.to_string())?;
        line::connect(&self.socket, end)
    }

    fn unanswered(&self, why: &str) -> Error {
        Error::new(
            Code::TRY_AGAIN_LATER,
            format!(
                "the agent of this node does not answer on {}: {why}; look whether its pod (plumb-agent) on this node \
                 runs, and what it logs",
                self.socket.display()
            ),
        )
    }
}

/// A pod, as the agent is asked for it.
pub fn name_of(pod: &PodIdentity) -> PodName {
    PodName {
        namespace: pod.namespace.clone(),
        name: pod.name.clone(),
        uid: pod.uid.clone(),
    }
}

fn refused(code: u32, message: &str) -> Error {
    let known = CODES.into_iter().find(|known| known.0 == code);
    let message = match message.trim() {
        "" => "the agent of this node refused without a word",
        message => message,
    };
    Error::new(
        known.unwrap_or(Code::TRY_AGAIN_LATER),
        shorten(message, MESSAGE_BYTES),
    )
}

#[cfg(test)]
mod tests;
