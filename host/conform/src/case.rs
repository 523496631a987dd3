//! What a case is, and how it can end.

use plumb::components::World;

use crate::Bench;

/// How much is demanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A component that does not is a danger to those who use it, or plumb does not keep a promise.
    Must,
    /// One that does not is a nuisance.
    Should,
}

impl Level {
    /// In lower case, for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
        }
    }
}

/// One numbered case. Numbers are never used again for something else.
#[derive(Debug)]
pub struct Case {
    /// Groups are hundreds, one source file each.
    pub number: u16,
    /// Short name.
    pub name: &'static str,
    /// How binding it is.
    pub level: Level,
    /// The page or file that says so.
    pub source: &'static str,
    /// One sentence: what the component, or plumb with it, has to do.
    pub demand: &'static str,
    /// The worlds that it is for.
    pub worlds: &'static [World],
    /// Does it.
    pub run: fn(&Bench<'_>) -> Verdict,
}

/// How a case ends.
pub type Verdict = Result<(), Stop>;

/// Why a case ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// What must be is not; what was seen.
    Failed(String),
    /// It cannot be asked of this component with what is known of it; why.
    NotApplicable(String),
}

const BOTH: &[World] = &[World::Flavour, World::AddressPolicy];

impl Case {
    const fn new(
        level: Level,
        number: u16,
        name: &'static str,
        source: &'static str,
        demand: &'static str,
        run: fn(&Bench<'_>) -> Verdict,
    ) -> Self {
        Self {
            number,
            name,
            level,
            source,
            demand,
            worlds: BOTH,
            run,
        }
    }

    /// What must be.
    pub const fn must(
        number: u16,
        name: &'static str,
        source: &'static str,
        demand: &'static str,
        run: fn(&Bench<'_>) -> Verdict,
    ) -> Self {
        Self::new(Level::Must, number, name, source, demand, run)
    }

    /// What should be.
    pub const fn should(
        number: u16,
        name: &'static str,
        source: &'static str,
        demand: &'static str,
        run: fn(&Bench<'_>) -> Verdict,
    ) -> Self {
        Self::new(Level::Should, number, name, source, demand, run)
    }

    /// Only for components of these worlds.
    pub const fn of(mut self, worlds: &'static [World]) -> Self {
        self.worlds = worlds;
        self
    }
}

/// Most findings that a failure tells: the first ones say what is wrong.
const MOST_FINDINGS: usize = 5;

/// Passes where nothing was found; else fails with the first findings, each of which names its trial.
pub fn judge(findings: Vec<String>) -> Verdict {
    if findings.is_empty() {
        return Ok(());
    }
    let more = findings.len().saturating_sub(MOST_FINDINGS);
    let mut lines: Vec<_> = findings.into_iter().take(MOST_FINDINGS).collect();
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    Err(Stop::Failed(lines.join("\n")))
}

/// A case that cannot be asked.
pub fn not_applicable(reason: impl Into<String>) -> Stop {
    Stop::NotApplicable(reason.into())
}
