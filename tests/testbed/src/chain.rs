//! Plugins one after the other, as libcni runs a list.

use cni_harness::{Outcome, Pod};
use plumb_tests::configuration::with;
use serde_json::{Value, json};

use crate::Bed;

/// A network with several plugins.
pub struct Chain<'bed> {
    bed: &'bed Bed,
    plugins: Vec<Value>,
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
        }
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
        let mut results: Vec<Value> = Vec::new();
        for plugin in &self.plugins {
            let previous = results.last().unwrap_or(&Value::Null);
            results.push(self.bed.add(pod, &after(plugin, previous)));
        }
        results
    }

    /// DEL of each plugin, the last first, with the result of the whole list, or null.
    #[track_caller]
    pub fn delete(&self, pod: &Pod, result: &Value) {
        for plugin in self.plugins.iter().rev() {
            self.bed.delete(pod, &after(plugin, result));
        }
    }

    /// CHECK of each plugin in order, with the result of the whole list; all outcomes.
    #[track_caller]
    pub fn check(&self, pod: &Pod, result: &Value) -> Vec<Outcome> {
        let check = |plugin| self.bed.check(pod, plugin, result);
        self.plugins.iter().map(check).collect()
    }

    /// GC of each plugin, without any valid attachment.
    #[track_caller]
    pub fn gc(&self) {
        for plugin in &self.plugins {
            self.bed.gc(plugin, &[]);
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
