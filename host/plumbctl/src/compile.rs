//! Looking at a vendor's component, and compiling it: whatever its bytes are, what happens to parser and compiler
//! happens to a process that has nothing and ends soon.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use nix::fcntl::OFlag;
use plumb::components::trial;
use plumb::components::wall::{self, Limits};
use plumb_compiler::{Declaration, Form, Inspected, set_up};
use plumb_engine::Allowance;
use plumb_engine::limits::COMPONENT_BYTES;
use plumb_values::text::{printable, shorten};
use serde::{Deserialize, Serialize};

use crate::Failure;

/// What compiling may take: a component in Go, of 3 MB, takes 33 s of processor time and more than 1 GiB; a large one in
/// Python, of 19 MB, 65 s. On a node that has no time for it, it may wait for ten times as long.
fn limits(allowance: Allowance) -> Limits {
    let processor = match allowance {
        Allowance::Ordinary => 60,
        Allowance::Large => 180,
    };
    Limits {
        processor,
        data: 2 << 30,
        address_space: 8 << 30,
        time: Duration::from_secs(10 * processor),
    }
}

/// Most bytes that come of a component: what is said of it, itself and its code.
const RESULT_BYTES: usize = 10 * COMPONENT_BYTES;

/// Most bytes of the compiler's reason.
const SENTENCE_BYTES: usize = 4096;

/// How much a component may have: an argument of each command that compiles one.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Size {
    /// Let it have more memory and be made of more parts than others, as languages with an interpreter need
    #[arg(long)]
    pub large: bool,
}

/// A component that has passed the audit.
pub struct Compiled {
    /// What it is.
    pub about: About,
    /// In binary form.
    pub component: Vec<u8>,
    /// Its native code; empty when it was only looked at.
    pub code: Vec<u8>,
}

/// What a component is, as far as that can be known without executing it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct About {
    /// `core module` or `component`: what the file was.
    pub form: String,
    /// `flavour` or `address-policy`
    pub world: String,
    /// The version of the contract that it was built for.
    pub contract: String,
    /// The functions that it exports.
    pub exports: Vec<String>,
    /// The interfaces with functions that it imports.
    pub imports: Vec<String>,
    /// The functions of WASI that its modules import, which are answered inside of it.
    pub wasi: Vec<String>,
    /// Whether it is made of several components that call each other, as only large ones may be.
    pub is_composed: bool,
    /// Bytes of the component, in binary form.
    pub size: usize,
    /// `sha256:` and the digest of the same.
    pub digest: String,
    /// What it says of itself.
    pub declaration: Option<Declaration>,
}

impl From<&Inspected> for About {
    fn from(inspected: &Inspected) -> Self {
        let form = match inspected.form {
            Form::CoreModule => "core module",
            Form::Component => "component",
        };
        Self {
            form: form.to_owned(),
            world: inspected.world.name().to_owned(),
            contract: inspected.version.clone(),
            exports: inspected
                .world
                .exports()
                .iter()
                .map(ToString::to_string)
                .collect(),
            imports: inspected.imports.clone(),
            wasi: inspected.wasi.clone(),
            is_composed: inspected.is_composed,
            size: inspected.component.len(),
            digest: format!("sha256:{}", inspected.digest),
            declaration: inspected.declaration.clone(),
        }
    }
}

/// Looks at a core module or a component, in binary or text form. `shown` is how messages call it.
///
/// # Errors
///
/// Why it is none that plumb takes.
pub fn inspect(bytes: &[u8], shown: &Path) -> Result<Compiled, Failure> {
    behind_the_wall(bytes, shown, Allowance::Ordinary, |bytes| {
        Ok((plumb_compiler::inspect(bytes)?, Vec::new()))
    })
}

/// Looks at it and compiles it, for an engine that gives as much as this allows.
///
/// # Errors
///
/// As [`inspect`]'s.
pub fn compile(bytes: &[u8], shown: &Path, allowance: Allowance) -> Result<Compiled, Failure> {
    behind_the_wall(bytes, shown, allowance, |bytes| {
        let compiled = plumb_compiler::compile_for(bytes, allowance)?;
        Ok((compiled.inspected, compiled.cwasm))
    })
}

/// Starts what was compiled for once, so that who installs one that needs more than it is allowed learns it then.
///
/// # Errors
///
/// The limit that it met, or why it gave up.
pub fn start(compiled: &Compiled, shown: &Path, allowance: Allowance) -> Result<(), Failure> {
    match trial::start(&compiled.code, allowance) {
        Ok(_) => Ok(()),
        Err(failure) => Err(format!("{}: {}", shown.display(), sentence(&failure.reason)).into()),
    }
}

fn behind_the_wall(
    bytes: &[u8],
    shown: &Path,
    allowance: Allowance,
    work: impl FnOnce(&[u8]) -> Result<(Inspected, Vec<u8>), plumb_compiler::Error>,
) -> Result<Compiled, Failure> {
    let about = |reason: &dyn std::fmt::Display| format!("{}: {reason}", shown.display());
    set_up()?;
    let limits = limits(allowance);
    let written = wall::alone(&limits, RESULT_BYTES, |channel| {
        let answer = answer(work(bytes));
        // The parent sees what is missing.
        let _ = channel.write_all(&answer);
    });
    let written = written.map_err(|failure| {
        about(&format!(
            "the compiler gave no answer, for want of memory (it has {} MiB) or for a fault in it: its process {}",
            limits.data >> 20,
            failure.reason
        ))
    })?;
    match understand(&written) {
        Some(compiled) => Ok(compiled.map_err(|error| about(&error))?),
        None => Err(about(&"the compiler gave no whole answer").into()),
    }
}

/// A file's content, of which no more is read than a component may have.
///
/// # Errors
///
/// Why there is none.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    Ok(read_file(path).map_err(|reason| format!("{}: {reason}", path.display()))?)
}

/// A file's content, which is looked at before it is opened and read: a pipe would wait for its other end, and a
/// device has none.
fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let file = File::options()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path)
        .map_err(|error| format!("cannot be read: {error}"))?;
    let metadata = file
        .metadata()
        .map_err(|error| format!("cannot be read: {error}"))?;
    if !metadata.is_file() {
        return Err("is no file with a component in it".to_owned());
    }
    let most = COMPONENT_BYTES as u64;
    if metadata.len() > most {
        return Err(format!(
            "has {} bytes, more than the {most} that are accepted",
            metadata.len()
        ));
    }
    let mut bytes = Vec::new();
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    Ok(bytes)
}

/// What the child writes: a line with what it is or an error, and the bytes.
fn answer(outcome: Result<(Inspected, Vec<u8>), plumb_compiler::Error>) -> Vec<u8> {
    let head = match &outcome {
        Ok((inspected, _)) => Ok(About::from(inspected)),
        Err(error) => Err(sentence(&error.to_string())),
    };
    let mut answer = serde_json::to_vec(&head).unwrap_or_default();
    answer.push(b'\n');
    if let Ok((inspected, code)) = outcome {
        answer.extend(inspected.component);
        answer.extend(code);
    }
    answer
}

/// The first line of what the compiler says, and no more of it than a person reads: behind it there may be the
/// component's own text, of any length.
fn sentence(error: &str) -> String {
    let first = error.lines().next().unwrap_or_default();
    printable(&shorten(first, SENTENCE_BYTES), false).into_owned()
}

/// The answer; none of one that is not whole.
fn understand(written: &[u8]) -> Option<Result<Compiled, String>> {
    let end = written.iter().position(|byte| *byte == b'\n')?;
    let (head, rest) = written.split_at(end);
    let about: About = match serde_json::from_slice::<Result<About, String>>(head).ok()? {
        Ok(about) => about,
        Err(error) => return Some(Err(error)),
    };
    let (component, code) = rest[1..].split_at_checked(about.size)?;
    Some(Ok(Compiled {
        component: component.to_vec(),
        code: code.to_vec(),
        about,
    }))
}
