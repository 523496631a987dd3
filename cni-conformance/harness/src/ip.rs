//! ip(8): what the kernel has, by a program that is not ours.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Runs one command of ip(8) with JSON output; `command` may start with `-4` or `-6`.
/// In the named network namespace, or in the thread's own.
#[track_caller]
pub fn json(namespace: Option<&str>, command: &str) -> Vec<Value> {
    try_json(namespace, command)
        .unwrap_or_else(|error| panic!("ip {command} in {namespace:?}: {error}"))
}

/// Runs several commands of ip(8) in one process, with JSON output; the records of each.
/// `options` are for all of them, as `-6` is.
#[track_caller]
pub fn json_of_each(
    namespace: Option<&str>,
    options: &[&str],
    commands: &[&str],
) -> Vec<Vec<Value>> {
    let mut ip = command(namespace);
    ip.arg("-j").args(options);
    let output = run_batch(ip, &(commands.join("\n") + "\n"))
        .unwrap_or_else(|error| panic!("ip {options:?} {commands:?} in {namespace:?}: {error}"));
    let records: Vec<Vec<Value>> = serde_json::Deserializer::from_slice(&output)
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("the output of ip {commands:?} is not JSON: {error}"));
    assert_eq!(records.len(), commands.len(), "an answer to each command");
    records
}

/// Runs several commands, one on a line; the thread's own namespace or a named one.
#[track_caller]
pub fn batch(namespace: Option<&str>, commands: &str) {
    if let Err(error) = run_batch(command(namespace), commands) {
        panic!("ip -batch in {namespace:?} failed: {error}\n{commands}");
    }
}

fn run_batch(mut ip: Command, commands: &str) -> Result<Vec<u8>, String> {
    ip.args(["-batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = ip.spawn().expect("run ip (iproute2)");
    child
        .stdin
        .take()
        .expect("stdin is piped")
        .write_all(commands.as_bytes())
        .expect("write the commands");
    let output = child.wait_with_output().expect("wait for ip");
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// One link with its details, or none.
#[track_caller]
pub fn link(namespace: Option<&str>, name: &str) -> Option<Value> {
    let found = try_json(namespace, &format!("-d link show dev {name}"));
    found
        .ok()?
        .into_iter()
        .find(|link| link.get("ifname").is_some())
}

/// All links with their details.
#[track_caller]
pub fn links(namespace: Option<&str>) -> Vec<Value> {
    json(namespace, "-d link show")
}

/// The addresses of one link in CIDR form, without IPv6 link-local ones, sorted.
#[track_caller]
pub fn addresses(namespace: Option<&str>, link: &str) -> Vec<String> {
    let mut addresses: Vec<String> = address_records(namespace, link)
        .iter()
        .filter(|record| record["scope"] != "link")
        .map(|record| {
            format!(
                "{}/{}",
                record["local"].as_str().unwrap_or("?"),
                record["prefixlen"]
            )
        })
        .collect();
    addresses.sort();
    addresses
}

/// The addresses of one link as `ip -j address` describes them.
#[track_caller]
pub fn address_records(namespace: Option<&str>, link: &str) -> Vec<Value> {
    json(namespace, &format!("address show dev {link}"))
        .iter()
        .filter_map(|link| link["addr_info"].as_array())
        .flatten()
        .filter(|record| record.get("local").is_some())
        .cloned()
        .collect()
}

fn try_json(namespace: Option<&str>, arguments: &str) -> Result<Vec<Value>, String> {
    let output = command(namespace)
        .arg("-j")
        .args(arguments.split_whitespace())
        .output()
        .map_err(|error| format!("run ip (iproute2): {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    if output.stdout.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("its output is not JSON: {error}"))
}

fn command(namespace: Option<&str>) -> Command {
    let mut command = Command::new("ip");
    if let Some(namespace) = namespace {
        command.args(["-n", namespace]);
    }
    command
}
