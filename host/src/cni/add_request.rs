//! What an ADD asks for, typed once: whatever is wrong in it is found before a component runs
//! or anything is touched.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ipnetwork::IpNetwork;
use serde_json::Value;

use super::coordinator::Coordinator;
use super::from_master::FromMaster;
use super::gateway_check::GatewayCheck;
use super::ifacer::Ifacer;
use super::master::Master;
use super::previous::Previous;
use super::rails::Rails;
use super::{Configuration, Request};
use crate::pod_choice::Known;
use crate::types::{CHAINED_KEY, COORDINATOR, IFACER, OWN_TYPE};
use crate::{Code, Error, Result, octets};

/// A request of ADD. STATUS, which asks whether an ADD could succeed, has the same.
#[derive(Debug, Clone)]
pub struct AddRequest {
    /// The call itself: environment, configuration, attachment.
    pub call: Request,
    /// The hardware address asked for.
    pub mac: Option<Vec<u8>>,
    /// The InfiniBand GUID asked for: eight bytes.
    pub infiniband_guid: Option<Vec<u8>>,
    /// The parent, as the network names it; none where it leaves that out, or its flavour has none.
    pub master: Option<Master>,
    /// The device that the device plugin allotted; not always a PCI address.
    pub device_id: Option<String>,
    /// The addresses asked for.
    pub requested_addresses: Vec<IpAddr>,
    /// Where Multus wants the information about the device.
    pub device_info_file: Option<PathBuf>,
    /// `type` of `ipam`: the name of an address policy or of an IPAM plugin.
    pub ipam_type: Option<String>,
    /// The pools that it gets by its parent's own addresses.
    pub from_master: Option<FromMaster>,
    /// How the interface is kept apart from the pod's others, if it is to be.
    pub rails: Option<Rails>,
    /// What a network of type `coordinator` asks for.
    pub coordinator: Option<Coordinator>,
    /// What a network of type `ifacer` asks for.
    pub ifacer: Option<Ifacer>,
    /// Whether its gateways must answer.
    pub gateway_check: GatewayCheck,
    /// Whether somebody else may have its addresses already, and is looked for.
    pub conflict_check: bool,
    /// The result of the plugin before in the chain.
    pub previous: Option<Previous>,
    /// Whether its flavour works on interfaces of earlier plugins.
    pub is_chained: bool,
    /// What the pod asks for beside its network.
    pub pod_choice: Known,
}

impl AddRequest {
    /// Understands all that a call asks for.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_CONFIGURATION`] or [`Code::INVALID_ENVIRONMENT`] with the first value
    /// that is wrong.
    pub fn of(call: Request) -> Result<Self> {
        call.configuration.check_dns()?;
        let rails = Rails::of(&call.configuration)?;
        let is_coordinator = call.configuration.plugin_type == COORDINATOR;
        let coordinator = is_coordinator.then(|| Coordinator::of(&call.configuration));
        let is_ifacer = call.configuration.plugin_type == IFACER;
        let ifacer = is_ifacer.then(|| Ifacer::of(&call.configuration));
        Ok(Self {
            mac: mac(&call)?,
            infiniband_guid: infiniband_guid(&call)?,
            master: Master::of(&call.configuration)?,
            from_master: FromMaster::of(&call.configuration)?,
            device_id: call.device_id()?,
            requested_addresses: requested_addresses(&call)?,
            device_info_file: device_info_file(&call)?,
            ipam_type: call.ipam_type()?.map(str::to_owned),
            gateway_check: GatewayCheck::of(&call.configuration, rails.is_some())?,
            conflict_check: call.configuration.flag("conflictCheck")?,
            rails,
            coordinator: coordinator.transpose()?,
            ifacer: ifacer.transpose()?,
            previous: call.previous()?,
            is_chained: is_chained(&call.configuration)?,
            pod_choice: Known::NotAsked,
            call,
        })
    }
}

/// Whether its flavour works on interfaces of earlier plugins, which have their own addresses and routes.
fn is_chained(configuration: &Configuration) -> Result<bool> {
    if !configuration.flag(CHAINED_KEY)? {
        return Ok(false);
    }
    if configuration.plugin_type != OWN_TYPE {
        return Err(Error::configuration(format!(
            "{CHAINED_KEY:?} is for networks of type {OWN_TYPE:?} with a \"flavour\" that works on the interface of an \
             earlier plugin, and this one is of type {:?}: leave it out",
            configuration.plugin_type
        )));
    }
    for key in ["ipam", "rails"] {
        if configuration
            .lower
            .get(key)
            .is_some_and(|value| !value.is_null())
        {
            return Err(Error::configuration(format!(
                "a network with {CHAINED_KEY:?} true works on the interface of an earlier plugin, which has its own \
                 addresses and routes: {key:?} belongs to that plugin"
            )));
        }
    }
    Ok(true)
}

/// The hardware address asked for: `runtimeConfig.mac`, `args.cni.mac`, else `MAC`
/// in `CNI_ARGS` (CONVENTIONS: what `runtimeConfig` says, `CNI_ARGS` does not).
fn mac(request: &Request) -> Result<Option<Vec<u8>>> {
    let configured = [
        ("runtimeConfig.mac", request.configuration.runtime("mac")),
        ("args.cni.mac", request.configuration.argument("mac")),
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
    request
        .arguments
        .mac
        .as_deref()
        .map(|text| hardware_address(text, "MAC in CNI_ARGS", Code::INVALID_ENVIRONMENT))
        .transpose()
}

/// `runtimeConfig.infinibandGUID`, else `args.cni.guid`: eight bytes.
fn infiniband_guid(request: &Request) -> Result<Option<Vec<u8>>> {
    let value = request
        .configuration
        .runtime("infinibandguid")
        .or_else(|| request.configuration.argument("guid"));
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(value) => value
            .as_str()
            .and_then(octets::parse)
            .filter(|guid| guid.len() == 8)
            .map(Some)
            .ok_or_else(|| {
                Error::configuration(format!(
                    "the InfiniBand GUID {value} must be eight bytes like 02:00:00:00:00:00:00:01"
                ))
            }),
    }
}

/// Where Multus wants the information about the device that the pod got.
fn device_info_file(request: &Request) -> Result<Option<PathBuf>> {
    match request.configuration.runtime("cnideviceinfofile") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(path)) if path.is_empty() => Ok(None),
        Some(Value::String(path)) if Path::new(path).is_absolute() => {
            request.policy.check_device_info(Path::new(path)).map(Some)
        }
        Some(other) => Err(Error::configuration(format!(
            "runtimeConfig.CNIDeviceInfoFile must be an absolute path, not {other}"
        ))),
    }
}

/// The addresses asked for: `runtimeConfig.ips`, `args.cni.ips`, else `IP` in
/// `CNI_ARGS`; each with or without a prefix.
fn requested_addresses(request: &Request) -> Result<Vec<IpAddr>> {
    let configured = [
        ("runtimeConfig.ips", request.configuration.runtime("ips")),
        ("args.cni.ips", request.configuration.argument("ips")),
    ];
    for (name, value) in configured {
        match value {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) if items.is_empty() => {}
            Some(Value::Array(items)) => {
                return items
                    .iter()
                    .map(|item| match item.as_str() {
                        Some(text) => requested_address(text, name, Code::INVALID_CONFIGURATION),
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
    request
        .arguments
        .addresses
        .iter()
        .map(|text| requested_address(text, "IP in CNI_ARGS", Code::INVALID_ENVIRONMENT))
        .collect()
}

fn hardware_address(text: &str, name: &str, code: Code) -> Result<Vec<u8>> {
    octets::parse(text)
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
