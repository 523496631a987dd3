//! A private node with a pod, for one trial.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use plumb::attachment::Attachment;
use plumb::cni::Verb;
use plumb::components::store::{self, MANIFEST, Manifest};
use plumb::facts::Place;
use plumb::kernel::{Netns, RouteSocket};
use plumb::operations::{Record, Records};
use plumb::policy::Reader;
use plumb::state::StateFolder;
use plumb_engine::Allowance;
use serde_json::{Value, json};

use super::call::{Called, Fault, call};
use super::{Pod, namespaces, stand_in};
use crate::trial::INTERFACE;
use crate::{Subject, Trial};

/// Where plumb keeps its records by itself.
const STATE: &str = "/run/plumb";
/// Where it looks for vendors' components by itself.
const COMPONENTS: &str = "/var/lib/plumb/components";
/// What is ours.
const OWN: &str = "/run/conform";

/// A private node with a pod, for one trial.
pub struct Scene {
    socket: RouteSocket,
    pods: Vec<Pod>,
    policy: Reader,
    state: StateFolder,
    configuration: Value,
    arguments: String,
    /// The result of the last ADD, which a runtime has for CHECK and DEL.
    result: Option<Value>,
}

impl Scene {
    /// Makes this process a private node: only in a child that is nothing else ([`super::apart`]).
    ///
    /// # Errors
    ///
    /// What the kernel refuses, or has no stand-in for, in words.
    pub fn make(subject: &Subject, trial: &Trial) -> Result<Self, String> {
        namespaces::enter()?;
        for folder in [OWN, "/run/netns", "/run/conform/pools"] {
            fs::create_dir_all(folder)
                .map_err(|error| format!("cannot create {folder}: {error}"))?;
        }
        let socket = RouteSocket::open().map_err(|error| error.to_string())?;
        let wire = PathBuf::from("/run/netns/wire");
        namespaces::make(&wire)?;
        let wire = Netns::open(&wire).map_err(|error| error.to_string())?;
        let facts = trial.facts().map_err(|error| error.to_string())?;
        stand_in::make(facts.as_ref(), Place::Host, &socket, &wire)?;
        let pod = Pod::make("pod-1")?;
        let netns = pod.netns()?;
        let inside = netns.socket().map_err(|error| error.to_string())?;
        stand_in::make(facts.as_ref(), Place::Pod, inside, &wire)?;
        install(subject).map_err(|error| {
            format!("cannot install the component on the private node: {error}")
        })?;
        let mut configuration = trial.configuration.clone();
        // CHECK came with 0.4.0; what a plan does is the same in every version.
        configuration["cniVersion"] = "1.1.0".into();
        Ok(Self {
            socket,
            pods: vec![pod],
            policy: Reader {
                file: Some(policy()?),
            },
            state: StateFolder::new(Path::new(STATE)),
            configuration,
            arguments: trial.arguments.clone(),
            result: None,
        })
    }

    /// The node's socket.
    pub fn socket(&self) -> &RouteSocket {
        &self.socket
    }

    /// The pods.
    pub fn pods(&self) -> &[Pod] {
        &self.pods
    }

    /// The pod.
    pub fn pod(&self) -> &Pod {
        &self.pods[0]
    }

    /// What plumb knows of the node between two calls.
    pub fn state(&self) -> &StateFolder {
        &self.state
    }

    /// ADD. A call that ended without an answer is none.
    ///
    /// # Errors
    ///
    /// How its process ended.
    pub fn add(&mut self, fault: Fault) -> Result<Called, String> {
        let called = self.call(Verb::Add, &self.configuration, fault)?;
        if called.success {
            self.result = serde_json::from_str(&called.output).ok();
        }
        Ok(called)
    }

    /// Whether an ADD has succeeded.
    pub fn has_attached(&self) -> bool {
        self.result.is_some()
    }

    /// DEL.
    ///
    /// # Errors
    ///
    /// As [`Self::add`].
    pub fn delete(&self, fault: Fault) -> Result<Called, String> {
        self.call(Verb::Del, &self.with_result(), fault)
    }

    /// CHECK.
    ///
    /// # Errors
    ///
    /// As [`Self::add`].
    pub fn check(&self) -> Result<Called, String> {
        self.call(Verb::Check, &self.with_result(), Fault::None)
    }

    fn with_result(&self) -> Value {
        let mut configuration = self.configuration.clone();
        if let Some(result) = &self.result {
            configuration["prevResult"] = result.clone();
        }
        configuration
    }

    fn call(&self, verb: Verb, configuration: &Value, fault: Fault) -> Result<Called, String> {
        let called = call(
            verb,
            self.pod(),
            configuration,
            &self.arguments,
            &self.policy,
            fault,
        );
        called.map_err(|ended| format!("{} ended without an answer: {ended:?}", verb.as_str()))
    }

    /// What plumb has written down of the pod's attachment; none when there is none.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    pub fn record(&self) -> Result<Option<Record>, String> {
        let attachment = Attachment {
            network: self.configuration["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            container_id: self.pod().container.clone(),
            interface_name: INTERFACE.to_owned(),
            plugin: None,
        };
        let record = Records::new(&self.state).read(&attachment);
        record.map_err(|reason| reason.to_string())
    }
}

/// The policy of a private node: lines of the trace go to a file that ends with it.
fn policy() -> Result<PathBuf, String> {
    let path = Path::new(OWN).join("plumb.toml");
    let text = format!("[log]\nfile = \"conform.log\"\n[folders]\npools = \"{OWN}/pools\"\n");
    fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(path)
}

/// Puts a vendor's component, with every grant, where plumb looks for it.
fn install(subject: &Subject) -> Result<(), String> {
    let Some((code, allowance)) = subject.vendors_code() else {
        return Ok(());
    };
    let folder = Path::new(COMPONENTS).join(&subject.name);
    let manifest = Manifest {
        world: subject.world.as_str().to_owned(),
        digest: String::new(),
        grants: plumb_compiler::operations().into_iter().collect(),
        devices: Default::default(),
        large: allowance == Allowance::Large,
        compiled: [(store::compiled_name(), store::digest(code))].into(),
    };
    let manifest = json!(manifest).to_string();
    let write = || -> std::io::Result<()> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(&folder)?;
        fs::write(folder.join(store::compiled_name()), code)?;
        fs::write(folder.join(MANIFEST), manifest)
    };
    write().map_err(|error| error.to_string())
}
