//! The process itself: its start, its components, its size.

use std::fs;
use std::time::Duration;

use serde_json::json;

use super::{Bench, WARM_UPS, wall};
use crate::candidates::Candidate;
use crate::error::Error;
use crate::launch::run;
use crate::report::{Figure, Report, Unit};
use crate::statistics::{Series, Spread};

impl Bench {
    /// VERSION: what starting the process costs.
    pub fn version(&self, report: &mut Report) -> Result<(), Error> {
        self.settle(report, "VERSION")?;
        let namespace = self.node.namespaces(1)?;
        let pod = self.node.pod(&namespace[0], "version")?;
        let candidates = [&self.plumb, &self.peer];
        let mut samples = [Vec::new(), Vec::new()];
        for round in 0..WARM_UPS + self.runs {
            for turn in 0..candidates.len() {
                let index = (round + turn) % candidates.len();
                let mut invocation = candidates[index].invocation("VERSION", &pod, None);
                invocation.stdin = json!({ "cniVersion": "1.0.0" }).to_string().into_bytes();
                self.node.quiet();
                let finished = run(&invocation)?;
                if candidates[index].result(&finished)?["supportedVersions"].is_null() {
                    let text = String::from_utf8_lossy(&finished.stdout).into_owned();
                    return Err(Error::Form {
                        what: "answer to VERSION".into(),
                        text,
                    });
                }
                if round >= WARM_UPS {
                    samples[index].push(finished.sample);
                }
            }
        }
        let series =
            [0, 1].map(|index| Series::new("VERSION", candidates[index].label, &samples[index]));
        report.figures.push(Figure::ratio(
            "VERSION",
            (&series[0], wall),
            &series[1],
            0.6,
        ));
        report.series.extend(series);
        Ok(())
    }

    /// Time that plumb spends in components within one ADD (loading, linking and
    /// calling, flavour and policy together), by its own trace.
    pub fn components(&self, report: &mut Report) -> Result<(), Error> {
        const CASE: &str = "components of one ADD";
        const TRACE: &str = "/var/log/plumb/bench.log";
        self.settle(report, CASE)?;
        let mut plumb = self.plumb.clone();
        plumb.configuration["logLevel"] = "debug".into();
        plumb.configuration["logFile"] = TRACE.into();
        let namespaces = self.node.namespaces(WARM_UPS + self.runs)?;
        let mut times = Vec::new();
        for (round, namespace) in namespaces.iter().enumerate() {
            let pod = self.node.pod(namespace, &format!("trace-{round}"))?;
            let (_, result, _) = plumb.attach(&self.node, &pod)?;
            let trace =
                fs::read_to_string(TRACE).map_err(Error::system(format!("read {TRACE}")))?;
            plumb.detach(&self.node, &pod, &result)?;
            fs::remove_file(TRACE).map_err(Error::system(format!("remove {TRACE}")))?;
            if round >= WARM_UPS {
                times.push(component_time(&trace)?.as_secs_f64() * 1e3);
            }
        }
        let median = Spread::of(times).median;
        report
            .figures
            .push(Figure::new(CASE, median, 1.0, Unit::Milliseconds));
        Ok(())
    }

    /// Size of the executable.
    pub fn size(&self, report: &mut Report) -> Result<(), Error> {
        let program = &self.plumb.program;
        let bytes = fs::metadata(program)
            .map_err(Error::system(format!("look at {program:?}")))?
            .len();
        report.figures.push(Figure::new(
            "size of the executable",
            bytes as f64 / 1e6,
            8.0,
            Unit::Megabytes,
        ));
        Ok(())
    }
}

/// Sum over the lines of a trace such as
/// `component pool: load, link and call took 210 us, 12345 units of fuel`.
fn component_time(trace: &str) -> Result<Duration, Error> {
    let microseconds: Vec<u64> = trace.lines().filter_map(time_of_component).collect();
    if microseconds.is_empty() {
        return Err(Error::Form {
            what: "trace without the time of any component".into(),
            text: trace.into(),
        });
    }
    Ok(Duration::from_micros(microseconds.iter().sum()))
}

fn time_of_component(line: &str) -> Option<u64> {
    let (_, story) = line.split_once("component ")?;
    let (_, took) = story.split_once(" call took ")?;
    took.split_once(" us")?.0.parse().ok()
}
