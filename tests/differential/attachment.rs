//! One attachment of a case, and the calls that a runtime makes for it.

use cni_harness::{Call, Node, Outcome, PACKAGED_PLUGINS, Pod};
use plumb_tests::configuration::with;
use serde_json::{Value, json};

use super::cases::Case;

/// Whose plugin is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plugin {
    /// `/usr/lib/cni/macvlan`
    Reference,
    /// The binary under test.
    Plumb,
}

/// A pod that is attached by the configuration of a case, in one version.
pub struct Attachment<'a> {
    /// Its node.
    pub node: &'a Node,
    /// Its pod.
    pub pod: &'a Pod,
    /// The case.
    pub case: &'a Case,
    /// `cniVersion`
    pub version: &'a str,
}

impl Attachment<'_> {
    /// ADD.
    #[track_caller]
    pub fn add(&self, plugin: Plugin) -> Outcome {
        self.call(plugin, "ADD", &self.configuration()).run()
    }

    /// CHECK with the result of ADD.
    #[track_caller]
    pub fn check(&self, plugin: Plugin, result: &Value) -> Outcome {
        let configuration = with(self.configuration(), json!({"prevResult": result}));
        self.call(plugin, "CHECK", &configuration).run()
    }

    /// DEL, as libcni calls it: with the result of ADD, if there is one, from version
    /// 0.4.0 on.
    #[track_caller]
    pub fn delete(&self, plugin: Plugin, result: &Value) -> Outcome {
        self.delete_call(plugin, result).run()
    }

    /// DEL of a pod whose namespace the runtime knows no more.
    #[track_caller]
    pub fn delete_without_namespace(&self, plugin: Plugin, result: &Value) -> Outcome {
        self.delete_call(plugin, result)
            .variable("CNI_NETNS", "")
            .run()
    }

    fn delete_call(&self, plugin: Plugin, result: &Value) -> Call {
        let mut configuration = self.configuration();
        if !self.version.starts_with("0.3.") && result.is_object() {
            configuration["prevResult"] = result.clone();
        }
        self.call(plugin, "DEL", &configuration)
    }

    /// The case's configuration, for this pod in this version.
    fn configuration(&self) -> Value {
        let text = self.case.configuration.to_string();
        let text = text
            .replace("{pod}", self.pod.path())
            .replace("{version}", self.version);
        let mut configuration: Value =
            serde_json::from_str(&text).expect("neither needs escaping in JSON");
        if self.version == "1.0.0"
            && let Some(Value::Array(ips)) = configuration.pointer_mut("/prevResult/ips")
        {
            for ip in ips.iter_mut().filter_map(Value::as_object_mut) {
                ip.remove("version");
            }
        }
        match configuration.get("cniVersion") {
            Some(_) => configuration,
            None => with(configuration, json!({"cniVersion": self.version})),
        }
    }

    fn call(&self, plugin: Plugin, verb: &str, configuration: &Value) -> Call {
        let call = Call::new(self.node, verb, configuration)
            .pod(self.pod)
            .arguments(self.case.arguments);
        match plugin {
            Plugin::Plumb => call,
            Plugin::Reference => call.program(format!("{}/macvlan", PACKAGED_PLUGINS)),
        }
    }
}
