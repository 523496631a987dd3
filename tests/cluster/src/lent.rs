//! The clusters that a test binary keeps for its tests.

use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use cni_harness::wait;

use crate::picture::Picture;
use crate::{Cluster, Shape, chart, install, logs};

/// What takes a moment after the object is gone: kubelet's and containerd's cleaning up.
const PATIENCE: Duration = Duration::from_secs(15);

/// A cluster, when the last test left it as it was.
type Kept = Mutex<Option<Cluster>>;

static TWO_NODES: Kept = Mutex::new(None);
static WITH_CHART: Kept = Mutex::new(None);

/// An API server without nodes, which all tests of the binary use side by side: they make
/// objects with names of their own.
#[track_caller]
pub fn api() -> Shared {
    static API: OnceLock<Cluster> = OnceLock::new();
    Shared(API.get_or_init(|| Cluster::start(Shape::API)))
}

/// Two nodes with plumb installed, lent to one test at a time. When it ends, nodes and API
/// must be as they were before.
#[track_caller]
pub fn two_nodes() -> Lent {
    lend(&TWO_NODES, || {
        let cluster = Cluster::start(Shape::TWO_NODES);
        cluster.nodes().iter().for_each(install::plumb);
        cluster
    })
}

/// As [`two_nodes`], with plumb as its chart and its image bring it: agents, controllers, and the pools of the cluster.
#[track_caller]
pub fn with_chart() -> Lent {
    lend(&WITH_CHART, || {
        let cluster = Cluster::start(Shape::WITH_CHART);
        chart::install(&cluster);
        cluster
    })
}

#[track_caller]
fn lend(kept: &'static Kept, start: impl FnOnce() -> Cluster) -> Lent {
    let last = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let mut lent = Lent {
        cluster: None,
        before: Picture::default(),
        last,
    };
    let cluster = lent.last.take().unwrap_or_else(start);
    lent.before = Picture::new(&cluster);
    lent.cluster = Some(cluster);
    lent
}

/// A cluster that other tests use as well. It derefs to the [`Cluster`].
pub struct Shared(&'static Cluster);

impl Deref for Shared {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        self.0
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", logs::tails(self.0.folder()));
        }
    }
}

/// A cluster that a test has for itself. It derefs to the [`Cluster`].
pub struct Lent {
    cluster: Option<Cluster>,
    before: Picture,
    last: MutexGuard<'static, Option<Cluster>>,
}

impl Deref for Lent {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        self.cluster
            .as_ref()
            .expect("it is there until the test ends")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(cluster) = self.cluster.take() else {
            return;
        };
        // A test that has failed says what is wrong; the next one gets a fresh cluster.
        if std::thread::panicking() {
            return;
        }
        let difference =
            wait::settled(PATIENCE, || Picture::new(&cluster).difference(&self.before));
        if difference.is_empty() {
            *self.last = Some(cluster);
        } else {
            panic!("after the test nodes and API are not as they were before:\n{difference}");
        }
    }
}
