//! Rounds of attachments, each of which is looked at from outside.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use cni_harness::Pod;
use plumb_testbed::program::{inside, run};
use plumb_testbed::{Bed, Picture, bed};

use crate::candidate::{Candidate, Plumb, Shell};
use crate::case::Case;
use crate::report::Comparison;

/// Rounds that are thrown away: the emulator translates code when it first runs, and the
/// page cache and the kernel's slabs fill.
const WARM_UPS: usize = 5;

/// Time without activity before each measured call. Without it the work that the kernel
/// does after a deletion is still going on and shows up in the next call.
const QUIET: Duration = Duration::from_millis(50);

/// The sysctls that announce the pod's addresses, which both sides set.
const NOTIFY: [&str; 2] = ["ipv4/conf/eth0/arp_notify", "ipv6/conf/eth0/ndisc_notify"];

/// Measures a case: ADD, then DEL. The candidates take turns within each round, and each
/// round begins with another one, so that a machine that becomes slower or faster does so
/// for both.
///
/// # Panics
///
/// When the two do not reach the same end state, or leave something behind.
pub fn measure(case: &Case, plumb: &Path, runs: usize, traces: Option<&Path>) -> [Comparison; 2] {
    eprintln!("plumb-testbed-bench: {}", case.name);
    let bed = bed(case.setup);
    (case.prepare)(&bed);
    // What `prepare` did stays; the next case re-creates the adapter.
    bed.rebuild();
    let pod = bed.pod();
    let mut scene = Scene {
        case,
        bed: &bed,
        pod,
        detached: bed.picture(),
        attached: None,
    };
    let mut candidates: [Box<dyn Candidate>; 2] = [
        Box::new(Plumb::new(plumb, case, &bed)),
        Box::new(Shell::new(case, &bed)),
    ];
    let (mut adds, mut deletes) = (
        <[Vec<Duration>; 2]>::default(),
        <[Vec<Duration>; 2]>::default(),
    );
    for round in 0..WARM_UPS + runs {
        for turn in 0..candidates.len() {
            let index = (round + turn) % candidates.len();
            let (add, delete) = scene.life(candidates[index].as_mut());
            if round >= WARM_UPS {
                adds[index].push(add);
                deletes[index].push(delete);
            }
        }
    }
    if let Some(folder) = traces {
        let file = Path::new("/var/log/plumb/trace");
        scene.life(&mut Plumb::new(plumb, case, &bed).with_trace("trace"));
        let copy = folder.join(format!("bench-{}.trace", case.name));
        fs::copy(file, &copy)
            .and_then(|_| fs::remove_file(file))
            .unwrap_or_else(|error| panic!("copy the trace to {}: {error}", copy.display()));
    }
    [
        Comparison::new(case.name, "ADD", &adds, case.at_most[0]),
        Comparison::new(case.name, "DEL", &deletes, case.at_most[1]),
    ]
}

/// The machine, with what it has to look like.
struct Scene<'bed> {
    case: &'bed Case,
    bed: &'bed Bed,
    pod: Pod,
    detached: Picture,
    /// After the first ADD of all, by either side.
    attached: Option<Picture>,
}

impl Scene<'_> {
    /// One attachment from its ADD to its DEL; how long each took.
    fn life(&mut self, candidate: &mut dyn Candidate) -> (Duration, Duration) {
        thread::sleep(QUIET);
        let add = candidate.add(&self.pod);
        self.assert_attached(candidate.name());
        thread::sleep(QUIET);
        let delete = candidate.delete(&self.pod);
        let difference = self.detached.settled_difference();
        assert!(
            difference.is_empty(),
            "after DEL by {} the machine is not as it was before:\n{difference}",
            candidate.name()
        );
        (add, delete)
    }

    fn assert_attached(&mut self, by: &str) {
        (self.case.assert_attached)(self.bed, &self.pod);
        for sysctl in NOTIFY {
            let file = format!("/proc/sys/net/{sysctl}");
            let value = run(&inside(self.pod.name(), &format!("cat {file}")));
            assert_eq!(value.trim(), "1", "{file} in the pod after ADD by {by}");
        }
        let difference = self
            .attached
            .get_or_insert_with(|| self.bed.picture())
            .settled_difference();
        assert!(
            difference.is_empty(),
            "after ADD by {by} the machine is not as after the first ADD:\n{difference}"
        );
    }
}
