//! Compiling a vendor's component: whatever its bytes are, what happens to the compiler happens to a process that has
//! nothing and ends soon.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use nix::fcntl::OFlag;
use plumb::components::wall::{self, Limits};
use plumb_compiler::{World, compile, componentize, set_up};
use plumb_engine::limits::COMPONENT_BYTES;
use plumb_values::text::{printable, shorten};
use serde::{Deserialize, Serialize};

use crate::Failure;

/// How a core module begins, which is what cargo makes of a component's crate: magic and
/// version (WebAssembly, "Binary Format", section "Modules").
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// What compiling may take: the largest component that is accepted, in a language that brings its runtime along,
/// takes a tenth of it.
const LIMITS: Limits = Limits {
    processor: 60,
    data: 1 << 30,
    address_space: 4 << 30,
    time: Duration::from_secs(120),
};

/// Most bytes that come of a component: itself and its code.
const RESULT_BYTES: usize = 10 * COMPONENT_BYTES;

/// Most bytes of the compiler's reason.
const SENTENCE_BYTES: usize = 4096;

/// A component that has passed the audit.
pub struct Compiled {
    /// Its names.
    pub head: Head,
    /// In binary form.
    pub component: Vec<u8>,
    /// Its native code.
    pub code: Vec<u8>,
}

/// What is said of it before its bytes, in a line of JSON.
#[derive(Debug, Serialize, Deserialize)]
pub struct Head {
    /// `flavour` or `address-policy`
    pub world: String,
    /// SHA-256 in hexadecimal.
    pub digest: String,
    /// The interfaces with functions that it imports.
    pub imports: Vec<String>,
    /// Bytes of the binary form, which come next.
    size: usize,
}

/// Compiles a file.
pub fn file(path: &Path) -> Result<Compiled, Failure> {
    let about = |reason: &dyn std::fmt::Display| format!("{}: {reason}", path.display());
    let bytes = read(path).map_err(|error| about(&error))?;
    set_up()?;
    let written = wall::alone(&LIMITS, RESULT_BYTES, |channel| {
        let answer = answer(&bytes);
        // The parent sees what is missing.
        let _ = channel.write_all(&answer);
    });
    let written = written.map_err(|failure| {
        about(&format!(
            "the compiler gave no answer, for want of memory (it has {} MiB) or for a fault in it: its process {}",
            LIMITS.data >> 20,
            failure.reason
        ))
    })?;
    match understand(&written) {
        Some(compiled) => Ok(compiled.map_err(|error| about(&error))?),
        None => Err(about(&"the compiler gave no whole answer").into()),
    }
}

/// A file's content, which is looked at before it is opened and read: a pipe would wait for its other end, and a
/// device has none.
fn read(path: &Path) -> Result<Vec<u8>, String> {
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

/// What the child writes: a line with a head or an error, and the bytes.
fn answer(bytes: &[u8]) -> Vec<u8> {
    let compiled = match bytes.starts_with(CORE_MODULE) {
        true => componentize(bytes).and_then(|component| compile(&component)),
        false => compile(bytes),
    };
    let head = match &compiled {
        Ok(compiled) => Ok(Head {
            world: match compiled.world {
                World::Flavour => "flavour".to_owned(),
                World::AddressPolicy => "address-policy".to_owned(),
            },
            digest: compiled.digest.clone(),
            imports: compiled.imports.clone(),
            size: compiled.component.len(),
        }),
        Err(error) => Err(sentence(&error.to_string())),
    };
    let mut answer = serde_json::to_vec(&head).unwrap_or_default();
    answer.push(b'\n');
    if let Ok(compiled) = compiled {
        answer.extend(compiled.component);
        answer.extend(compiled.cwasm);
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
    let head: Head = match serde_json::from_slice::<Result<Head, String>>(head).ok()? {
        Ok(head) => head,
        Err(error) => return Some(Err(error)),
    };
    let (component, code) = rest[1..].split_at_checked(head.size)?;
    Some(Ok(Compiled {
        component: component.to_vec(),
        code: code.to_vec(),
        head,
    }))
}
