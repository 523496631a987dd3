//! Whoever runs plumbctl: with a home of his own, in which nothing is remembered.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cni_harness::script;
use plumb_tests::binaries;
use tempfile::TempDir;

pub struct User {
    home: TempDir,
    variables: Vec<(String, String)>,
    plumbctl: PathBuf,
}

impl User {
    pub fn new() -> Self {
        binaries::registry();
        Self {
            home: tempfile::tempdir().expect("a folder"),
            variables: Vec::new(),
            plumbctl: binaries::plumbctl(),
        }
    }

    /// One who has copies of the programs, in `bin` of the home.
    pub fn with_programs() -> Self {
        let mut user = Self::new();
        for program in [binaries::registry(), binaries::plumbctl()] {
            let name = Path::new("bin").join(program.file_name().expect("a name"));
            user.plumbctl = user.write(name, []);
            script::copy(&program, &user.plumbctl);
        }
        user
    }

    /// A variable of the environment, beside `HOME` and `PATH`.
    pub fn with(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        let value = value.as_ref().to_str().expect("text");
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file below the home.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, content).expect("a file");
        path
    }

    /// `plumbctl component ARGUMENTS`, with something on standard input: what it printed, or the sentence that it failed with.
    fn component_with(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let path = format!(
            "{}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            self.home.path().display()
        );
        let mut child = Command::new(&self.plumbctl)
            .arg("component")
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", path)
            .envs(self.variables.iter().cloned())
            .current_dir(self.home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("plumbctl runs");
        // Not every command reads it.
        let _ = child
            .stdin
            .take()
            .expect("a pipe")
            .write_all(input.as_bytes());
        let output = child.wait_with_output().expect("plumbctl ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        let (said, error) = (text(output.stdout), text(output.stderr));
        match output.status.code() {
            Some(0) => {
                assert_eq!(error, "");
                Ok(said)
            }
            Some(1) => {
                assert_eq!(said, "");
                let line = error
                    .strip_prefix("plumbctl: ")
                    .and_then(|line| line.strip_suffix('\n'));
                Err(line.unwrap_or(&error).to_owned())
            }
            _ => panic!("{}: {error}", output.status),
        }
    }

    pub fn component(&self, arguments: &[&str]) -> Result<String, String> {
        self.component_with(arguments, "")
    }

    /// The same as the registry's user `acme`, who says his password.
    pub fn as_acme(&self, arguments: &[&str], password: &str) -> Result<String, String> {
        let acme = ["--username", "acme", "--password-stdin"];
        self.component_with(&[arguments, &acme].concat(), password)
    }

    /// What stands in the place of a success: one sentence with these words, and no file.
    #[track_caller]
    pub fn is_refused(&self, arguments: &[&str], words: &[&str]) -> String {
        let sentence = self.component(arguments).expect_err("a refusal");
        assert!(!sentence.contains('\n'), "{sentence}");
        for word in words {
            assert!(sentence.contains(word), "{word:?} is not in: {sentence}");
        }
        let files = fs::read_dir(self.home.path()).expect("a folder").flatten();
        let pulled = files.map(|entry| entry.path()).find(|path| {
            path.extension()
                .is_some_and(|ending| ending == "wasm" || ending == "new")
        });
        assert_eq!(pulled, None, "{sentence}");
        sentence
    }
}

/// A component of which a pod can be attached.
pub fn specimen() -> String {
    let path = binaries::component("specimen");
    path.to_str().expect("a path in UTF-8").to_owned()
}
