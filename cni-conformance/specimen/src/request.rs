//! The environment and standard input of a call (specification, section 2, "Parameters").

use std::env;
use std::io::Read;

use serde_json::Value;

use crate::error::{CONFIGURATION, ENVIRONMENT, Error, INCOMPATIBLE, INPUT_OUTPUT};
use crate::version::Version;
use crate::{defects, json};

/// What can be asked of the plugin, beside its versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// ADD
    Add,
    /// DEL
    Delete,
    /// CHECK
    Check,
    /// STATUS
    Status,
    /// GC
    Collect,
}

/// A call whose parameters are as they have to be.
#[derive(Debug)]
pub struct Request {
    /// `CNI_COMMAND`
    pub verb: Verb,
    /// `CNI_CONTAINERID`; empty for STATUS and GC.
    pub container: String,
    /// `CNI_NETNS`, which may be empty for DEL.
    pub namespace: String,
    /// `CNI_IFNAME`; empty for STATUS and GC.
    pub interface: String,
    /// Standard input as it came.
    pub input: Vec<u8>,
    /// The same, decoded.
    pub configuration: Value,
    /// `cniVersion` of the configuration.
    pub version: Version,
    /// `name` of the configuration.
    pub network: String,
}

/// What a call is about.
pub enum Asked {
    /// VERSION, with its input.
    Version(Vec<u8>),
    /// Nothing: there is no verb, and the defect is that this is well.
    Nothing,
    /// Everything else.
    Work(Box<Request>),
}

impl Request {
    /// Reads the call; `asked_version` becomes the version of the input as soon as it is known.
    pub fn read(asked_version: &mut String) -> Result<Asked, Error> {
        defects::before_the_call()?;
        let command = variable("CNI_COMMAND");
        if command.is_empty() && defects::has("silent-without-command") {
            return Ok(Asked::Nothing);
        }
        let Some(verb) = verb(&command)? else {
            return input().map(Asked::Version);
        };
        environment(verb)?;
        let input = input()?;
        let configuration = json::configuration(&input)?;
        if let Some(version) = json::get(&configuration, "cniVersion").as_str() {
            version.clone_into(asked_version);
        }
        let version = Version::of(&configuration)?;
        let network = network_name(&configuration, verb)?;
        suits(verb, version)?;
        defects::in_the_input(&configuration)?;
        Ok(Asked::Work(Box::new(Self {
            verb,
            container: container(),
            namespace: variable("CNI_NETNS"),
            interface: variable("CNI_IFNAME"),
            input,
            configuration,
            version,
            network,
        })))
    }
}

/// A variable; empty when it is not set or no text.
pub fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

fn container() -> String {
    let container = variable("CNI_CONTAINERID");
    match defects::has("trims-the-container-id") {
        true => container.trim().to_owned(),
        false => container,
    }
}

/// Nothing for VERSION.
fn verb(command: &str) -> Result<Option<Verb>, Error> {
    let command = match defects::has("commands-in-any-case") {
        true => &command.to_ascii_uppercase(),
        false => command,
    };
    match command {
        "VERSION" => Ok(None),
        "ADD" => Ok(Some(Verb::Add)),
        "DEL" => Ok(Some(Verb::Delete)),
        "CHECK" => Ok(Some(Verb::Check)),
        "STATUS" => Ok(Some(Verb::Status)),
        "GC" => Ok(Some(Verb::Collect)),
        other => Err(Error::new(
            ENVIRONMENT,
            format!("CNI_COMMAND is {other:?}, which is no verb"),
        )),
    }
}

fn input() -> Result<Vec<u8>, Error> {
    let mut input = Vec::new();
    let limit = match defects::has("reads-64-kilobytes") {
        true => 65536,
        false => u64::MAX,
    };
    std::io::stdin()
        .take(limit)
        .read_to_end(&mut input)
        .map_err(|error| Error::new(INPUT_OUTPUT, format!("read standard input: {error}")))?;
    Ok(input)
}

fn environment(verb: Verb) -> Result<(), Error> {
    let required: &[&str] = match verb {
        Verb::Check if defects::has("check-without-namespace") => {
            &["CNI_CONTAINERID", "CNI_IFNAME"]
        }
        Verb::Add | Verb::Check => &["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
        Verb::Delete if defects::has("del-without-interface") => &["CNI_CONTAINERID"],
        Verb::Delete => &["CNI_CONTAINERID", "CNI_IFNAME"],
        Verb::Status | Verb::Collect => return Ok(()),
    };
    let mut missing: Vec<&str> = required
        .iter()
        .copied()
        .filter(|name| variable(name).is_empty())
        .collect();
    if defects::has("names-the-first-variable") && verb == Verb::Add {
        missing.truncate(1);
    }
    if !missing.is_empty() {
        return Err(Error::new(
            ENVIRONMENT,
            format!("the environment lacks {}", missing.join(", ")),
        ));
    }
    if !is_identifier(&container()) {
        return Err(Error::new(
            ENVIRONMENT,
            format!("CNI_CONTAINERID {:?} is no container ID", container()),
        ));
    }
    let interface = variable("CNI_IFNAME");
    match interface.is_empty() || is_interface_name(&interface) {
        true => Ok(()),
        false => Err(Error::new(
            ENVIRONMENT,
            format!("CNI_IFNAME {interface:?} is no name for an interface"),
        )),
    }
}

/// A letter or digit, then letters, digits, `_`, `.` and `-`.
fn is_identifier(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || "_.-".contains(one))
}

/// What the kernel takes.
fn is_interface_name(name: &str) -> bool {
    let length = match defects::has("counts-characters") {
        true => name.chars().count(),
        false => name.len(),
    };
    length <= 15
        && ![".", ".."].contains(&name)
        && !name.contains(|one: char| one == '/' || one == ':' || one.is_whitespace())
}

fn network_name(configuration: &Value, verb: Verb) -> Result<String, Error> {
    let name = json::get(configuration, "name")
        .as_str()
        .unwrap_or_default();
    let unchecked = match verb {
        Verb::Add => defects::has("any-network-name") && !name.is_empty(),
        Verb::Delete => defects::has("del-of-any-network-name"),
        _ => false,
    };
    match is_identifier(name) || unchecked {
        true => Ok(name.to_owned()),
        false => Err(Error::new(
            CONFIGURATION,
            format!("the name {name:?} of the network is missing or unusable"),
        )),
    }
}

fn suits(verb: Verb, version: Version) -> Result<(), Error> {
    let since = match verb {
        Verb::Check if defects::has("check-in-every-version") => Version::V0_3_1,
        Verb::Status if defects::has("status-in-every-version") => Version::V0_3_1,
        Verb::Check => Version::V0_4_0,
        Verb::Status | Verb::Collect => Version::V1_1_0,
        Verb::Add | Verb::Delete => Version::V0_3_1,
    };
    match version >= since {
        true => Ok(()),
        false => Err(Error::new(
            INCOMPATIBLE,
            format!("version {} has no {verb:?}", version.as_str()),
        )),
    }
}
