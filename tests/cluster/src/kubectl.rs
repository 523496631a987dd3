//! The API server, by kubectl.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use plumb_runtimes::{Finished, finished};
use serde_json::Value;

use crate::Place;

/// kubectl with somebody's kubeconfig.
pub struct Kubectl<'place> {
    place: &'place Place,
    kubeconfig: PathBuf,
}

impl<'place> Kubectl<'place> {
    /// kubectl at a place of the cluster, with this kubeconfig.
    pub fn new(place: &'place Place, kubeconfig: PathBuf) -> Self {
        Self { place, kubeconfig }
    }

    /// The command, for more arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command(programs().join("kubectl"));
        command
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .arg("--cache-dir")
            .arg(self.kubeconfig.with_file_name("cache"))
            .args(arguments);
        command
    }

    /// Runs kubectl to its end.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Finished {
        Finished::of(self.command(arguments))
    }

    /// Creates or changes objects; one, or a list of them.
    #[track_caller]
    pub fn apply(&self, object: &Value) {
        self.try_apply(object).expect_success();
    }

    /// As [`Self::apply`], whatever comes of it.
    #[track_caller]
    pub fn try_apply(&self, object: &Value) -> Finished {
        self.run_with(&["apply", "--filename", "-"], &object.to_string())
    }

    /// Applies a file or a folder of manifests.
    #[track_caller]
    pub fn apply_file(&self, path: &Path) {
        let path = path.to_str().expect("a path in UTF-8");
        self.run(&["apply", "--filename", path]).expect_success();
    }

    /// An object that is not in a namespace, or `None` when there is none of this name.
    #[track_caller]
    pub fn get(&self, kind: &str, name: &str) -> Option<Value> {
        self.get_with(&["get", kind, name])
    }

    /// An object of a namespace, or `None` when there is none of this name.
    #[track_caller]
    pub fn get_in(&self, namespace: &str, kind: &str, name: &str) -> Option<Value> {
        self.get_with(&["get", kind, name, "--namespace", namespace])
    }

    #[track_caller]
    fn get_with(&self, arguments: &[&str]) -> Option<Value> {
        let mut command = self.command(arguments);
        command.args(["--ignore-not-found", "--output", "json"]);
        let text = Finished::of(command).expect_success();
        (!text.is_empty()).then(|| json(&text))
    }

    /// All objects of a kind, with more arguments such as `--selector`, `--namespace` or
    /// `--all-namespaces`.
    #[track_caller]
    pub fn list(&self, kind: &str, arguments: &[&str]) -> Vec<Value> {
        let mut command = self.command(&["get", kind, "--output", "json"]);
        command.args(arguments);
        let text = Finished::of(command).expect_success();
        let items = json(&text)["items"].take();
        items.as_array().expect("a list has items").clone()
    }

    /// Deletes an object of a namespace and waits until it is gone.
    #[track_caller]
    pub fn delete(&self, namespace: &str, kind: &str, name: &str) {
        let arguments = ["delete", kind, name, "--namespace", namespace, "--wait"];
        self.run(&arguments).expect_success();
    }

    /// Runs a command in the first container of a pod.
    #[track_caller]
    pub fn execute(&self, namespace: &str, pod: &str, command: &[&str]) -> Finished {
        let mut kubectl = self.command(&["exec", "--namespace", namespace, pod, "--"]);
        kubectl.args(command);
        Finished::of(kubectl)
    }

    /// As [`Self::run`], with this at standard input.
    #[track_caller]
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Finished {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped());
        let mut child = finished::start(&mut command);
        let mut stdin = child.stdin.take().expect("its standard input is a pipe");
        // One that ends without reading says why.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Finished::wait(format!("{command:?} < {input}"), child)
    }
}

#[track_caller]
fn json(text: &str) -> Value {
    serde_json::from_str(text)
        .unwrap_or_else(|error| panic!("kubectl prints no JSON: {error}\n{text}"))
}

/// The folder of Kubernetes' programs, which are built if they have to be.
#[track_caller]
pub fn programs() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| plumb_tests::peers::build("kubernetes"))
}
