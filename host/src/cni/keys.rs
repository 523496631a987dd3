//! JSON keys in any letter case.
//!
//! Go's JSON decoder ignores the case of keys, runtimes rely on it (containerd sends
//! `HostPort`), and so do users. Where plumb reads, keys are in lower case.

use serde_json::{Map, Value};

/// The same value with every object key in lower case. Of two keys that become one,
/// the one that was written in lower case wins. A key that is null is left out, because
/// to Go it is a key that is absent; only what the runtime adds itself (`cni.dev/`)
/// distinguishes null from absent.
pub fn lower(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter()
                .filter(|(key, value)| !value.is_null() || key.starts_with("cni.dev/"))
                .map(|(key, value)| (key.to_lowercase(), lower(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(lower).collect()),
        other => other.clone(),
    }
}

/// The value of a key in any letter case; the exact spelling first, and as in [`lower`] null
/// is absent.
pub fn get<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    let exact = map.get(key).filter(|value| !value.is_null());
    exact.or_else(|| {
        map.iter()
            .rfind(|(name, value)| name.eq_ignore_ascii_case(key) && !value.is_null())
            .map(|(_, value)| value)
    })
}

/// Takes a key in any letter case out; which of several counts is as for [`get`].
pub fn remove(map: &mut Map<String, Value>, key: &str) -> Option<Value> {
    let found = get(map, key).cloned();
    map.retain(|name, _| !name.eq_ignore_ascii_case(key));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_lowered_at_every_depth_and_values_kept() {
        let value = json!({"Master": "Eth0", "IPAM": [{"RangeStart": {"A": "B"}}]});
        let expected = json!({"master": "Eth0", "ipam": [{"rangestart": {"a": "B"}}]});
        assert_eq!(lower(&value), expected);
    }

    #[test]
    fn null_is_absent_but_in_the_runtimes_own_keys() {
        let value = json!({"mode": null, "cni.dev/valid-attachments": null, "a": [null]});
        assert_eq!(
            lower(&value),
            json!({"cni.dev/valid-attachments": null, "a": [null]})
        );
    }

    #[test]
    fn a_null_hides_no_other_spelling() {
        let mut map = json!({"IPs": 1, "ips": null, "iPs": 3, "iPS": null})
            .as_object()
            .unwrap()
            .clone();
        assert_eq!(lower(&map.clone().into()), json!({"ips": 3}));
        assert_eq!(get(&map, "ips"), Some(&json!(3)));
        assert_eq!(remove(&mut map, "ips"), Some(json!(3)));
        assert!(map.is_empty());
    }

    #[test]
    fn removing_takes_every_spelling_out() {
        let mut map = json!({"IPs": 1, "ips": 2, "iPs": 3})
            .as_object()
            .unwrap()
            .clone();
        assert_eq!(remove(&mut map, "ips"), Some(json!(2)));
        assert!(map.is_empty());
    }
}
