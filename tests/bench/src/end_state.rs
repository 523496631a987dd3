//! What a pod must look like after a call, read with iproute2 rather than with any
//! code of the candidates. Never part of a measurement.

use serde_json::Value;

use crate::candidates::INTERFACE;
use crate::error::Error;
use crate::node::{Node, Pod};

/// What is reported of an attached pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// Addresses of the interface as `address/prefix`, link-local ones left out, sorted.
    pub addresses: Vec<String>,
}

/// Reads the interface of a pod and checks that it can be used: a macvlan, up, with
/// one address of each family and a default route by each gateway.
///
/// Errors: a sentence that names what is missing.
pub fn attached(node: &Node, pod: &Pod, gateways: &[&str]) -> Result<Attached, Error> {
    let links = json(
        node,
        &[
            "-n", &pod.name, "-d", "-j", "address", "show", "dev", INTERFACE,
        ],
    )?;
    let link = &links[0];
    let fail = |what: String| {
        Err(Error::Form {
            what,
            text: links.to_string(),
        })
    };
    if link["linkinfo"]["info_kind"] != "macvlan" {
        return fail(format!(
            "{INTERFACE} in pod {}, which should be a macvlan,",
            pod.name
        ));
    }
    let up = link["flags"]
        .as_array()
        .is_some_and(|flags| flags.iter().any(|flag| flag == "UP"));
    if !up {
        return fail(format!(
            "{INTERFACE} in pod {}, which should be up,",
            pod.name
        ));
    }
    let mut addresses: Vec<String> = link["addr_info"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|address| address["scope"] == "global")
        .map(|address| format!("{}/{}", text(&address["local"]), address["prefixlen"]))
        .collect();
    addresses.sort();
    if addresses.len() != gateways.len() {
        let count = gateways.len();
        return fail(format!(
            "{INTERFACE} in pod {}, with {count} addresses,",
            pod.name
        ));
    }
    for gateway in gateways {
        let family = if gateway.contains(':') { "-6" } else { "-4" };
        let routes = json(
            node,
            &["-n", &pod.name, "-j", family, "route", "show", "default"],
        )?;
        if routes[0]["gateway"] != *gateway || routes[0]["dev"] != INTERFACE {
            return Err(Error::Form {
                what: format!("default route of pod {} by {gateway}", pod.name),
                text: routes.to_string(),
            });
        }
    }
    Ok(Attached { addresses })
}

/// Checks that a pod has no interface left but the loopback.
pub fn detached(node: &Node, pod: &Pod) -> Result<(), Error> {
    let links = json(node, &["-n", &pod.name, "-j", "link", "show"])?;
    let only_loopback = links
        .as_array()
        .is_some_and(|links| links.iter().all(|link| link["ifname"] == "lo"));
    if only_loopback {
        return Ok(());
    }
    Err(Error::Form {
        what: format!(
            "list of links of pod {}, which should be empty after DEL,",
            pod.name
        ),
        text: links.to_string(),
    })
}

fn json(node: &Node, arguments: &[&str]) -> Result<Value, Error> {
    let output = node.ip(arguments)?;
    serde_json::from_slice(&output).map_err(|_| Error::Form {
        what: format!("JSON of ip {}", arguments.join(" ")),
        text: String::from_utf8_lossy(&output).into_owned(),
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
