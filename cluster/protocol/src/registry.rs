//! What plumbctl asks `plumb-registry`, the program beside it that speaks to registries, and what that answers: plumbctl
//! itself has no HTTP and no TLS.
//!
//! plumbctl starts the program for one [`Order`], a line of JSON on standard input, with the component behind it where one is
//! to be pushed. It reads a [`Reply`], a line of JSON from standard output, with the component behind it where one was pulled.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Name of the program.
pub const PROGRAM: &str = "plumb-registry";

/// Most bytes of a line.
pub const LINE_LIMIT: usize = 1024 * 1024;

/// What is to be done.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Order {
    /// `registry.example/acme/flavour:1.2.0`, as the user wrote it.
    pub reference: String,
    /// Whether to speak HTTP without TLS.
    pub plain_http: bool,
    /// A file with certificates (PEM) of authorities that are trusted beside the system's.
    pub certificate: Option<PathBuf>,
    /// Who asks. None: whom the files of container tools name, else nobody.
    pub credentials: Option<Credentials>,
    /// Pull or push.
    pub task: Task,
}

/// A user of a registry.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Credentials {
    /// Who.
    pub username: String,
    /// The proof.
    pub password: String,
}

/// What an [`Order`] is for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Task {
    /// To bring a component.
    Pull {
        /// Most bytes that it may have.
        most: u64,
    },
    /// To hand out the component that follows.
    Push(Described),
}

/// A component in the words of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Described {
    /// Annotations of the manifest, as the OCI image specification names them.
    pub annotations: BTreeMap<String, String>,
    /// Who made it.
    pub author: Option<String>,
    /// What it exports.
    pub exports: Vec<String>,
    /// What it imports.
    pub imports: Vec<String>,
    /// The world that it is of, such as `plumb:cni/flavour@0.2.0`.
    pub target: String,
}

/// What the program answers: what it did, or one sentence for a person about why not.
pub type Reply = Result<Done, String>;

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Done {
    /// The reference by which this artifact and no other is had: `registry.example/acme/flavour:1.2.0@sha256:…`.
    pub pinned: String,
    /// `sha256:` and the digest of the component.
    pub component: String,
}
