//! A stand-in for an IPAM plugin: it writes down how it was called and does what the
//! test wants.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::{Node, script};

/// A result with one address, for `ADD`.
pub const ANSWER: &str = r#"echo '{"cniVersion":"1.0.0","ips":[{"address":"10.9.0.5/24","gateway":"10.9.0.1"}],"routes":[{"dst":"10.99.0.0/16"}]}'"#;

/// Each call takes the next free number: mkdir(1) fails for one that is taken.
const SCRIPT: &str = r#"#!/bin/sh
number=1
while ! mkdir "FOLDER/calls/$(printf %03d $number)" 2>/dev/null; do number=$((number + 1)); done
call="FOLDER/calls/$(printf %03d $number)"
cat > "$call/stdin"
cat "/proc/$$/environ" > "$call/environment"
if [ -e "FOLDER/$CNI_COMMAND" ]; then . "FOLDER/$CNI_COMMAND"; fi
"#;

/// A recording IPAM plugin of the given name, in a folder of its own.
pub struct Delegate {
    folder: PathBuf,
}

/// How the delegate was called.
#[derive(Debug)]
pub struct Recorded {
    /// Its whole environment.
    pub environment: BTreeMap<String, String>,
    /// Its whole stdin.
    pub stdin: Vec<u8>,
}

impl Delegate {
    /// Makes the plugin; `ADD` answers with one address, every other verb is silent.
    pub fn new(node: &Node, name: &str) -> Self {
        let folder = node.scratch().join(format!("delegate-{name}"));
        let delegate = Self { folder };
        fs::create_dir_all(delegate.folder.join("bin")).expect("make the delegate's folder");
        fs::create_dir_all(delegate.folder.join("calls")).expect("make the delegate's folder");
        let program = delegate.folder.join("bin").join(name);
        let text = SCRIPT.replace("FOLDER", &delegate.folder.to_string_lossy());
        script::write(program, &text);
        delegate.answers("ADD", ANSWER);
        delegate
    }

    /// The folder for `CNI_PATH`.
    pub fn path(&self) -> String {
        self.folder.join("bin").to_string_lossy().into_owned()
    }

    /// Sets the lines of shell that answer a verb.
    pub fn answers(&self, verb: &str, shell: &str) {
        fs::write(self.folder.join(verb), format!("{shell}\n"))
            .expect("write the delegate's answer");
    }

    /// All calls so far, oldest first.
    pub fn calls(&self) -> Vec<Recorded> {
        let mut folders: Vec<PathBuf> = fs::read_dir(self.folder.join("calls"))
            .expect("read the delegate's calls")
            .flatten()
            .map(|entry| entry.path())
            .collect();
        folders.sort();
        folders
            .into_iter()
            .map(|call| Recorded {
                environment: environment(&fs::read(call.join("environment")).unwrap_or_default()),
                stdin: fs::read(call.join("stdin")).unwrap_or_default(),
            })
            .collect()
    }

    /// The verbs of all calls so far.
    pub fn verbs(&self) -> Vec<String> {
        self.calls()
            .iter()
            .map(|call| {
                call.environment
                    .get("CNI_COMMAND")
                    .cloned()
                    .unwrap_or_default()
            })
            .collect()
    }
}

fn environment(bytes: &[u8]) -> BTreeMap<String, String> {
    bytes
        .split(|byte| *byte == 0)
        .filter_map(|entry| {
            let entry = String::from_utf8_lossy(entry).into_owned();
            entry
                .split_once('=')
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        })
        .collect()
}
