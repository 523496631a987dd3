//! What a component is asked: a network configuration on a described node.

use std::ffi::OsString;
use std::rc::Rc;

use plumb::cni::{AddRequest, Configuration, Environment, Request, Verb};
use plumb::components::World;
use plumb::facts::{Facts, RecordedFacts};
use plumb::policy::Policy;
use plumb::types;
use serde_json::Value;

/// The pod's interface in every trial.
pub const INTERFACE: &str = "net1";

/// What a component is asked first of all, or why there is nothing to ask.
pub type Trials = Result<Vec<Trial>, String>;

/// A network configuration on a described node.
#[derive(Debug, Clone)]
pub struct Trial {
    /// For the report: where it comes from.
    pub name: String,
    /// As the runtime sends it.
    pub configuration: Value,
    /// `CNI_ARGS`
    pub arguments: String,
    /// The node, as `plumbctl plan --facts` reads it.
    pub node: Value,
}

impl Trial {
    /// The same request with another configuration; `name` says what is different.
    pub(crate) fn with(&self, name: impl std::fmt::Display, configuration: Value) -> Self {
        Self {
            name: format!("{}, {name}", self.name),
            configuration,
            ..self.clone()
        }
    }

    /// The same request on another node; `name` says which.
    pub(crate) fn on(&self, name: impl std::fmt::Display, node: Value) -> Self {
        Self {
            name: format!("{}, {name}", self.name),
            node,
            ..self.clone()
        }
    }

    /// Whether the configuration uses the component of this name and world.
    pub fn uses(&self, component: &str, world: World) -> bool {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match world {
            World::Flavour => {
                let text = self.configuration.to_string().into_bytes();
                Configuration::parse(Verb::Add, text)
                    .is_ok_and(|configuration| types::flavour_of(&configuration) == Some(component))
            }
            World::AddressPolicy => {
                let kind = text(&self.configuration["ipam"]["type"]);
                kind == component
                    || (component == "pool" && types::POOL_TYPES.contains(&kind.as_str()))
            }
        }
    }

    /// The object that has the component's own keys.
    pub(crate) fn keys(&self, world: World) -> &Value {
        match world {
            World::Flavour => &self.configuration,
            World::AddressPolicy => &self.configuration["ipam"],
        }
    }

    /// The configuration with one of the component's keys changed, or removed.
    pub(crate) fn with_key(&self, world: World, key: &str, value: Option<Value>) -> Value {
        let mut configuration = self.configuration.clone();
        let keys = match world {
            World::Flavour => &mut configuration,
            World::AddressPolicy => &mut configuration["ipam"],
        };
        if let Some(keys) = keys.as_object_mut() {
            keys.retain(|known, _| !known.eq_ignore_ascii_case(key));
            if let Some(value) = value {
                keys.insert(key.to_owned(), value);
            }
        }
        configuration
    }

    /// The ADD that it stands for.
    pub(crate) fn request(&self) -> plumb::Result<AddRequest> {
        let variable = |name: &str| -> Option<OsString> {
            match name {
                "CNI_COMMAND" => Some("ADD".into()),
                "CNI_CONTAINERID" => Some("conform".into()),
                "CNI_IFNAME" => Some(INTERFACE.into()),
                "CNI_NETNS" => Some("/run/netns/conform".into()),
                "CNI_ARGS" => Some(self.arguments.clone().into()),
                "CNI_PATH" => Some("/opt/cni/bin".into()),
                // The answer must not depend on the machine that asks.
                "NODE_NAME" => Some("node-1".into()),
                _ => None,
            }
        };
        let text = self.configuration.to_string().into_bytes();
        AddRequest::of(Request::new(
            Environment::read(variable)?,
            Configuration::parse(Verb::Add, text)?,
            Policy::default(),
        )?)
    }

    /// Its node.
    pub(crate) fn facts(&self) -> plumb::Result<Rc<dyn Facts>> {
        let text = self.node.to_string();
        Ok(Rc::new(RecordedFacts::parse(text.as_bytes())?))
    }
}
