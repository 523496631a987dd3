//! What a call means: the environment and the configuration together.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnetwork::IpNetwork;
use serde_json::Value;

use super::arguments::Arguments;
use super::previous::Previous;
use super::{Configuration, Environment};
use crate::attachment::{Attachment, PodIdentity};
use crate::{Code, Error, Result, mac};

/// Types of plugins that work on the interface of an earlier plugin of their chain.
const CHAINED_TYPES: [&str; 1] = ["rdma"];

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
    /// Records and leases live here.
    pub state_folder: PathBuf,
    /// Vendor components live here.
    pub component_folder: PathBuf,
    arguments: Arguments,
}

impl Request {
    /// Puts the parts together.
    pub fn new(environment: Environment, configuration: Configuration) -> Result<Self> {
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
                plugin: CHAINED_TYPES
                    .contains(&configuration.plugin_type.as_str())
                    .then(|| configuration.plugin_type.clone()),
            },
            pod,
            state_folder: configuration.state_folder()?,
            component_folder: configuration.component_folder()?,
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

    /// The IPAM's `type`: the name of an address policy or of an IPAM plugin.
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
            Some(Value::String(kind)) if !kind.is_empty() => Ok(Some(kind)),
            None | Some(Value::String(_)) => Err(Error::configuration(
                "\"ipam\" has no \"type\": use \"pool\" or the name of an ipam plugin, or leave \
                 \"ipam\" out",
            )),
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

    /// The hardware address asked for: `runtimeConfig.mac`, `args.cni.mac`, else `MAC`
    /// in `CNI_ARGS` (CONVENTIONS: what `runtimeConfig` says, `CNI_ARGS` does not).
    pub fn mac(&self) -> Result<Option<Vec<u8>>> {
        let configured = [
            ("runtimeConfig.mac", self.configuration.runtime("mac")),
            ("args.cni.mac", self.configuration.argument("mac")),
        ];
        for (name, value) in configured {
            match value {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) if text.is_empty() => {}
                Some(Value::String(text)) => {
                    return hardware_address(text, name, Code::INVALID_CONFIGURATION).map(Some);
                }
                Some(other) => {
                    return Err(Error::configuration(format!(
                        "{name} must be a string, not {other}"
                    )));
                }
            }
        }
        self.arguments
            .mac
            .as_deref()
            .map(|text| hardware_address(text, "MAC in CNI_ARGS", Code::INVALID_ENVIRONMENT))
            .transpose()
    }

    /// `runtimeConfig.infinibandGUID`, else `args.cni.guid`: eight bytes.
    pub fn infiniband_guid(&self) -> Result<Option<Vec<u8>>> {
        let value = self
            .configuration
            .runtime("infinibandguid")
            .or_else(|| self.configuration.argument("guid"));
        match value {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(value) => value
                .as_str()
                .and_then(mac::parse)
                .filter(|guid| guid.len() == 8)
                .map(Some)
                .ok_or_else(|| {
                    Error::configuration(format!(
                        "the InfiniBand GUID {value} must be eight bytes like 02:00:00:00:00:00:00:01"
                    ))
                }),
        }
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

    /// Where Multus wants to be told which device the pod got.
    pub fn device_info_file(&self) -> Result<Option<PathBuf>> {
        match self.configuration.runtime("cnideviceinfofile") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(path)) if path.is_empty() => Ok(None),
            Some(Value::String(path)) if std::path::Path::new(path).is_absolute() => {
                Ok(Some(PathBuf::from(path)))
            }
            Some(other) => Err(Error::configuration(format!(
                "runtimeConfig.CNIDeviceInfoFile must be an absolute path, not {other}"
            ))),
        }
    }

    /// The addresses asked for: `runtimeConfig.ips`, `args.cni.ips`, else `IP` in
    /// `CNI_ARGS`; each with or without a prefix.
    pub fn requested_addresses(&self) -> Result<Vec<IpAddr>> {
        let configured = [
            ("runtimeConfig.ips", self.configuration.runtime("ips")),
            ("args.cni.ips", self.configuration.argument("ips")),
        ];
        for (name, value) in configured {
            match value {
                None | Some(Value::Null) => {}
                Some(Value::Array(items)) if items.is_empty() => {}
                Some(Value::Array(items)) => {
                    return items
                        .iter()
                        .map(|item| match item.as_str() {
                            Some(text) => {
                                requested_address(text, name, Code::INVALID_CONFIGURATION)
                            }
                            None => Err(Error::configuration(format!(
                                "{name} must be a list of addresses, but contains {item}"
                            ))),
                        })
                        .collect();
                }
                Some(other) => {
                    return Err(Error::configuration(format!(
                        "{name} must be a list of addresses, not {other}"
                    )));
                }
            }
        }
        self.arguments
            .addresses
            .iter()
            .map(|text| requested_address(text, "IP in CNI_ARGS", Code::INVALID_ENVIRONMENT))
            .collect()
    }
}

fn hardware_address(text: &str, name: &str, code: Code) -> Result<Vec<u8>> {
    mac::parse(text)
        .filter(|mac| matches!(mac.len(), 6 | 20))
        .ok_or_else(|| {
            Error::new(
                code,
                format!("{name} {text:?} is not a hardware address like 02:00:5e:10:00:01"),
            )
        })
}

fn requested_address(text: &str, name: &str, code: Code) -> Result<IpAddr> {
    let network: std::result::Result<IpNetwork, _> = text.trim().parse();
    network.map(|network| network.ip()).map_err(|_| {
        Error::new(
            code,
            format!("{name} {text:?} is not an address like 10.1.0.5 or 10.1.0.5/24"),
        )
    })
}
