//! The key `rails` of a network configuration, typed.

use ipnetwork::IpNetwork;
use plumb_values::similar::question;
use serde_json::{Map, Value};

use super::Configuration;
use crate::kernel::route::{LOCAL_TABLE, MAIN_TABLE};
use crate::{Error, Result};

/// The keys, as they are documented.
const KEYS: &[&str] = &[
    "table",
    "disposition",
    "metric",
    "rdmaRoutes",
    "rpFilter",
    "primary",
];

/// The words of `disposition`.
const DISPOSITIONS: &[&str] = &["move", "copy", "keep"];

/// The metric of routes that are kept in the main table: behind all that kernel and runtimes give.
const METRIC: u32 = 4096;

/// `RT_TABLE_DEFAULT` (linux/rtnetlink.h)
const DEFAULT_TABLE: u32 = 253;

/// What becomes of the routes that lead by a rail's gateway, its default route and those that the IPAM gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Disposition {
    /// They are in the rail's table alone.
    #[default]
    Move,
    /// They are in the rail's table and, in front of others, in the main one.
    Copy,
    /// They are in the rail's table and, with this metric, in the main one.
    Keep(u32),
}

/// What a network asks for: `"rails": {}` is enough.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rails {
    /// The table; none: by the number in the interface's name.
    pub table: Option<u32>,
    /// What becomes of the routes by the gateway.
    pub disposition: Disposition,
    /// Networks that the whole pod reaches by this rail, unless another one has them.
    pub rdma_routes: Vec<IpNetwork>,
    /// `rp_filter`
    pub reverse_path_filter: Option<u8>,
    /// The interface whose answers are kept on its way; none: that of the default route.
    pub primary: Option<String>,
}

impl Rails {
    /// Understands the key; none where it is absent, `null` or `false`.
    ///
    /// # Errors
    ///
    /// [`crate::Code::INVALID_CONFIGURATION`] with the first value that is wrong.
    pub fn of(configuration: &Configuration) -> Result<Option<Self>> {
        let empty = Map::new();
        let keys = match configuration.lower.get("rails") {
            None | Some(Value::Null | Value::Bool(false)) => return Ok(None),
            Some(Value::Bool(true)) => &empty,
            Some(Value::Object(keys)) => keys,
            Some(other) => return Err(wrong("", "an object, true or false", other)),
        };
        let is_known = |key: &str| KEYS.iter().any(|known| known.eq_ignore_ascii_case(key));
        if let Some(unknown) = keys.keys().find(|key| !is_known(key)) {
            return Err(Error::configuration(format!(
                "\"rails\" has a key {unknown:?} that plumb does not know: {}it knows {}",
                question(unknown, KEYS.iter().copied()),
                KEYS.join(", ")
            )));
        }
        let get = |key: &str| keys.get(key).filter(|value| !value.is_null());
        Ok(Some(Self {
            table: get("table").map(table).transpose()?,
            disposition: disposition(get("disposition"), get("metric"))?,
            rdma_routes: get("rdmaroutes")
                .map(networks)
                .transpose()?
                .unwrap_or_default(),
            reverse_path_filter: get("rpfilter").map(reverse_path_filter).transpose()?,
            primary: get("primary").map(interface).transpose()?,
        }))
    }
}

fn table(value: &Value) -> Result<u32> {
    match value.as_u64().and_then(|table| u32::try_from(table).ok()) {
        Some(table) if !matches!(table, 0 | DEFAULT_TABLE | MAIN_TABLE | LOCAL_TABLE) => Ok(table),
        _ => Err(wrong(
            "table",
            "the number of a routing table of the rail's own, which 0 and 253 to 255 cannot be",
            value,
        )),
    }
}

fn disposition(word: Option<&Value>, metric: Option<&Value>) -> Result<Disposition> {
    let disposition = match word.map(|word| word.as_str()) {
        None | Some(Some("move")) => Disposition::Move,
        Some(Some("copy")) => Disposition::Copy,
        Some(Some("keep")) => Disposition::Keep(METRIC),
        Some(Some(other)) => {
            return Err(Error::configuration(format!(
                "\"disposition\" of \"rails\" is {other:?}: {}it is one of {}",
                question(other, DISPOSITIONS.iter().copied()),
                DISPOSITIONS.join(", ")
            )));
        }
        Some(None) => {
            let value = word.unwrap_or(&Value::Null);
            return Err(wrong("disposition", &DISPOSITIONS.join(", "), value));
        }
    };
    match (disposition, metric) {
        (_, None) => Ok(disposition),
        (Disposition::Keep(_), Some(metric)) => {
            let number = metric
                .as_u64()
                .and_then(|metric| u32::try_from(metric).ok());
            let number = number.filter(|metric| *metric > 0);
            number
                .map(Disposition::Keep)
                .ok_or_else(|| wrong("metric", "a number above 0", metric))
        }
        (_, Some(metric)) => Err(Error::configuration(format!(
            "\"metric\" of \"rails\" is {metric}, which says something only with \"disposition\": \"keep\""
        ))),
    }
}

fn networks(value: &Value) -> Result<Vec<IpNetwork>> {
    let wanted = "a list of networks like \"172.16.0.0/16\"";
    let items = value
        .as_array()
        .ok_or_else(|| wrong("rdmaRoutes", wanted, value))?;
    let network = |item: &Value| {
        let network: Option<IpNetwork> = item.as_str().and_then(|text| text.trim().parse().ok());
        let network = network.ok_or_else(|| wrong("rdmaRoutes", wanted, item))?;
        if network.network() == network.ip() {
            return Ok(network);
        }
        Err(Error::configuration(format!(
            "\"rdmaRoutes\" of \"rails\" has {network}, which is an address within a network: did you mean {}/{} or {}/{}?",
            network.network(),
            network.prefix(),
            network.ip(),
            if network.is_ipv4() { 32 } else { 128 }
        )))
    };
    items.iter().map(network).collect()
}

fn reverse_path_filter(value: &Value) -> Result<u8> {
    match value.as_u64() {
        Some(mode @ 0..=2) => Ok(mode as u8),
        _ => Err(wrong("rpFilter", "0, 1 or 2", value)),
    }
}

fn interface(value: &Value) -> Result<String> {
    let name = value
        .as_str()
        .ok_or_else(|| wrong("primary", "the name of an interface", value))?;
    plumb_values::names::check_link_name(name)
        .map_err(|problem| Error::configuration(format!("\"primary\" of \"rails\": {problem}")))?;
    Ok(name.to_owned())
}

fn wrong(key: &str, wanted: &str, value: &Value) -> Error {
    let place = match key {
        "" => "\"rails\"".to_owned(),
        key => format!("{key:?} of \"rails\""),
    };
    Error::configuration(format!("{place} must be {wanted}, not {value}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cni::Verb;

    fn rails(value: Value) -> Result<Option<Rails>> {
        let network =
            json!({"cniVersion": "1.1.0", "name": "n", "type": "macvlan", "rails": value});
        let text = network.to_string().into_bytes();
        Rails::of(&Configuration::parse(Verb::Add, text).unwrap())
    }

    #[test]
    fn an_empty_object_is_all_that_a_rail_needs() {
        let rails = rails(json!({})).unwrap().unwrap();
        assert_eq!(rails.table, None);
        assert_eq!(rails.disposition, Disposition::Move);
        assert!(rails.rdma_routes.is_empty());
    }

    #[test]
    fn it_can_be_switched_on_and_off() {
        assert!(rails(json!(true)).unwrap().is_some());
        assert!(rails(json!(false)).unwrap().is_none());
        assert!(rails(json!(null)).unwrap().is_none());
    }

    #[test]
    fn every_key_is_understood_in_any_case() {
        let rails = rails(json!({
            "Table": 300, "disposition": "keep", "metric": 7,
            "rdmaroutes": ["172.16.0.0/16", "fd00::/48"], "RPFilter": 2, "primary": "eth0",
        }));
        let rails = rails.unwrap().unwrap();
        assert_eq!(rails.table, Some(300));
        assert_eq!(rails.disposition, Disposition::Keep(7));
        assert_eq!(rails.rdma_routes.len(), 2);
        assert_eq!(rails.reverse_path_filter, Some(2));
        assert_eq!(rails.primary.as_deref(), Some("eth0"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (value, expected) in [
            (json!({"tables": 1}), "did you mean \"table\"?"),
            (json!({"table": 254}), "253 to 255 cannot be, not 254"),
            (json!({"table": "100"}), "not \"100\""),
            (json!({"table": -1}), "not -1"),
            (json!({"disposition": "mov"}), "did you mean \"move\"?"),
            (json!({"disposition": 1}), "move, copy, keep, not 1"),
            (json!({"metric": 1}), "only with \"disposition\": \"keep\""),
            (
                json!({"disposition": "keep", "metric": 0}),
                "a number above 0, not 0",
            ),
            (json!({"rdmaRoutes": "172.16.0.0/16"}), "must be a list"),
            (
                json!({"rdmaRoutes": ["172.16.1.0/16"]}),
                "did you mean 172.16.0.0/16 or 172.16.1.0/32?",
            ),
            (json!({"rpFilter": 3}), "0, 1 or 2, not 3"),
            (json!({"primary": "eth 0"}), "white space"),
            (json!([]), "an object, true or false, not []"),
        ] {
            let error = rails(value.clone()).unwrap_err();
            assert_eq!(error.code, crate::Code::INVALID_CONFIGURATION, "{value}");
            assert!(
                error.message.contains(expected),
                "{value}: {}",
                error.message
            );
        }
    }
}
