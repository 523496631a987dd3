//! Another plugin that is called for its part (specification, section 4).

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use serde_json::Value;

use crate::defects;
use crate::error::{DELEGATE, Error};
use crate::request::{Request, Verb, variable};

/// Calls the plugin with the environment and the input of the request; its output.
pub fn call(request: &Request, name: &str, verb: &str) -> Result<Vec<u8>, Error> {
    let program = find(name)?;
    let failed = |what: String| Error::new(DELEGATE, format!("{}: {what}", program.display()));
    let mut command = Command::new(&program);
    command
        .env("CNI_COMMAND", verb)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    if defects::has("cleans-the-environment") {
        command
            .env_clear()
            .envs(std::env::vars().filter(|(name, _)| name.starts_with("CNI_") || name == "PATH"));
        command.env("CNI_COMMAND", verb);
    }
    if defects::has("mixes-the-outputs") {
        command.stderr(Stdio::piped());
    }
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let input = defects::input_for_the_delegate(request, verb);
    let stdin = child.stdin.take();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || {
            // One that ends without reading its input has its reasons.
            let _ = stdin.map(|mut stdin| stdin.write_all(&input));
        });
        child.wait_with_output()
    })
    .map_err(|error| failed(error.to_string()))?;
    if defects::has("mixes-the-outputs") {
        print!("{}", String::from_utf8_lossy(&output.stderr));
    }
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(reported(&output.stdout).unwrap_or_else(|| failed(ended(output.status)))),
    }
}

/// ADD: its result.
pub fn add(request: &Request, name: &str) -> Result<Value, Error> {
    let output = call(request, name, "ADD")?;
    let result: Option<Value> = serde_json::from_slice(&output)
        .ok()
        .filter(Value::is_object);
    if defects::has("takes-garbage-for-nothing") && result.is_none() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    let result = result.ok_or_else(|| {
        Error::new(
            DELEGATE,
            format!("{name} succeeded without printing a result"),
        )
    })?;
    if defects::has("needs-the-delegates-version") && result["cniVersion"].is_null() {
        return Err(Error::new(
            DELEGATE,
            format!("{name} printed a result without cniVersion"),
        ));
    }
    Ok(result)
}

/// The first file of that name in the folders of `CNI_PATH`.
fn find(name: &str) -> Result<PathBuf, Error> {
    let path = variable("CNI_PATH");
    let folders = path.split(':').filter(|folder| !folder.is_empty());
    let folders = match defects::has("looks-into-one-folder") {
        true => folders.take(1).collect::<Vec<_>>(),
        false => folders.collect(),
    };
    folders
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|program| program.is_file())
        .ok_or_else(|| {
            let name = match defects::has("does-not-name-the-delegate") {
                true => "of ipam.type",
                false => name,
            };
            Error::new(DELEGATE, format!("there is no plugin {name} in CNI_PATH"))
        })
}

/// The error that it printed.
fn reported(output: &[u8]) -> Option<Error> {
    let object: Value = serde_json::from_slice(output).ok()?;
    Some(Error {
        code: object["code"].as_u64()?,
        message: object["msg"].as_str()?.to_owned(),
        details: object["details"].as_str().unwrap_or_default().to_owned(),
    })
}

fn ended(status: ExitStatus) -> String {
    format!("it failed without an error of its own ({status})")
}

/// As `CNI_COMMAND` has it.
pub fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Add => "ADD",
        Verb::Delete => "DEL",
        Verb::Check => "CHECK",
        Verb::Status => "STATUS",
        Verb::Collect => "GC",
    }
}
