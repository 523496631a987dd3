//! Counters of plumb's calls on this node.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use plumb_protocol::Call;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::metrics::Labels;

/// From a DEL that finds nothing to an ADD that waits for what others do.
const BUCKETS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Most networks, and most codes, that are counted each for itself. Whoever may name a network could name thousands.
const NAMES: usize = 64;

/// What the others are counted as. No network's name begins so.
const OTHERS: &str = "_others";

/// Counters, shared by all who count.
#[derive(Debug, Clone)]
pub struct CallMetrics {
    registry: Arc<Registry>,
    calls: Family<Labels, Counter>,
    times: Family<Labels, Histogram, fn() -> Histogram>,
    networks: Arc<Names>,
    codes: Arc<Names>,
}

impl CallMetrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("plumb_cni");
        let calls = Family::default();
        let times: Family<_, _, fn() -> _> =
            Family::new_with_constructor(|| Histogram::new(BUCKETS));
        registry.register(
            "calls",
            "Calls of plumb that have ended, by verb, network and code (0: success)",
            calls.clone(),
        );
        registry.register_with_unit(
            "call_duration",
            "Time from the start of plumb to its answer, by verb",
            Unit::Seconds,
            times.clone(),
        );
        Self {
            registry: Arc::new(registry),
            calls,
            times,
            networks: Arc::default(),
            codes: Arc::default(),
        }
    }

    /// A call has ended.
    pub fn count(&self, call: &Call) {
        let verb = ("verb", call.verb.clone());
        let labels = vec![
            verb.clone(),
            ("network", self.networks.known(&call.network)),
            ("code", self.codes.known(&call.code.to_string())),
        ];
        self.calls.get_or_create(&labels).inc();
        let seconds = call.microseconds as f64 / 1e6;
        self.times.get_or_create(&vec![verb]).observe(seconds);
    }

    /// All that was counted.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }
}

/// The first of all names.
#[derive(Debug, Default)]
struct Names(Mutex<BTreeSet<String>>);

impl Names {
    fn known(&self, name: &str) -> String {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() < NAMES {
            names.insert(name.to_owned());
        }
        match names.contains(name) {
            true => name.to_owned(),
            false => OTHERS.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;

    fn call(network: &str, code: u32) -> Call {
        Call {
            verb: "ADD".to_owned(),
            network: network.to_owned(),
            code,
            microseconds: 4100,
        }
    }

    #[test]
    fn calls_are_counted_by_verb_network_and_code() {
        let metrics = CallMetrics::new();
        metrics.count(&call("rail1", 0));
        metrics.count(&call("rail1", 101));
        metrics.count(&call("rail1", 101));
        let text = Metrics::new().text(&[metrics.registry()]);
        for line in [
            "plumb_cni_calls_total{verb=\"ADD\",network=\"rail1\",code=\"0\"} 1",
            "plumb_cni_calls_total{verb=\"ADD\",network=\"rail1\",code=\"101\"} 2",
            "plumb_cni_call_duration_seconds_bucket{le=\"0.0025\",verb=\"ADD\"} 0",
            "plumb_cni_call_duration_seconds_bucket{le=\"0.005\",verb=\"ADD\"} 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }

    #[test]
    fn thousands_of_names_do_not_become_thousands_of_series() {
        let metrics = CallMetrics::new();
        for number in 0..5000 {
            metrics.count(&call(&format!("n{number}"), number));
        }
        metrics.count(&call("n3", 3));
        let text = Metrics::new().text(&[metrics.registry()]);
        let series = text
            .lines()
            .filter(|line| line.starts_with("plumb_cni_calls_total{"));
        assert_eq!(series.count(), NAMES + 1);
        for line in [
            "plumb_cni_calls_total{verb=\"ADD\",network=\"n3\",code=\"3\"} 2",
            "plumb_cni_calls_total{verb=\"ADD\",network=\"_others\",code=\"_others\"} 4936",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }
}
