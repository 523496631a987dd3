//! Attachments made one after another.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::{Bench, Life, cpu, wall};
use crate::candidates::{Candidate, Plugin};
use crate::error::Error;
use crate::launch::{Invocation, run};
use crate::leases;
use crate::report::{Figure, Report, Unit};
use crate::statistics::{Sample, Series};

impl Bench {
    /// ADD, CHECK and DEL of one IPv4 address with a default route.
    pub fn life(&self, report: &mut Report) -> Result<(), Error> {
        let candidates: [&dyn Candidate; 3] = [&self.plumb, &self.peer, &self.iproute];
        let lives = self.rounds(report, "ADD", &candidates, self.runs)?;
        let series = |case, take: fn(&Life) -> Option<Sample>| -> Vec<Series> {
            let samples = lives
                .iter()
                .map(|lives| lives.iter().filter_map(take).collect::<Vec<_>>());
            let named = candidates
                .iter()
                .zip(samples)
                .filter(|(_, samples)| !samples.is_empty());
            named
                .map(|(who, samples)| Series::new(case, who.label(), &samples))
                .collect()
        };
        let add = series("ADD", |life| Some(life.add));
        let check = series("CHECK", |life| life.check);
        let delete = series("DEL", |life| Some(life.delete));
        report.figures.extend([
            Figure::ratio("ADD, wall time", (&add[0], wall), &add[1], 0.35),
            Figure::ratio("ADD, CPU time", (&add[0], cpu), &add[1], 0.35),
            Figure::ratio("ADD, wall time", (&add[0], wall), &add[2], 1.0),
            Figure::ratio("ADD, CPU time", (&add[0], cpu), &add[2], 1.0),
            Figure::ratio("CHECK, wall time", (&check[0], wall), &check[1], 0.3),
            // Nearly all of it is the kernel's: grace periods while a link goes.
            Figure::ratio("DEL, wall time", (&delete[0], wall), &delete[2], 1.15),
            Figure::new(
                "ADD, peak memory",
                mebibytes(add[0].peak_memory),
                12.0,
                Unit::Mebibytes,
            ),
        ]);
        report
            .series
            .extend([add, check, delete].into_iter().flatten());
        report.memory_floor = self.memory_floor()?;
        Ok(())
    }

    /// ADD of an IPv4 and an IPv6 address: the peer waits for duplicate address
    /// detection, which takes seconds and needs few rounds.
    pub fn dual_stack(&self, report: &mut Report) -> Result<(), Error> {
        const CASE: &str = "ADD, IPv4 and IPv6";
        let plumb = self.plumb.with_ipam((self.plumb_ipam)(2));
        let peer = self.peer.with_ipam((self.peer_ipam)(2));
        let series = self.adds(report, CASE, &[&plumb, &peer], self.runs.min(10))?;
        report
            .figures
            .push(Figure::ratio(CASE, (&series[0], wall), &series[1], 0.05));
        report.series.extend(series);
        Ok(())
    }

    /// ADD with an empty and with a full store of leases. The peer's growth has no
    /// limit here; it shows what the figure is about.
    pub fn growth(&self, report: &mut Report) -> Result<(), Error> {
        const CASE: &str = "ADD, 20,000 leases taken";
        const FOLDER: &str = "/run/plumb-full";
        let empty = Plugin {
            label: "plumb, none taken",
            arguments: policy("/run/plumb")?,
            ..self.plumb.clone()
        };
        let mut full = self.plumb.clone();
        full.configuration["name"] = "full".into();
        full.arguments = policy(FOLDER)?;
        leases::fill_plumb(Path::new(FOLDER), "full", leases::COUNT)?;
        self.meets_leases(&full)?;
        let series = self.adds(report, CASE, &[&full, &empty], self.runs)?;
        report
            .figures
            .push(Figure::ratio(CASE, (&series[0], wall), &series[1], 1.2));
        report.series.extend(series);

        let mut peer = self.peer.clone();
        peer.configuration["name"] = "full".into();
        leases::fill_host_local("full")?;
        let series = self.adds(report, CASE, &[&peer], self.runs.min(10))?;
        report.series.extend(series);
        Ok(())
    }

    /// The first ADD of all gets an address that no lease has: otherwise it looked
    /// into another store, and the case would measure nothing.
    fn meets_leases(&self, full: &Plugin) -> Result<(), Error> {
        let namespace = self.node.namespaces(1)?;
        let pod = self.node.pod(&namespace[0], "first")?;
        let (_, result, attached) = full.attach(&self.node, &pod)?;
        full.detach(&self.node, &pod, &result)?;
        match attached
            .addresses
            .iter()
            .find(|address| leases::is_taken(address))
        {
            None => Ok(()),
            Some(address) => Err(Error::EndState {
                candidate: full.label,
                call: "ADD",
                what: format!(
                    "the pod got {address}, which is leased in the store that was filled"
                ),
            }),
        }
    }

    /// Series of ADD alone, one for each candidate.
    fn adds(
        &self,
        report: &mut Report,
        case: &'static str,
        candidates: &[&Plugin],
        runs: usize,
    ) -> Result<Vec<Series>, Error> {
        let dynamic: Vec<&dyn Candidate> = candidates.iter().map(|&one| one as _).collect();
        let lives = self.rounds(report, case, &dynamic, runs)?;
        let adds = lives
            .iter()
            .map(|lives| lives.iter().map(|life| life.add).collect::<Vec<_>>());
        Ok(candidates
            .iter()
            .zip(adds)
            .map(|(one, adds)| Series::new(case, one.label, &adds))
            .collect())
    }

    /// What an empty program seems to use.
    fn memory_floor(&self) -> Result<u64, Error> {
        let nothing = Invocation {
            program: "/bin/true".into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            stdin: Vec::new(),
        };
        Ok(run(&nothing)?.sample.peak_memory)
    }
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The arguments with which plumb keeps its state in `folder`: a policy that says so.
fn policy(folder: &str) -> Result<Vec<OsString>, Error> {
    let file = format!("/run/{}.toml", folder.replace('/', "-"));
    fs::write(&file, format!("[folders]\nstate = {folder:?}\n"))
        .map_err(Error::system(format!("write {file}")))?;
    Ok(vec!["--policy".into(), file.into()])
}
