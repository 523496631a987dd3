//! Plugins one after the other, as libcni runs a list.

use std::path::Path;

use cni_harness::{Call, Outcome, PACKAGED_PLUGINS, Pod};
use plumb_tests::configuration::with;
use serde_json::{Value, json};

use crate::Bed;

/// A network with several plugins.
pub struct Chain<'bed> {
    bed: &'bed Bed,
    plugins: Vec<Value>,
    interface: &'static str,
}

impl<'bed> Chain<'bed> {
    /// The plugins in their order; `cniVersion` and `name` are those of the first.
    pub fn new(bed: &'bed Bed, plugins: &[Value]) -> Self {
        let common = json!({
            "cniVersion": plugins[0]["cniVersion"],
            "name": plugins[0]["name"],
        });
        let plugins = plugins
            .iter()
            .map(|plugin| with(plugin.clone(), common.clone()));
        Self {
            bed,
            plugins: plugins.collect(),
            interface: "eth0",
        }
    }

    /// For another interface than `eth0`.
    pub fn on(self, interface: &'static str) -> Self {
        Self { interface, ..self }
    }

    /// ADD of each plugin, with the result of the one before; the last result.
    #[track_caller]
    pub fn add(&self, pod: &Pod) -> Value {
        let mut results = self.add_each(pod);
        results.pop().expect("a chain has plugins")
    }

    /// As [`Self::add`]; the results of all plugins.
    #[track_caller]
    pub fn add_each(&self, pod: &Pod) -> Vec<Value> {
        let outcomes = self.add_outcomes(pod);
        outcomes.iter().map(Outcome::expect_result).collect()
    }

    /// As [`Self::add`]; all that the plugins printed.
    #[track_caller]
    pub fn add_outcomes(&self, pod: &Pod) -> Vec<Outcome> {
        let (mut outcomes, mut previous) = (Vec::new(), Value::Null);
        for plugin in &self.plugins {
            let outcome = self.call("ADD", pod, &after(plugin, &previous)).run();
            previous = outcome.expect_result();
            outcomes.push(outcome);
        }
        outcomes
    }

    /// DEL of each plugin, the last first, with the result of the whole list, or null.
    #[track_caller]
    pub fn delete(&self, pod: &Pod, result: &Value) {
        for plugin in self.plugins.iter().rev() {
            let call = self.call("DEL", pod, &after(plugin, result));
            call.run().expect_silence();
        }
    }

    /// CHECK of each plugin in order, with the result of the whole list; all outcomes.
    #[track_caller]
    pub fn check(&self, pod: &Pod, result: &Value) -> Vec<Outcome> {
        let check = |plugin| self.call("CHECK", pod, &after(plugin, result)).run();
        self.plugins.iter().map(check).collect()
    }

    /// GC of each plugin, without any valid attachment.
    #[track_caller]
    pub fn gc(&self) {
        for plugin in &self.plugins {
            self.bed.gc(plugin, &[]);
        }
    }

    /// A call of plumb, or of the CNI project's plugin where the type is none of plumb's.
    fn call(&self, verb: &str, pod: &Pod, plugin: &Value) -> Call {
        let call = self.bed.call(verb, pod, plugin).interface(self.interface);
        match plugin["type"].as_str() {
            Some("tuning") => call.program(Path::new(PACKAGED_PLUGINS).join("tuning")),
            _ => call,
        }
    }

    /// The plugins, complete.
    pub fn plugins(&self) -> &[Value] {
        &self.plugins
    }
}

fn after(plugin: &Value, previous: &Value) -> Value {
    match previous {
        Value::Null => plugin.clone(),
        previous => with(plugin.clone(), json!({"prevResult": previous})),
    }
}
