//! Figures against their limits, and the times behind them.

use std::fmt;
use std::fs;
use std::time::Duration;

use plumb_testbed::program::run;
use serde::Serialize;

use crate::statistics::Spread;

/// plumb beside the script, in one verb of one case.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// The case.
    pub case: &'static str,
    /// `ADD` or `DEL`.
    pub verb: &'static str,
    /// Times of plumb, in milliseconds.
    pub plumb: Spread,
    /// Times of the script, in milliseconds.
    pub shell: Spread,
    /// Ratio of the medians.
    pub ratio: f64,
    /// What is still good.
    pub at_most: f64,
}

impl Comparison {
    /// Of the times of plumb and of the script, in this order.
    pub fn new(
        case: &'static str,
        verb: &'static str,
        times: &[Vec<Duration>; 2],
        at_most: f64,
    ) -> Self {
        let [plumb, shell] = [0, 1].map(|index| Spread::of(&times[index]));
        Self {
            case,
            verb,
            plumb,
            shell,
            ratio: plumb.median / shell.median,
            at_most,
        }
    }

    /// Whether the limit is missed.
    pub fn is_over(&self) -> bool {
        self.ratio.is_nan() || self.ratio > self.at_most
    }
}

/// Everything that is reported.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `Linux 6.12.…`
    pub kernel: String,
    /// `ip utility, iproute2-6.1.0, …`
    pub iproute2: String,
    /// Measured calls of each side.
    pub runs: usize,
    /// All figures.
    pub comparisons: Vec<Comparison>,
}

impl Report {
    /// Of these figures, made on this machine.
    pub fn new(runs: usize, comparisons: Vec<Comparison>) -> Self {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease")
            .expect("read /proc/sys/kernel/osrelease");
        Self {
            kernel: format!("Linux {}", release.trim()),
            iproute2: run("ip -V").trim().to_owned(),
            runs,
            comparisons,
        }
    }
}

/// A table in Markdown.
impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{}, emulated; {}; {} runs of each, alternating; times are medians.\n",
            self.kernel, self.iproute2, self.runs
        )?;
        writeln!(
            out,
            "| figure | compared with | measured | at most | plumb ms | shell ms | |"
        )?;
        writeln!(out, "|---|---|--:|--:|--:|--:|---|")?;
        for comparison in &self.comparisons {
            let Comparison {
                case,
                verb,
                plumb,
                shell,
                ratio,
                at_most,
            } = comparison;
            let over = if comparison.is_over() { "**over**" } else { "" };
            writeln!(
                out,
                "| {case}, {verb} | shell | {ratio:.3} × | {at_most} × | {:.1} | {:.1} | {over} |",
                plumb.median, shell.median
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Comparison;

    #[test]
    fn the_limit_is_of_plumbs_median_over_the_scripts() {
        let times = [13, 10].map(|milliseconds| vec![Duration::from_millis(milliseconds)]);
        assert!(!Comparison::new("case", "ADD", &times, 1.31).is_over());
        assert!(Comparison::new("case", "ADD", &times, 1.29).is_over());
    }
}
