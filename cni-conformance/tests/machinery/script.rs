//! The suite's program, and plugins of a few lines of shell.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cni_harness::script;

/// What the program has given back.
#[derive(Debug)]
pub struct Output {
    /// Its exit code; nothing when a signal ended it.
    pub code: Option<i32>,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
}

/// Runs `cni-conformance`.
pub fn conformance(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_cni-conformance"))
        .args(arguments)
        .output()
        .expect("run cni-conformance");
    let text = |bytes| String::from_utf8(bytes).expect("the output is UTF-8");
    Output {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// What passes case 102.
pub const REFUSAL: &str = r#"echo '{"code": 4, "msg": "CNI_COMMAND is no verb"}'; exit 1"#;

/// A folder with a plugin and a configuration.
pub struct Stage {
    folder: PathBuf,
}

impl Stage {
    /// A plugin that knows its version, and does `shell` for everything else.
    pub fn new(name: &str, shell: &str) -> Self {
        let answer = r#"echo '{"cniVersion": "1.1.0", "supportedVersions": ["1.0.0", "1.1.0"]}'"#;
        Self::with_version(name, answer, shell)
    }

    /// A plugin that does `version` for VERSION.
    pub fn with_version(name: &str, version: &str, shell: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("machinery")
            .join(name);
        fs::create_dir_all(&folder).expect("create a folder");
        let stage = Self { folder };
        script::write(
            stage.path("plugin"),
            &format!(
                "#!/bin/sh\nif [ \"$CNI_COMMAND\" = VERSION ]; then\n{version}\nexit\nfi\n{shell}\n"
            ),
        );
        stage.write(
            "plugin.conf",
            r#"{"cniVersion": "1.1.0", "name": "n", "type": "plugin"}"#,
        );
        stage
    }

    /// A file in the folder; its path.
    pub fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).expect("write a file");
        self.path(name)
    }

    /// The path of a file in the folder.
    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).to_string_lossy().into_owned()
    }

    /// The text of a file in the folder.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("read a file")
    }

    /// Case 102, in which each call has an unknown verb.
    pub fn run(&self, more: &[&str]) -> Output {
        let (plugin, configuration) = (self.path("plugin"), self.path("plugin.conf"));
        let mut arguments = vec!["--plugin", &plugin, "--config", &configuration];
        if !more.contains(&"--cases") {
            arguments.extend(["--cases", "102"]);
        }
        arguments.extend(more);
        conformance(&arguments)
    }
}
