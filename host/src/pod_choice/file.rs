//! The file that the agent writes for a pod of its node.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::libc;
use plumb_protocol::{LIMIT, PodChoice};

use crate::attachment::PodIdentity;
use crate::{Error, Result, owned};

/// What the file of a pod says; none where there is none, or where it is of an earlier pod of that name.
///
/// # Errors
///
/// Where somebody other than root may have written it, or it is not what the agent writes.
pub(super) fn read(folder: &Path, pod: &PodIdentity) -> Result<Option<PodChoice>> {
    let (true, true) = (is_name(&pod.namespace), is_name(&pod.name)) else {
        return Ok(None);
    };
    // Which pod of the name is meant nobody knows.
    if pod.uid.is_empty() {
        return Ok(None);
    }
    // No name of Kubernetes has an underscore.
    let path = folder.join(format!("{}_{}.json", pod.namespace, pod.name));
    let failed = |what: String| {
        Error::new(
            crate::Code::STATE,
            format!(
                "what the agent wrote of pod {pod}, {}: {what}",
                path.display()
            ),
        )
    };
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(&path);
    let opened = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| failed(error.to_string()))?,
    };
    owned::check(folder)?;
    owned::check_open(&opened, &path)?;
    let metadata = opened
        .metadata()
        .map_err(|error| failed(error.to_string()))?;
    if !metadata.is_file() {
        return Err(failed("it is not a regular file".to_owned()));
    }
    let mut text = Vec::new();
    opened
        .take(LIMIT as u64 + 1)
        .read_to_end(&mut text)
        .map_err(|error| failed(error.to_string()))?;
    if text.len() > LIMIT {
        return Err(failed(format!("it has more than {LIMIT} bytes")));
    }
    let choice: PodChoice =
        serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?;
    Ok((choice.uid == pod.uid).then_some(choice))
}

/// Whether it is a name of Kubernetes (RFC 1123 subdomain), and so of a file.
fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() <= 253
        && text.bytes().next().is_some_and(is_plain)
        && text
            .bytes()
            .all(|byte| is_plain(byte) || b".-".contains(&byte))
}
