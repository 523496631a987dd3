//! What a call means: the environment and the configuration together.

use serde_json::Value;

use super::arguments::Arguments;
use super::folders::folders_of;
use super::previous::Previous;
use super::{Configuration, Environment};
use crate::attachment::{Attachment, PodIdentity};
use crate::policy::{Folders, Policy};
use crate::{Error, Result, types};

/// A call of a runtime.
#[derive(Debug, Clone)]
pub struct Request {
    /// The variables.
    pub environment: Environment,
    /// Standard input.
    pub configuration: Configuration,
    /// What it is about; for GC and STATUS only the network is set.
    pub attachment: Attachment,
    /// The pod.
    pub pod: Option<PodIdentity>,
    /// What the node's administrator allows.
    pub policy: Policy,
    /// Where plumb keeps things.
    pub folders: Folders,
    /// Folders that the network names and that are not used, with their keys.
    pub unused_folders: Vec<String>,
    /// `CNI_ARGS`, understood.
    pub arguments: Arguments,
}

impl Request {
    /// Puts the parts together.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_CONFIGURATION`](crate::Code::INVALID_CONFIGURATION) for a folder that a network may not name.
    pub fn new(
        environment: Environment,
        configuration: Configuration,
        policy: Policy,
    ) -> Result<Self> {
        let (folders, unused_folders) = folders_of(&policy, environment.verb, &configuration)?;
        let arguments = Arguments::parse(&environment.arguments);
        let pod = (!arguments.pod_name.is_empty()).then(|| PodIdentity {
            namespace: arguments.pod_namespace.clone(),
            name: arguments.pod_name.clone(),
            uid: arguments.pod_uid.clone(),
        });
        Ok(Self {
            attachment: Attachment {
                network: configuration.network.clone(),
                container_id: environment.container_id.clone(),
                interface_name: environment.interface_name.clone(),
                plugin: types::chained(&configuration).map(str::to_owned),
            },
            pod,
            policy,
            folders,
            unused_folders,
            environment,
            configuration,
            arguments,
        })
    }

    /// One line about the call, for the trace.
    pub fn describe(&self) -> String {
        let pod = match &self.pod {
            Some(pod) => format!(", pod {pod}"),
            None => String::new(),
        };
        let netns = match &self.environment.netns {
            Some(netns) => format!(" in {}", netns.display()),
            None => String::new(),
        };
        format!(
            "{} of type {}, cniVersion {}{netns}{pod}",
            self.environment.verb.as_str(),
            self.configuration.plugin_type,
            self.configuration.version
        )
    }

    /// The IPAM's `type`: the name of an address policy or of an IPAM plugin; none where there is no IPAM, see
    /// [`Configuration::ipam`].
    pub fn ipam_type(&self) -> Result<Option<&str>> {
        let ipam = self.configuration.lower.get("ipam");
        if let Some(other) = ipam.filter(|ipam| !ipam.is_object()) {
            return Err(Error::configuration(format!(
                "\"ipam\" must be an object with a \"type\", not {other}"
            )));
        }
        let Some(ipam) = self.configuration.ipam() else {
            return Ok(None);
        };
        match ipam.get("type") {
            None => Ok(None),
            Some(Value::String(kind)) => Ok(Some(kind)),
            Some(other) => Err(Error::configuration(format!(
                "\"type\" of \"ipam\" must be a string, not {other}"
            ))),
        }
    }

    /// The previous result, understood.
    pub fn previous(&self) -> Result<Option<Previous>> {
        self.configuration
            .previous_result
            .as_ref()
            .map(|result| Previous::parse(result, "prevResult"))
            .transpose()
    }

    /// The device that the device plugin allotted.
    pub fn device_id(&self) -> Result<Option<String>> {
        let runtime = self
            .configuration
            .runtime("deviceid")
            .and_then(Value::as_str);
        let device = match runtime.filter(|device| !device.is_empty()) {
            Some(device) => Some(device),
            None => self.configuration.string("deviceid")?,
        };
        Ok(device.map(str::to_owned))
    }
}
