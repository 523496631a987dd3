//! What a check has found.

use std::fmt::Display;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Something will not work that this node may not need, or it could not be looked at.
    Warn,
    /// Pods fail, or will.
    Wrong,
}

impl Verdict {
    /// As it is printed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Wrong => "wrong",
        }
    }
}

/// A line.
#[derive(Debug)]
pub struct Finding {
    /// How bad it is.
    pub verdict: Verdict,
    /// What it is about: a file, a device, a pool.
    pub object: String,
    /// What it is like.
    pub says: String,
    /// What to do, where something is to be done.
    pub remedy: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn ok(object: impl Display, says: impl Display) -> Self {
        Self::new(Verdict::Ok, object, says, None)
    }

    /// Not as it should be, for some.
    pub fn warn(object: impl Display, says: impl Display, remedy: impl Display) -> Self {
        Self::new(Verdict::Warn, object, says, Some(remedy.to_string()))
    }

    /// Not as it must be.
    pub fn wrong(object: impl Display, says: impl Display, remedy: impl Display) -> Self {
        Self::new(Verdict::Wrong, object, says, Some(remedy.to_string()))
    }

    /// It could not be looked at.
    pub fn unseen(object: impl Display, error: impl Display) -> Self {
        let remedy = match nix::unistd::geteuid().is_root() {
            true => "mend that, and run this again",
            false => "run this as root",
        };
        Self::warn(object, format!("not looked at: {error}"), remedy)
    }

    fn new(
        verdict: Verdict,
        object: impl Display,
        says: impl Display,
        remedy: Option<String>,
    ) -> Self {
        Self {
            verdict,
            object: object.to_string(),
            says: says.to_string(),
            remedy,
        }
    }
}
