//! What is counted while the controller works.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Labels of a value.
type Labels = Vec<(&'static str, String)>;

/// Counters, shared by all who count.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    leads: Gauge,
    looks: Family<Labels, Counter>,
    writes: Family<Labels, Counter>,
    freed: Counter,
    networks: Family<Labels, Gauge>,
    pools: Family<Labels, Gauge>,
    malformed: Gauge<i64, AtomicI64>,
    last_look: Gauge<f64, AtomicU64>,
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("plumb_controller");
        let leads = Gauge::default();
        let (looks, writes): (Family<Labels, Counter>, Family<Labels, Counter>) =
            Default::default();
        let freed = Counter::default();
        let (networks, pools): (Family<Labels, Gauge>, Family<Labels, Gauge>) = Default::default();
        let (malformed, last_look) = (Gauge::default(), Gauge::default());
        registry.register(
            "leads",
            "Whether this replica works (1) or waits (0)",
            leads.clone(),
        );
        registry.register(
            "looks",
            "Looks at the cluster, by outcome (ok, failed)",
            looks.clone(),
        );
        registry.register(
            "writes",
            "Writes, by resource and outcome (ok, the status, unknown: no answer)",
            writes.clone(),
        );
        registry.register(
            "freed_blocks",
            "Blocks of nodes that are gone",
            freed.clone(),
        );
        registry.register(
            "networks",
            "SpiderMultusConfigs, by whether they are ready",
            networks.clone(),
        );
        registry.register(
            "pools",
            "SpiderIPPools, by whether they give out addresses",
            pools.clone(),
        );
        registry.register(
            "malformed_blocks",
            "IPBlocks that cannot be read",
            malformed.clone(),
        );
        registry.register(
            "last_look_timestamp_seconds",
            "When the cluster was last looked at, in seconds since 1970",
            last_look.clone(),
        );
        Self {
            registry: Arc::new(registry),
            leads,
            looks,
            writes,
            freed,
            networks,
            pools,
            malformed,
            last_look,
        }
    }

    /// Whether this replica works.
    pub fn leads(&self, leads: bool) {
        self.leads.set(i64::from(leads));
    }

    /// The cluster was looked at.
    pub fn looked(&self, succeeded: bool) {
        let outcome = if succeeded { "ok" } else { "failed" };
        self.looks
            .get_or_create(&vec![("outcome", outcome.to_owned())])
            .inc();
        if succeeded {
            let since = std::time::SystemTime::UNIX_EPOCH
                .elapsed()
                .unwrap_or_default();
            self.last_look.set(since.as_secs_f64());
        }
    }

    /// Something was written.
    pub fn write(&self, resource: &str, outcome: &str) {
        let labels = vec![
            ("resource", resource.to_owned()),
            ("outcome", outcome.to_owned()),
        ];
        self.writes.get_or_create(&labels).inc();
    }

    /// So many blocks were freed.
    pub fn freed(&self, count: usize) {
        self.freed.inc_by(count as u64);
    }

    /// So many blocks there are that nobody can read.
    pub fn malformed(&self, count: usize) {
        self.malformed.set(count as i64);
    }

    /// So many networks and pools there are, and so many of them can be used.
    pub fn usable(&self, networks: (usize, usize), pools: (usize, usize)) {
        for (family, (all, usable)) in [(&self.networks, networks), (&self.pools, pools)] {
            let set = |ready: &str, count: usize| {
                family
                    .get_or_create(&vec![("ready", ready.to_owned())])
                    .set(count as i64);
            };
            set("true", usable);
            set("false", all.saturating_sub(usable));
        }
    }

    /// All that was counted, as Prometheus reads it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(error) => format!("# {error}\n"),
        }
    }
}
