//! One attachment of a case, and the calls that a runtime makes for it.

use std::path::Path;

use cni_harness::{Call, Node, Outcome, PACKAGED_PLUGINS, Pod};
use plumb_tests::configuration::with;
use plumb_tests::peers;
use serde_json::{Value, json};

use super::cases::Case;

/// Whose plugin is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plugin {
    /// That of the configuration's `type`, of the release beside which plumb is.
    Reference,
    /// The binary under test.
    Plumb,
}

/// A release of the CNI project's plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// 1.9.1, which is built from its sources.
    Current,
    /// 1.1.1, as Debian 12 has it.
    Packaged,
}

impl Release {
    /// The folder of its plugins, where plumb finds its IPAM plugins too.
    ///
    /// # Panics
    ///
    /// As [`peers::plugins`].
    #[track_caller]
    pub fn folder(self) -> &'static Path {
        match self {
            Self::Current => peers::plugins(),
            Self::Packaged => Path::new(PACKAGED_PLUGINS),
        }
    }
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
    /// Whose reference and IPAM plugins are called.
    pub release: Release,
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
        if self.version.starts_with("1.")
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
        let folder = self.release.folder();
        let call = Call::new(self.node, verb, configuration)
            .pod(self.pod)
            .path(&folder.to_string_lossy())
            .arguments(self.case.arguments);
        match (plugin, self.case.configuration["type"].as_str()) {
            (Plugin::Reference, Some(kind)) => call.program(folder.join(kind)),
            _ => call,
        }
    }
}
