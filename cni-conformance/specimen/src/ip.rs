//! ip(8), by which everything is done.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::error::{Error, KERNEL};

/// Runs commands, one on a line, in the namespace of the calling thread.
pub fn batch(commands: &str) -> Result<(), Error> {
    let mut child = Command::new("ip")
        .args(["-batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| Error::new(KERNEL, format!("run ip (iproute2): {error}")))?;
    let written = child
        .stdin
        .take()
        .map_or(Ok(()), |mut stdin| stdin.write_all(commands.as_bytes()));
    let output = child
        .wait_with_output()
        .map_err(|error| Error::new(KERNEL, format!("wait for ip: {error}")))?;
    match output.status.success() && written.is_ok() {
        true => Ok(()),
        false => Err(Error {
            code: KERNEL,
            message: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            details: format!("ip -batch: {}", commands.trim().replace('\n', "; ")),
        }),
    }
}

/// Destinations of the routes of both families, as results write them.
pub fn destinations() -> Result<Vec<String>, Error> {
    let mut destinations = Vec::new();
    for (family, everything, length) in [("-4", "0.0.0.0/0", "/32"), ("-6", "::/0", "/128")] {
        let output = Command::new("ip")
            .args(["-j", family, "route", "show"])
            .output()
            .map_err(|error| Error::new(KERNEL, format!("run ip (iproute2): {error}")))?;
        let routes: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let found = routes.as_array().into_iter().flatten();
        destinations.extend(found.filter_map(|route| {
            Some(match route["dst"].as_str()? {
                "default" => everything.to_owned(),
                network if network.contains('/') => network.to_owned(),
                host => format!("{host}{length}"),
            })
        }));
    }
    Ok(destinations)
}
