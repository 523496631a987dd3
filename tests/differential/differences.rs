//! Where plumb differs from the reference plugin, and why. `docs/differences.md` has the
//! same for users.

mod attaching;
mod detaching;
mod refusing;

use super::attachment::{Plugin, Release};
use super::cases::Case;
use super::course::Course;

/// One case in one version.
pub struct Situation<'a> {
    /// The case.
    pub case: &'a Case,
    /// `cniVersion`
    pub version: &'a str,
    /// Beside whose plugin.
    pub release: Release,
    /// Who attached and who detached.
    pub course: Course,
}

impl Situation<'_> {
    /// Whether plumb makes an attachment, beside one of the reference.
    fn is_made_by_plumb(&self) -> bool {
        self.course.attached_by == Plugin::Plumb && !self.case.is_refused
    }

    /// Whether the reference is Debian's.
    fn is_beside_packaged(&self) -> bool {
        self.release == Release::Packaged
    }

    /// Whether plumb takes over what the reference has made.
    fn is_taken_over(&self) -> bool {
        self.course.attached_by == Plugin::Reference
    }

    /// Whether the version has CHECK, and the result of ADD at DEL.
    fn has_check(&self) -> bool {
        self.version >= "0.4.0"
    }

    /// Whether the case is one of these.
    fn is_one_of(&self, names: &[&str]) -> bool {
        names.contains(&self.case.name)
    }
}

/// A line that differs, or that plumb leaves behind.
pub struct Effect {
    /// The line.
    pub key: String,
    /// Its value with the reference; none: there is no such line.
    pub reference: Option<&'static str>,
    /// Its value with plumb.
    pub plumb: Option<&'static str>,
}

impl Effect {
    fn new(
        key: impl Into<String>,
        reference: impl Into<Option<&'static str>>,
        plumb: impl Into<Option<&'static str>>,
    ) -> Self {
        Self {
            key: key.into(),
            reference: reference.into(),
            plumb: plumb.into(),
        }
    }
}

/// A difference that is meant.
pub struct Difference {
    /// What it is about.
    pub what: &'static str,
    /// What the reference does.
    pub reference: &'static str,
    /// What Debian's does.
    pub packaged: &'static str,
    /// What plumb does.
    pub plumb: &'static str,
    /// Why, for a user.
    pub reason: &'static str,
    /// All lines that differ because of it, in one situation.
    pub effects: fn(&Situation) -> Vec<Effect>,
}

/// All of them, in the order of an attachment's life.
pub fn all() -> impl Iterator<Item = &'static Difference> {
    [attaching::LIST, detaching::LIST, refusing::LIST]
        .into_iter()
        .flatten()
}
