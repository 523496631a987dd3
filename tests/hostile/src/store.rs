//! The component store of a private node.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cni_harness::node::SCRATCH;
use plumb_tests::binaries;
use serde_json::json;

/// The component folder of a node, empty at first.
pub struct Store {
    folder: PathBuf,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            folder: "/var/lib/plumb/components".into(),
        }
    }
}

impl Store {
    /// Where it is: where plumb looks by itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of one component.
    pub fn folder_of(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The native code of one component.
    pub fn code_of(&self, name: &str) -> PathBuf {
        self.folder_of(name)
            .join(format!("{}.cwasm", plumb_engine::engine_key()))
    }

    /// Installs a component, which must be accepted.
    #[track_caller]
    pub fn install(&self, name: &str, component: &[u8]) {
        succeed(&self.try_install(name, component));
    }

    /// Tries to install a component.
    #[track_caller]
    pub fn try_install(&self, name: &str, component: &[u8]) -> Output {
        let file = Path::new(SCRATCH).join(format!("{name}.wasm"));
        fs::write(&file, component).expect("write the component");
        let file = file.to_string_lossy();
        self.plumbctl(&["install", &file, "--name", name])
    }

    /// Grants operations.
    #[track_caller]
    pub fn grant(&self, name: &str, operations: &[&str]) {
        succeed(&self.plumbctl(&[&["grant", name], operations].concat()));
    }

    /// Removes a component.
    #[track_caller]
    pub fn remove(&self, name: &str) {
        succeed(&self.plumbctl(&["remove", name]));
    }

    /// Puts a flavour into the store as somebody would who gets around the audit:
    /// compiled as it is, and granted operations by a manifest written by hand.
    #[track_caller]
    pub fn smuggle(&self, name: &str, component: &[u8], grants: &[&str]) {
        let code = plumb_compiler::precompile_unchecked(component).expect("it is valid");
        let digest = format!("sha256:{}", plumb_compiler::digest(component));
        let manifest = json!({"world": "flavour", "digest": digest, "grants": grants}).to_string();
        fs::create_dir_all(self.folder_of(name)).expect("make the component's folder");
        let files = [
            (self.folder_of(name).join("component.wasm"), component),
            (self.code_of(name), &code),
            (
                self.folder_of(name).join("manifest.json"),
                manifest.as_bytes(),
            ),
        ];
        for (path, content) in files {
            fs::write(path, content).expect("write a file of the component");
        }
    }

    #[track_caller]
    fn plumbctl(&self, arguments: &[&str]) -> Output {
        Command::new(binaries::plumbctl())
            .args(["component", "--folder"])
            .arg(&self.folder)
            .args(arguments)
            .output()
            .expect("run plumbctl")
    }
}

#[track_caller]
fn succeed(output: &Output) {
    assert!(
        output.status.success(),
        "plumbctl failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
