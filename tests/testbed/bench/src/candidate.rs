//! Who is measured.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cni_harness::Pod;
use plumb_testbed::Bed;
use plumb_tests::configuration::with;
use serde_json::{Value, json};

use crate::case::Case;
use crate::launch::{Invocation, run};
use crate::programs::{FOLDER, SEARCH_PATH};

/// Name of the pod's interface, `CNI_IFNAME`.
const INTERFACE: &str = "eth0";

/// Something that makes an attachment and takes it away, with as many processes as it needs;
/// the time between them is not counted.
pub trait Candidate {
    /// Name in the report.
    fn name(&self) -> &'static str;

    /// Attaches the pod.
    fn add(&mut self, pod: &Pod) -> Duration;

    /// Takes the attachment away.
    fn delete(&mut self, pod: &Pod) -> Duration;
}

/// plumb, called as libcni calls the plugins of a network.
pub struct Plumb {
    program: PathBuf,
    plugins: Vec<Value>,
    result: Value,
}

impl Plumb {
    /// This executable, with the configurations of a case.
    pub fn new(program: &Path, case: &Case, bed: &Bed) -> Self {
        let plugins = (case.plugins)(bed).into_iter();
        Self {
            program: program.to_owned(),
            plugins: plugins.collect(),
            result: Value::Null,
        }
    }

    /// The same, with a trace of all that it does in a file of the log folder.
    pub fn with_trace(mut self, file: &str) -> Self {
        let trace = json!({"logLevel": "info", "logFile": file});
        let plugins = self.plugins.into_iter();
        self.plugins = plugins.map(|plugin| with(plugin, trace.clone())).collect();
        self
    }

    fn invocation(&self, verb: &str, pod: &Pod, plugin: &Value) -> Invocation {
        let mut configuration = plugin.clone();
        if !self.result.is_null() {
            configuration["prevResult"] = self.result.clone();
        }
        Invocation {
            program: self.program.clone(),
            environment: vec![
                ("PATH", SEARCH_PATH.into()),
                ("CNI_COMMAND", verb.into()),
                ("CNI_CONTAINERID", pod.container().into()),
                ("CNI_NETNS", pod.path().into()),
                ("CNI_IFNAME", INTERFACE.into()),
                ("CNI_ARGS", String::new()),
                ("CNI_PATH", FOLDER.into()),
            ],
            stdin: configuration.to_string(),
        }
    }
}

impl Candidate for Plumb {
    fn name(&self) -> &'static str {
        "plumb"
    }

    fn add(&mut self, pod: &Pod) -> Duration {
        let mut total = Duration::ZERO;
        self.result = Value::Null;
        for index in 0..self.plugins.len() {
            let finished = run(&self.invocation("ADD", pod, &self.plugins[index]));
            total += finished.wall;
            self.result = serde_json::from_str(&finished.stdout)
                .unwrap_or_else(|error| panic!("result of ADD: {error}: {}", finished.stdout));
        }
        total
    }

    fn delete(&mut self, pod: &Pod) -> Duration {
        let delete = |plugin| run(&self.invocation("DEL", pod, plugin)).wall;
        self.plugins.iter().rev().map(delete).sum()
    }
}

/// The scripts, one process of bash for ADD and one for DEL: also where plumb is called for
/// each plugin of a chain.
pub struct Shell {
    scripts: [PathBuf; 2],
    variables: Vec<(&'static str, String)>,
}

impl Shell {
    /// The scripts of a case.
    pub fn new(case: &Case, bed: &Bed) -> Self {
        let mut variables = vec![
            ("PATH", SEARCH_PATH.to_owned()),
            ("DEVICE", bed.function(0).address().to_owned()),
            ("INTERFACE", INTERFACE.to_owned()),
            ("STATE", format!("{FOLDER}/{}.state", case.name)),
        ];
        let own = case.variables.iter();
        variables.extend(own.map(|(name, value)| (*name, (*value).to_owned())));
        Self {
            scripts: case.install_scripts(),
            variables,
        }
    }

    fn run(&self, script: &Path, pod: &Pod) -> Duration {
        let mut environment = self.variables.clone();
        environment.push(("POD", pod.name().to_owned()));
        run(&Invocation {
            program: script.to_owned(),
            environment,
            stdin: String::new(),
        })
        .wall
    }
}

impl Candidate for Shell {
    fn name(&self) -> &'static str {
        "shell"
    }

    fn add(&mut self, pod: &Pod) -> Duration {
        self.run(&self.scripts[0], pod)
    }

    fn delete(&mut self, pod: &Pod) -> Duration {
        self.run(&self.scripts[1], pod)
    }
}
