//! What is counted while the agent works. What is looked up when somebody asks is in `gathered`, and what plumb did in
//! `call_metrics`.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Labels of a value.
pub type Labels = Vec<(&'static str, String)>;

/// From a question that the lease store answers to one that waits for others to give addresses back.
const BUCKETS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

type Times = Family<Labels, Histogram, fn() -> Histogram>;

/// Counters, shared by all who count.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    questions: Family<Labels, Counter>,
    question_times: Times,
    api_calls: Family<Labels, Counter>,
    api_times: Times,
    conflicts: Gauge,
    reconciliations: Family<Labels, Counter>,
    released: Counter,
}

fn times() -> Times {
    Family::new_with_constructor(|| Histogram::new(BUCKETS))
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("plumb_agent");
        let (questions, question_times) = (Family::default(), times());
        let (api_calls, api_times) = (Family::default(), times());
        let (conflicts, reconciliations) = (Gauge::default(), Family::default());
        let released = Counter::default();
        registry.register(
            "questions",
            "Questions of plumb, by kind (take, pod) and outcome (ok, or the code that plumb ends with)",
            questions.clone(),
        );
        registry.register_with_unit(
            "question_duration",
            "Time from a question of plumb to the answer",
            Unit::Seconds,
            question_times.clone(),
        );
        registry.register(
            "api_calls",
            "Calls of the API server but for watches, by verb, resource and outcome (ok, the status, unavailable: not sent, unknown: no answer)",
            api_calls.clone(),
        );
        registry.register_with_unit(
            "api_call_duration",
            "Time from a call of the API server to its end, with the time in which it waited for its turn",
            Unit::Seconds,
            api_times.clone(),
        );
        registry.register(
            "conflicts",
            "Blocks with addresses of this node's pods that are another node's by now",
            conflicts.clone(),
        );
        registry.register(
            "reconciliations",
            "Comparisons of what this node holds with the API server, by outcome (ok, failed)",
            reconciliations.clone(),
        );
        registry.register(
            "leases_released",
            "Addresses of pods that were gone without a DEL, which the agent has made free",
            released.clone(),
        );
        Self {
            registry: Arc::new(registry),
            questions,
            question_times,
            api_calls,
            api_times,
            conflicts,
            reconciliations,
            released,
        }
    }

    /// A question was answered.
    pub fn question(&self, name: &'static str, outcome: &str, time: Duration) {
        let question = ("question", name.to_owned());
        let labels = vec![question.clone(), ("outcome", outcome.to_owned())];
        self.questions.get_or_create(&labels).inc();
        let time = time.as_secs_f64();
        self.question_times
            .get_or_create(&vec![question])
            .observe(time);
    }

    /// A call of the API server has ended.
    pub fn api_call(&self, verb: &str, resource: &str, outcome: &str, time: Duration) {
        let call = vec![("verb", verb.to_owned()), ("resource", resource.to_owned())];
        let time = time.as_secs_f64();
        self.api_times.get_or_create(&call).observe(time);
        let mut labels = call;
        labels.push(("outcome", outcome.to_owned()));
        self.api_calls.get_or_create(&labels).inc();
    }

    /// So many conflicts there are now.
    pub fn conflicts(&self, conflicts: usize) {
        self.conflicts.set(conflicts as i64);
    }

    /// What is held was compared with the API server.
    pub fn reconciled(&self, succeeded: bool) {
        let outcome = if succeeded { "ok" } else { "failed" };
        let labels = vec![("outcome", outcome.to_owned())];
        self.reconciliations.get_or_create(&labels).inc();
    }

    /// So many addresses of pods that are gone are free.
    pub fn released(&self, addresses: usize) {
        self.released.inc_by(addresses as u64);
    }

    /// All that was counted, and what `others` have, as Prometheus reads it.
    pub fn text(&self, others: &[&Registry]) -> String {
        let mut text = String::new();
        let encode = [&*self.registry]
            .into_iter()
            .chain(others.iter().copied())
            .try_for_each(|registry| encode_registry(&mut text, registry))
            .and_then(|()| encode_eof(&mut text));
        match encode {
            Ok(()) => text,
            Err(error) => format!("# {error}\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_units_are_those_that_prometheus_expects() {
        let metrics = Metrics::new();
        metrics.question("take", "101", Duration::from_millis(3));
        metrics.api_call("create", "ipblocks", "409", Duration::from_millis(3));
        metrics.conflicts(2);
        let text = metrics.text(&[]);
        for line in [
            "plumb_agent_questions_total{question=\"take\",outcome=\"101\"} 1",
            "plumb_agent_question_duration_seconds_bucket{le=\"0.005\",question=\"take\"} 1",
            "plumb_agent_api_calls_total{verb=\"create\",resource=\"ipblocks\",outcome=\"409\"} 1",
            "plumb_agent_conflicts 2",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }
}
