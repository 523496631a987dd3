//! What is decided about each key of an `ipam` whose addresses come from pools: those of the IPAM plugins that the policy
//! `pool` stands in for, and any other.
//!
//! A key that decides which addresses or routes a pod gets is honoured, or refused by its name: a pool that ignored it
//! would give others. A key that only says how its plugin works is of no use here and harmless. Of a key that nobody
//! knows it cannot be said which it is, so it is ignored with a warning; one that is a slip away from a key that is
//! honoured is that key, misspelt, and refused.
//!
//! This is the host's, because it would be a third of the policy, which is loaded for every pod.

use plumb_values::similar::did_you_mean;
use serde_json::{Map, Value};

use crate::cni::Request;
use crate::types::POOL_TYPES;
use crate::{Code, Error, Result};

/// Keys that are honoured, by the policy or by the host, as they are written.
const HONOURED: &[&str] = &[
    "type",
    "pools",
    "poolFolder",
    "fromMaster",
    "default_ipv4_ippool",
    "default_ipv6_ippool",
    "clean_gateway",
    "match_master_subnet",
    "enable_ipv4",
    "enable_ipv6",
    "sticky",
    "defaultIPv4IPPool",
    "defaultIPv6IPPool",
    "cleanGateway",
    "matchMasterSubnet",
    "enableIPv4",
    "enableIPv6",
];

/// Keys that say how another plugin works, in lower case: logs, sockets, databases, locks, times.
const OF_NO_USE: &[&str] = &[
    // Spiderpool
    "log_level",
    "log_file_path",
    "log_file_max_size",
    "log_file_max_age",
    "log_file_max_count",
    "ipam_unix_socket_path",
    // host-local
    "datadir",
    // whereabouts
    "log_file",
    "datastore",
    "etcd_host",
    "etcd_username",
    "etcd_password",
    "etcd_key_file",
    "etcd_cert_file",
    "etcd_ca_cert_file",
    "kubernetes",
    "configuration_path",
    "reconciler_cron_expression",
    "sleep_for_race",
    "leader_lease_duration",
    "leader_renew_deadline",
    "leader_retry_period",
    // dhcp
    "daemonsocketpath",
];

/// Keys of other plugins that decide what a pod gets, in lower case, with whose they are and what serves instead.
const OF_OTHERS: &[(&str, &str, &str)] = &[
    ("subnet", "host-local", POOLS),
    ("rangestart", "host-local", POOLS),
    ("rangeend", "host-local", POOLS),
    ("ranges", "host-local", POOLS),
    (
        "gateway",
        "host-local and whereabouts",
        "write `gateway` into the pool",
    ),
    (
        "routes",
        "host-local and static",
        "write `routes` into the pool",
    ),
    ("resolvconf", "host-local", DNS),
    ("range", "whereabouts", POOLS),
    ("range_start", "whereabouts", POOLS),
    ("range_end", "whereabouts", POOLS),
    ("ipranges", "whereabouts", POOLS),
    ("exclude", "whereabouts", "write `excludeIPs` into the pool"),
    (
        "network_name",
        "whereabouts",
        "declare separate wires in the node's policy",
    ),
    (
        "enable_overlapping_ranges",
        "whereabouts",
        "declare separate wires in the node's policy",
    ),
    (
        "node_slice_size",
        "whereabouts",
        "give each node pools of its own",
    ),
    (
        "addresses",
        "static",
        "let the pod ask for its addresses by `runtimeConfig.ips`, or write pools of one address",
    ),
    ("dns", "static", DNS),
    ("request", "dhcp", DHCP),
    ("provide", "dhcp", DHCP),
    ("skipdefault", "dhcp", DHCP),
    ("priority", "dhcp", DHCP),
];

const POOLS: &str = "write the addresses as `pools`, like [{\"subnet\": \"172.16.0.0/16\", \"ips\": [\"172.16.0.10-172.16.0.20\"]}]";
const DNS: &str = "write `dns` into the network's configuration, beside `ipam`";
const DHCP: &str = "use the type dhcp";

/// Refuses a key that would be missed.
///
/// # Errors
///
/// [`Code::UNSUPPORTED_FIELD`] for a key of another plugin, with what serves instead; [`Code::INVALID_CONFIGURATION`] for one
/// that is nearly a key that is honoured.
pub fn check(request: &Request) -> Result<()> {
    for (key, value) in unknown(request) {
        if let Some((_, whose, instead)) = OF_OTHERS.iter().find(|(known, ..)| known == key) {
            return Err(Error::new(
                Code::UNSUPPORTED_FIELD,
                format!(
                    "cannot honour \"ipam.{key}\" with the value {value}: it is a key of {whose}, and a pool that ignored it \
                     would give other addresses or routes than meant; {instead}, or use that plugin as \"type\""
                ),
            ));
        }
        if let Some(question) = did_you_mean(key, HONOURED.iter().copied()) {
            return Err(Error::configuration(format!(
                "\"ipam\" has {key:?}, which is no key of it: {question}"
            )));
        }
    }
    Ok(())
}

/// The keys that mean nothing here, for a warning.
pub fn meaningless(request: &Request) -> Vec<&str> {
    unknown(request).map(|(key, _)| key.as_str()).collect()
}

/// The keys of an `ipam` with pools that are neither honoured nor of no use.
fn unknown(request: &Request) -> impl Iterator<Item = (&String, &Value)> {
    let has_pools = |ipam: &&Map<String, Value>| {
        let kind = ipam.get("type").and_then(Value::as_str);
        kind.is_some_and(|kind| POOL_TYPES.contains(&kind))
    };
    let ipam = request.configuration.ipam().filter(has_pools);
    let is_honoured = |key: &str| HONOURED.iter().any(|known| known.eq_ignore_ascii_case(key));
    ipam.into_iter()
        .flatten()
        .filter(move |(key, _)| !is_honoured(key) && !OF_NO_USE.contains(&key.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cni::{Configuration, Environment, Verb};
    use crate::policy::Policy;

    fn request(kind: &str, key: &str, value: &Value) -> Request {
        let variable = |name: &str| (name == "CNI_COMMAND").then(|| "STATUS".into());
        let mut text =
            json!({"cniVersion": "1.1.0", "name": "a", "type": "macvlan", "ipam": {"type": kind}});
        text["ipam"][key] = value.clone();
        let configuration =
            Configuration::parse(Verb::Status, text.to_string().into_bytes()).unwrap();
        Request::new(
            Environment::read(variable).unwrap(),
            configuration,
            Policy::default(),
        )
        .unwrap()
    }

    #[test]
    fn what_says_how_another_plugin_works_is_passed_over() {
        for (key, value) in [
            ("log_level", json!("debug")),
            ("log_file_path", json!("/var/log/spidernet/spiderpool.log")),
            ("log_file_max_size", json!(100)),
            ("log_file_max_age", json!(30)),
            ("log_file_max_count", json!(10)),
            (
                "ipam_unix_socket_path",
                json!("/var/run/spidernet/spiderpool.sock"),
            ),
            ("match_master_subnet", json!(false)),
            ("matchMasterSubnet", json!(false)),
            ("clean_gateway", json!(true)),
            ("Default_IPv4_IPPool", json!(["a"])),
            ("dataDir", json!("/x")),
            ("kubernetes", json!({})),
        ] {
            let request = request("spiderpool", key, &value);
            check(&request).expect(key);
            assert!(meaningless(&request).is_empty(), "{key}");
        }
    }

    #[test]
    fn what_decides_the_addresses_of_another_plugin_is_refused() {
        for (key, value, whose, instead) in [
            ("subnet", json!("10.9.0.0/24"), "host-local", "`pools`"),
            ("ranges", json!([]), "host-local", "`pools`"),
            ("rangeStart", json!("10.9.0.5"), "host-local", "`pools`"),
            ("routes", json!([]), "static", "`routes` into the pool"),
            ("range", json!("10.9.0.0/24"), "whereabouts", "`pools`"),
            ("exclude", json!([]), "whereabouts", "`excludeIPs`"),
            ("addresses", json!([]), "static", "runtimeConfig.ips"),
            ("dns", json!({}), "static", "beside `ipam`"),
        ] {
            let error = check(&request("pool", key, &value)).expect_err(key);
            assert_eq!(error.code, Code::UNSUPPORTED_FIELD, "{key}");
            let key = key.to_lowercase();
            for part in [key.as_str(), &value.to_string(), whose, instead] {
                assert!(error.message.contains(part), "{}", error.message);
            }
            // It is that plugin's own.
            check(&request("host-local", &key, &value)).unwrap();
        }
    }

    #[test]
    fn a_key_that_is_nearly_another_one_is_refused_and_others_are_told() {
        for (key, meant) in [
            ("default_ipv4_ipool", "default_ipv4_ippool"),
            ("pool", "pools"),
            ("clean_gatway", "clean_gateway"),
            ("stiky", "sticky"),
        ] {
            let error = check(&request("pool", key, &json!(true))).expect_err(key);
            assert_eq!(error.code, Code::INVALID_CONFIGURATION, "{key}");
            let question = format!("did you mean {meant:?}");
            assert!(error.message.contains(&question), "{}", error.message);
        }
        let weather = request("pool", "weather", &json!("fine"));
        check(&weather).unwrap();
        assert_eq!(meaningless(&weather), ["weather"]);
    }
}
