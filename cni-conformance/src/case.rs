//! What a case is, and how it can end.

use cni_harness::Outcome;

use crate::{Kind, Scene, Version};

/// How much the specification demands what a case looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The specification says must, required or shall.
    Must,
    /// The specification says should.
    Should,
    /// Runtimes or the reference library rely on it, though the specification does not say so.
    Relied,
}

impl Level {
    /// In lower case, for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::Relied => "relied",
        }
    }
}

/// With which versions a case runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matrix {
    /// The newest one that both sides speak.
    Newest,
    /// Each one.
    Each,
}

/// One numbered case. Numbers are never used again for something else.
#[derive(Debug)]
pub struct Case {
    /// Groups are hundreds and fifties, one source file each.
    pub number: u16,
    /// Short name, as in expectation files.
    pub name: &'static str,
    /// How binding it is.
    pub level: Level,
    /// Where the specification (1.1.0) says so, or who relies on it.
    pub source: &'static str,
    /// One sentence: what the plugin has to do.
    pub demand: &'static str,
    /// Kinds of plugins that it is for.
    pub kinds: &'static [Kind],
    /// The oldest version in which it makes sense.
    pub since: Version,
    /// The newest version in which it makes sense.
    pub until: Version,
    /// With which versions it runs.
    pub matrix: Matrix,
    /// Whether the plugin must have an IPAM plugin of its own choice called.
    pub delegates: bool,
    /// Does it.
    pub run: fn(&Scene) -> Verdict,
}

/// How a case ends.
pub type Verdict = Result<(), Stop>;

/// Why a case ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The plugin does not do what it has to; what was seen, with the call.
    Failed(String),
    /// It cannot be asked of this plugin with this configuration; why.
    NotApplicable(String),
}

impl Case {
    /// A case of this level for plugins of every kind, with the newest version since 0.3.0.
    const fn new(
        level: Level,
        number: u16,
        name: &'static str,
        source: &'static str,
        demand: &'static str,
        run: fn(&Scene) -> Verdict,
    ) -> Self {
        Self {
            number,
            name,
            level,
            source,
            demand,
            kinds: &Kind::ALL,
            since: Version::V0_3_0,
            until: Version::V1_1_0,
            matrix: Matrix::Newest,
            delegates: false,
            run,
        }
    }

    /// What the specification says must be.
    pub const fn must(
        number: u16,
        name: &'static str,
        source: &'static str,
        demand: &'static str,
        run: fn(&Scene) -> Verdict,
    ) -> Self {
        Self::new(Level::Must, number, name, source, demand, run)
    }

    /// What the specification says should be.
    pub const fn should(
        number: u16,
        name: &'static str,
        source: &'static str,
        demand: &'static str,
        run: fn(&Scene) -> Verdict,
    ) -> Self {
        Self::new(Level::Should, number, name, source, demand, run)
    }

    /// What runtimes rely on.
    pub const fn relied(
        number: u16,
        name: &'static str,
        source: &'static str,
        demand: &'static str,
        run: fn(&Scene) -> Verdict,
    ) -> Self {
        Self::new(Level::Relied, number, name, source, demand, run)
    }

    /// Only for plugins of these kinds.
    pub const fn kinds(mut self, kinds: &'static [Kind]) -> Self {
        self.kinds = kinds;
        self
    }

    /// Only from this version on.
    pub const fn since(mut self, version: Version) -> Self {
        self.since = version;
        self
    }

    /// Only up to this version.
    pub const fn until(mut self, version: Version) -> Self {
        self.until = version;
        self
    }

    /// With each version.
    pub const fn each_version(mut self) -> Self {
        self.matrix = Matrix::Each;
        self
    }

    /// Only where the configuration has an `ipam` that the suite can put its own plugin into.
    pub const fn delegating(mut self) -> Self {
        self.delegates = true;
        self
    }
}

/// A failure with the call that showed it.
pub fn failed(what: impl Into<String>, outcome: &Outcome) -> Stop {
    Stop::Failed(format!("{}\n{outcome}", what.into()))
}

/// Fails with `what` unless the condition holds.
pub fn ensure(condition: bool, what: impl FnOnce() -> String) -> Verdict {
    match condition {
        true => Ok(()),
        false => Err(Stop::Failed(what())),
    }
}
