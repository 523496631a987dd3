//! The `CNI_*` variables (CNI specification, section 2, "Parameters").

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use plumb_values::names::{is_identifier, link_name_problem};

use crate::cni::Version;
use crate::{Code, Error, Result};

/// What the runtime wants (`CNI_COMMAND`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Attach the pod.
    Add,
    /// Detach it.
    Del,
    /// Compare the attachment with the kernel.
    Check,
    /// Remove attachments that are not valid any more.
    Gc,
    /// Whether an ADD could succeed.
    Status,
    /// Which versions are spoken.
    Version,
}

impl Verb {
    const NAMES: [(&'static str, Self); 6] = [
        ("ADD", Self::Add),
        ("DEL", Self::Del),
        ("CHECK", Self::Check),
        ("GC", Self::Gc),
        ("STATUS", Self::Status),
        ("VERSION", Self::Version),
    ];

    /// Its name in `CNI_COMMAND`.
    pub fn as_str(self) -> &'static str {
        Self::NAMES
            .into_iter()
            .find_map(|(name, verb)| (verb == self).then_some(name))
            .unwrap_or_default()
    }

    /// The first version of the specification that has it.
    pub fn since(self) -> Version {
        match self {
            Self::Check => Version::V0_4_0,
            Self::Gc | Self::Status => Version::V1_1_0,
            _ => Version::V0_1_0,
        }
    }

    /// The variables without which it makes no sense. The specification lets DEL come
    /// without `CNI_NETNS`; everything else may be absent or, as libcni does it, empty.
    fn required(self) -> &'static [&'static str] {
        match self {
            Self::Add | Self::Check => &["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
            Self::Del => &["CNI_CONTAINERID", "CNI_IFNAME"],
            Self::Gc | Self::Status | Self::Version => &[],
        }
    }
}

/// The variables, checked. Empty and absent are the same.
#[derive(Debug, Clone)]
pub struct Environment {
    /// `CNI_COMMAND`
    pub verb: Verb,
    /// `CNI_CONTAINERID`; empty for verbs that need none.
    pub container_id: String,
    /// `CNI_NETNS`, unchanged: it goes into the result as `sandbox`.
    pub netns: Option<PathBuf>,
    /// `CNI_IFNAME`; empty for verbs that need none.
    pub interface_name: String,
    /// `CNI_ARGS`, not yet taken apart.
    pub arguments: String,
    /// `CNI_PATH`: where IPAM plugins are looked for.
    pub path: Vec<PathBuf>,
    /// `CNI_NETNS_OVERRIDE` allows a pod in the plugin's own namespace, as libcni's
    /// plugin frame does.
    pub allow_own_netns: bool,
    /// `NODE_NAME`: the node's name in Kubernetes, as DaemonSets pass it on by the downward API.
    pub node_name: Option<String>,
}

impl Environment {
    /// Reads the variables through `get`.
    pub fn read(get: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let value = |name: &str| get(name).filter(|value| !value.is_empty());
        let text = |name: &str| -> Result<String> {
            let bytes = value(name).map(OsString::into_vec).unwrap_or_default();
            String::from_utf8(bytes).map_err(|error| {
                let shown = String::from_utf8_lossy(error.as_bytes()).into_owned();
                invalid(format!("{name} {shown:?} is not UTF-8"))
            })
        };
        let command = text("CNI_COMMAND")?;
        let verb = Verb::NAMES
            .into_iter()
            .find_map(|(name, verb)| (name == command).then_some(verb))
            .ok_or_else(|| unknown_command(&command))?;
        let missing: Vec<_> = verb
            .required()
            .iter()
            .copied()
            .filter(|name| value(name).is_none())
            .collect();
        if !missing.is_empty() {
            return Err(invalid(format!(
                "{} needs the environment variables {}, which are missing or empty",
                verb.as_str(),
                missing.join(", ")
            )));
        }
        let needs_attachment = !verb.required().is_empty();
        let container_id = text("CNI_CONTAINERID")?;
        let interface_name = text("CNI_IFNAME")?;
        if needs_attachment {
            check_container_id(&container_id)?;
            check_interface_name(&interface_name)?;
        }
        Ok(Self {
            verb,
            container_id,
            netns: value("CNI_NETNS").map(PathBuf::from),
            interface_name,
            arguments: text("CNI_ARGS")?,
            path: value("CNI_PATH")
                .map(|path| std::env::split_paths(&path).collect())
                .unwrap_or_default(),
            allow_own_netns: value("CNI_NETNS_OVERRIDE")
                .is_some_and(|value| value == "1" || value == "true"),
            // It is nobody's duty to set it, so a wrong one stops nothing.
            node_name: value("NODE_NAME").and_then(|name| name.into_string().ok()),
        })
    }
}

fn invalid(message: String) -> Error {
    Error::new(Code::INVALID_ENVIRONMENT, message)
}

fn unknown_command(command: &str) -> Error {
    let verbs = "ADD, DEL, CHECK, GC, STATUS or VERSION";
    let said = match command {
        "" => "CNI_COMMAND is missing".to_owned(),
        _ => format!("CNI_COMMAND {command:?} is unknown"),
    };
    invalid(format!(
        "{said}: a runtime sets it to {verbs}; for people there is `plumb --help`"
    ))
}

fn check_container_id(id: &str) -> Result<()> {
    if is_identifier(id) {
        return Ok(());
    }
    Err(invalid(format!(
        "CNI_CONTAINERID {id:?} must begin with a letter or digit and hold only letters, \
         digits, '_', '.' and '-', 255 of them at most"
    )))
}

fn check_interface_name(name: &str) -> Result<()> {
    match link_name_problem(name) {
        None => Ok(()),
        Some(problem) => Err(invalid(format!(
            "CNI_IFNAME {name:?} {problem}: an interface name has 1 to 15 bytes without '/', ':', \
             '%' and white space"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Environment> {
        Environment::read(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn every_missing_variable_is_named() {
        let error = read(&[("CNI_COMMAND", "ADD"), ("CNI_NETNS", "")]).unwrap_err();
        assert_eq!(error.code, Code::INVALID_ENVIRONMENT);
        for name in ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"] {
            assert!(error.message.contains(name), "{error}");
        }
    }

    #[test]
    fn verbs_without_an_attachment_take_dummies() {
        for verb in ["GC", "STATUS", "VERSION"] {
            let variables = [
                ("CNI_COMMAND", verb),
                ("CNI_CONTAINERID", ""),
                ("CNI_IFNAME", "du/mmy"),
                ("CNI_NETNS", "dummy"),
            ];
            assert_eq!(read(&variables).unwrap().verb.as_str(), verb);
        }
    }
}
