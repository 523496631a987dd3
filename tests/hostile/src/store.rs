//! The component store of a private node.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cni_harness::node::SCRATCH;
use cni_harness::script;
use plumb_tests::binaries;
use serde_json::{Value, json};

use crate::native::Native;

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
        self.folder_of(name).join(self.name_of_code())
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
        self.try_install_file(name, &file)
    }

    /// Tries to install what is at a path.
    #[track_caller]
    pub fn try_install_file(&self, name: &str, file: &Path) -> Output {
        let file = file.to_string_lossy();
        self.plumbctl(&["install", &file, "--name", name])
    }

    /// Writes a file where plumbctl finds it.
    #[track_caller]
    pub fn file(&self, name: &str, content: &[u8]) -> String {
        let file = Path::new(SCRATCH).join(name);
        fs::write(&file, content).expect("write a file");
        file.to_string_lossy().into_owned()
    }

    /// What a command of `plumbctl component` printed, which must succeed.
    #[track_caller]
    pub fn said(&self, arguments: &[&str]) -> String {
        let output = self.plumbctl(arguments);
        succeed(&output);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Tries to install a component by a plumbctl that may have so many bytes of private memory.
    #[track_caller]
    pub fn try_install_within(&self, name: &str, component: &[u8], bytes: u64) -> Output {
        let file = Path::new(SCRATCH).join(format!("{name}.wasm"));
        fs::write(&file, component).expect("write the component");
        Command::new("sh")
            .args([
                "-c",
                "ulimit -d $0; exec \"$@\"",
                &(bytes >> 10).to_string(),
            ])
            .arg(binaries::plumbctl())
            .args(["component", "--folder"])
            .arg(&self.folder)
            .arg("install")
            .arg(file)
            .args(["--name", name])
            .output()
            .expect("run plumbctl")
    }

    /// Grants operations.
    #[track_caller]
    pub fn grant(&self, name: &str, operations: &[&str]) {
        succeed(&self.plumbctl(&[&["grant", name], operations].concat()));
    }

    /// Tries to grant operations.
    #[track_caller]
    pub fn try_grant(&self, name: &str, operations: &[&str]) -> Output {
        self.plumbctl(&[&["grant", name], operations].concat())
    }

    /// What plumbctl lists.
    #[track_caller]
    pub fn list(&self) -> String {
        let output = self.plumbctl(&["list"]);
        succeed(&output);
        String::from_utf8_lossy(&output.stdout).into_owned()
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
        let compiled = digest_of(&code);
        let manifest = json!({
            "world": "flavour", "digest": digest, "grants": grants,
            "compiled": {self.name_of_code(): compiled},
        });
        let manifest = manifest.to_string();
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

    /// Puts native code into the place of a component's, as root could who knows of the manifest.
    #[track_caller]
    pub fn replace_code(&self, name: &str, native: &Native) {
        let compiled = fs::read(self.code_of(name)).expect("read the code");
        self.install_code(name, &native.instead_of(compiled));
    }

    /// Writes other code, and its digest into the manifest.
    #[track_caller]
    pub fn install_code(&self, name: &str, code: &[u8]) {
        self.write_code(name, code);
        let digest = digest_of(code);
        self.change_manifest(name, |manifest| {
            manifest["compiled"][self.name_of_code()] = digest.into();
        });
    }

    /// Writes other code in the place of a component's.
    #[track_caller]
    pub fn write_code(&self, name: &str, code: &[u8]) {
        let path = self.code_of(name);
        fs::remove_file(&path).expect("remove the code");
        fs::write(&path, code).expect("write the code");
    }

    /// Changes a component's manifest.
    #[track_caller]
    pub fn change_manifest(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let path = self.folder_of(name).join("manifest.json");
        let text = fs::read_to_string(&path).expect("read the manifest");
        let mut manifest: Value = serde_json::from_str(&text).expect("it is JSON");
        change(&mut manifest);
        fs::remove_file(&path).expect("remove the manifest");
        fs::write(&path, manifest.to_string()).expect("write the manifest");
    }

    fn name_of_code(&self) -> String {
        format!("{}.cwasm", plumb_engine::engine_key())
    }

    /// A folder that everybody can read, with plumbctl and some files; where the program and the files are.
    #[track_caller]
    pub fn for_everybody(&self, files: &[(&str, &Value)]) -> (PathBuf, Vec<PathBuf>) {
        let folder = Path::new("/run/everybody");
        fs::create_dir_all(folder).expect("make a folder");
        let program = folder.join("plumbctl");
        script::copy(&binaries::plumbctl(), &program);
        let write = |(name, content): &(&str, &Value)| {
            let path = folder.join(name);
            fs::write(&path, content.to_string()).expect("write a file");
            path
        };
        (program, files.iter().map(write).collect())
    }

    /// Everything below the store, with content and mode: what a command that failed must have left as it was.
    pub fn snapshot(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let mode = entry.metadata().expect("it is there").permissions().mode();
                if path.is_dir() {
                    folders.push(path.clone());
                }
                let content = fs::read(&path).unwrap_or_default();
                found.insert(path, (mode, content));
            }
        }
        found
    }

    /// Runs a command of `plumbctl component`.
    #[track_caller]
    pub fn plumbctl(&self, arguments: &[&str]) -> Output {
        Command::new(binaries::plumbctl())
            .args(["component", "--folder"])
            .arg(&self.folder)
            .args(arguments)
            .output()
            .expect("run plumbctl")
    }
}

/// The digest of compiled code, as a manifest has it.
fn digest_of(code: &[u8]) -> String {
    format!("blake3:{}", blake3::hash(code).to_hex())
}

#[track_caller]
fn succeed(output: &Output) {
    assert!(
        output.status.success(),
        "plumbctl failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
