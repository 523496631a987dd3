//! The outcome: figures against their limits, all measurements, and where they were made.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::Error;
use crate::node::FOREIGN_CPU;
use crate::statistics::Series;
use crate::versions::{first_line, version};

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Times what it is compared with.
    Ratio,
    /// Milliseconds.
    Milliseconds,
    /// 10⁶ bytes.
    Megabytes,
    /// 2²⁰ bytes.
    Mebibytes,
}

impl fmt::Display for Unit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Unit::Ratio => "×",
            Unit::Milliseconds => "ms",
            Unit::Megabytes => "MB",
            Unit::Mebibytes => "MiB",
        })
    }
}

/// One number that has a limit.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What it says of plumb.
    pub name: &'static str,
    /// With whom plumb is compared; none for an absolute number.
    pub compared_with: Option<&'static str>,
    /// What was measured.
    pub value: f64,
    /// What is still good.
    pub at_most: f64,
    /// Of both.
    pub unit: Unit,
    /// Whether the limit is missed.
    pub over: bool,
}

impl Figure {
    /// A number with its limit.
    pub fn new(name: &'static str, value: f64, at_most: f64, unit: Unit) -> Self {
        Self {
            name,
            compared_with: None,
            value,
            at_most,
            unit,
            over: value.is_nan() || value > at_most,
        }
    }

    /// A ratio of medians with its limit.
    pub fn ratio(
        name: &'static str,
        of: (&Series, fn(&Series) -> f64),
        to: &Series,
        at_most: f64,
    ) -> Self {
        let (series, median) = of;
        let ratio = median(series) / median(to);
        Self {
            compared_with: Some(to.candidate),
            ..Self::new(name, ratio, at_most, Unit::Ratio)
        }
    }
}

/// A share of CPU time that others used when a case began.
#[derive(Debug, Clone, Serialize)]
pub struct Foreign {
    /// The case.
    pub case: &'static str,
    /// 0 to 1.
    pub share: f64,
}

/// Everything that is reported.
#[derive(Debug, Serialize)]
pub struct Report {
    /// UTC, RFC 3339.
    pub date: String,
    /// `uname -sr`.
    pub kernel: String,
    /// Model name of the first CPU.
    pub processor: String,
    /// CPUs that this process may use.
    pub processors: usize,
    /// What each program says of its version.
    pub versions: Vec<String>,
    /// Runs of the serial cases.
    pub runs: usize,
    /// Resident set that a measured process cannot fall below, in bytes: a process
    /// started by vfork is accounted the memory of its parent until it calls exec.
    pub memory_floor: u64,
    /// Numbers with limits.
    pub figures: Vec<Figure>,
    /// Numbers behind them.
    pub series: Vec<Series>,
    /// How quiet the machine was.
    pub foreign: Vec<Foreign>,
}

impl Report {
    /// An empty report about this machine; each of `programs` is asked for its version
    /// with the arguments given.
    ///
    /// Errors: `System` when a program cannot be started or /proc not be read.
    pub fn new(runs: usize, programs: &[(PathBuf, &[&str])]) -> Result<Self, Error> {
        let read =
            |path: &str| fs::read_to_string(path).map_err(Error::system(format!("read {path}")));
        let processors = read("/proc/cpuinfo")?;
        let model = processors
            .lines()
            .find(|line| line.starts_with("model name"));
        let processor = model
            .and_then(|line| line.split_once(": "))
            .map_or("unknown", |(_, name)| name);
        let versions = programs
            .iter()
            .map(|(program, arguments)| version(program, arguments));
        Ok(Self {
            date: first_line("date".into(), &["-u", "+%FT%TZ"])?,
            kernel: format!("Linux {}", read("/proc/sys/kernel/osrelease")?.trim()),
            processor: processor.to_owned(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            versions: versions.collect::<Result<_, _>>()?,
            runs,
            memory_floor: 0,
            figures: Vec::new(),
            series: Vec::new(),
            foreign: Vec::new(),
        })
    }

    /// Whether any figure misses its limit.
    pub fn is_over(&self) -> bool {
        self.figures.iter().any(|figure| figure.over)
    }

    /// Writes everything as JSON.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self).expect("a report has no maps with odd keys");
        fs::write(path, text + "\n").map_err(Error::system(format!("write {path:?}")))
    }
}

/// Two tables in Markdown.
impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            date,
            kernel,
            processor,
            processors,
            runs,
            ..
        } = self;
        writeln!(
            out,
            "{date}, {kernel}, {processors} CPUs ({processor}), {runs} runs; medians."
        )?;
        writeln!(out, "{}.\n", self.versions.join("; "))?;
        writeln!(out, "| figure | compared with | measured | at most | |")?;
        writeln!(out, "|---|---|--:|--:|---|")?;
        for figure in &self.figures {
            let Figure {
                name,
                value,
                at_most,
                unit,
                ..
            } = figure;
            let other = figure.compared_with.unwrap_or("–");
            let over = if figure.over { "**over**" } else { "" };
            writeln!(
                out,
                "| {name} | {other} | {value:.3} {unit} | {at_most} {unit} | {over} |"
            )?;
        }
        writeln!(
            out,
            "\n| case | candidate | runs | wall ms: min | median | p95 | CPU ms: median | peak RSS MiB |"
        )?;
        writeln!(out, "|---|---|--:|--:|--:|--:|--:|--:|")?;
        for Series {
            case,
            candidate,
            runs,
            wall,
            cpu,
            peak_memory,
        } in &self.series
        {
            let memory = *peak_memory as f64 / f64::from(1 << 20);
            writeln!(
                out,
                "| {case} | {candidate} | {runs} | {:.2} | {:.2} | {:.2} | {:.2} | {memory:.1} |",
                wall.min, wall.median, wall.p95, cpu.median,
            )?;
        }
        for Foreign { case, share } in self
            .foreign
            .iter()
            .filter(|foreign| foreign.share > FOREIGN_CPU)
        {
            let percent = share * 100.0;
            writeln!(
                out,
                "\nThe machine was busy when {case} began: {percent:.0} % of its CPU time."
            )?;
        }
        Ok(())
    }
}
