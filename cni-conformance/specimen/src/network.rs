//! What the configuration says of the interface.

use nix::net::if_::if_nametoindex;
use serde_json::Value;

use crate::error::{CONFIGURATION, ENVIRONMENT, Error};
use crate::namespace::hexadecimal;
use crate::request::{Request, variable};
use crate::{defects, json};

/// Interface of the node that the pod's one is on.
pub fn master(configuration: &Value) -> Result<&str, Error> {
    let master = json::get(configuration, "master").as_str();
    master
        .filter(|name| !name.is_empty() && !name.contains(char::is_whitespace))
        .ok_or_else(|| Error::new(CONFIGURATION, "master names no interface of the node"))
}

/// Whether the node has the interface.
pub fn has_master(configuration: &Value) -> bool {
    master(configuration).is_ok_and(|name| if_nametoindex(name).is_ok())
}

/// The hardware address: of `runtimeConfig`, else of `CNI_ARGS`, else one that belongs to
/// the attachment.
pub fn hardware_address(request: &Request) -> Result<String, Error> {
    let arguments = variable("CNI_ARGS");
    let argument = arguments
        .split(';')
        .filter_map(|one| one.strip_prefix("MAC="))
        .next_back();
    let runtime = json::get(&request.configuration, "runtimeConfig");
    let asked = json::get(runtime, "mac").as_str();
    let (asked, code) = match (asked, argument) {
        (Some(_), Some(argument)) if defects::has("arguments-win") => (argument, ENVIRONMENT),
        (Some(asked), _) => (asked, CONFIGURATION),
        (None, Some(argument)) => (argument, ENVIRONMENT),
        (None, None) => return Ok(own(request)),
    };
    let bytes: Option<Vec<u8>> = asked
        .split(':')
        .map(|byte| u8::from_str_radix(byte, 16).ok())
        .collect();
    match bytes {
        Some(bytes) if bytes.len() == 6 => Ok(hexadecimal(&bytes)),
        _ => Err(Error::new(
            code,
            format!("{asked:?} is no hardware address"),
        )),
    }
}

/// A locally administered address made from network, container and interface (FNV-1a).
fn own(request: &Request) -> String {
    let text = format!(
        "{} {} {}",
        request.network, request.container, request.interface
    );
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let bytes = hash.to_be_bytes();
    hexadecimal(&[0x0a, bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]])
}
