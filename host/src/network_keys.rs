//! What is decided about each key at the top level of a network: those of every network, those of each type, and those of the
//! replaced plugins that mean nothing here.
//!
//! The replaced plugins ignore a key that they do not know, and so does plumb: a pod must not wait for a spelling. But a
//! misspelt key is a wish that nobody fulfils, so each that is unknown is warned of, with the key that was probably meant.
//! Whose keys a vendor's flavour has only its component knows, so nothing is said of them.

use plumb_values::similar::did_you_mean;
use serde_json::{Map, Value};

use crate::cni::{Configuration, Request};
use crate::types::{COORDINATOR, FLAVOURS, IFACER, flavour_of};

/// Keys of every network, and of a list of networks: the specification's, plumb's own, and what runtimes, Multus and
/// device plugins add.
const OF_EVERY_NETWORK: &[&str] = &[
    "cniVersion",
    "cniVersions",
    "name",
    "type",
    "kind",
    "flavour",
    "args",
    "capabilities",
    "runtimeConfig",
    "prevResult",
    "ipam",
    "ipMasq",
    "dns",
    "deviceID",
    "pciBusID",
    "disableCheck",
    "disableGC",
    "rails",
    "gatewayCheck",
    "conflictCheck",
    "logLevel",
    "logFile",
    "stateFolder",
    "componentFolder",
];

/// The flavours and types with their own keys, as their READMEs have them.
const OF_FLAVOURS: &[(&str, &[&str])] = &[
    (
        "macvlan-shared",
        &[
            "master",
            "mode",
            "mtu",
            "mac",
            "bcqueuelen",
            "linkInContainer",
            "requireRDMA",
        ],
    ),
    (
        "sriov-rdma",
        &[
            "vlan",
            "vlanQoS",
            "vlanProto",
            "mac",
            "spoofchk",
            "trust",
            "link_state",
            "min_tx_rate",
            "max_tx_rate",
            "mtu",
            "rdmaIsolation",
            "allowSharedRDMA",
            "rdmaDeviceName",
        ],
    ),
    (
        "ib-sriov",
        &[
            "guid",
            "pkey",
            "link_state",
            "mtu",
            "rdmaIsolation",
            "allowSharedRDMA",
            "rdmaDeviceName",
            "ibKubernetesEnabled",
            "vfioPciMode",
        ],
    ),
    ("ipoib", &["master", "pkey", "mode", "umcast", "mtu"]),
    (
        COORDINATOR,
        &[
            "mode",
            "podDefaultCniNic",
            "tunePodRoutes",
            "podDefaultRouteNic",
            "podRPFilter",
            "txQueueLen",
            "podMACPrefix",
            "policyRoutes",
            "vethMTU",
            "vethLinkAddress",
            "hostRuleTable",
            "overlayPodCIDR",
            "serviceCIDR",
            "hijackCIDR",
        ],
    ),
    (IFACER, &["interfaces", "vlanID", "bond", "keep"]),
];

/// Keys that say how another plugin works, and nothing of what a pod gets: the logs of Spiderpool's plugins.
const OF_NO_USE: &[&str] = &["logOptions"];

/// A warning for each key that nobody knows.
pub fn unknown(request: &Request) -> Vec<String> {
    let configuration = &request.configuration;
    let flavour = flavour_of(configuration);
    let own = OF_FLAVOURS
        .iter()
        .find(|(name, _)| Some(*name) == flavour)
        .map(|(_, keys)| *keys);
    let Some(own) = own else {
        return Vec::new();
    };
    let known = || OF_EVERY_NETWORK.iter().chain(own).copied();
    let is_known = |key: &str| {
        known()
            .chain(OF_NO_USE.iter().copied())
            .any(|known| known.eq_ignore_ascii_case(key))
            // The runtime's own (CNI specification, section 3: reserved).
            || key.starts_with("cni.dev/")
    };
    let kind = &configuration.plugin_type;
    let keys = configuration.lower.keys();
    keys.filter(|key| !is_known(key))
        .map(|key| {
            let written = as_written(configuration, key);
            let hint = match did_you_mean(&written, known()) {
                Some(question) => format!(": {question}"),
                None => whose(key),
            };
            format!("{written:?} is no key of type {kind:?} and is ignored{hint}")
        })
        .collect()
}

/// Of which types it is a key, in words; empty where it is of none.
fn whose(key: &str) -> String {
    let has_it = |flavour: &str| {
        let mut flavours = OF_FLAVOURS.iter().filter(|(name, _)| *name == flavour);
        flavours.any(|(_, keys)| keys.iter().any(|known| known.eq_ignore_ascii_case(key)))
    };
    let types = FLAVOURS
        .iter()
        .chain(&[(COORDINATOR, COORDINATOR), (IFACER, IFACER)]);
    let types: Vec<_> = types
        .filter(|(kind, flavour)| *kind != "rdma" && has_it(flavour))
        .map(|(kind, _)| *kind)
        .collect();
    match types.as_slice() {
        [] => String::new(),
        types => format!(": it is one of {}", types.join(", ")),
    }
}

/// A key in the letters of the network's author: what plumb reads is in lower case.
fn as_written(configuration: &Configuration, key: &str) -> String {
    let original = serde_json::from_slice::<Map<String, Value>>(&configuration.text);
    let written = original.ok().and_then(|original| {
        let mut keys = original.keys();
        keys.find(|written| written.eq_ignore_ascii_case(key))
            .cloned()
    });
    written.unwrap_or_else(|| key.to_owned())
}

#[cfg(test)]
mod tests;
