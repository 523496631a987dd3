//! What users write on pods and namespaces: JSON in annotations, as Spiderpool has them.
//!
//! A tenant writes them. What is no such JSON is an error with a sentence for its author, never a rule that is missing.

use std::net::IpAddr;

use plumb_protocol::{ChosenPools, ChosenRoute};
use plumb_values::similar::question;
use plumb_values::{Family, IpNetwork, names};
use serde_json::{Map, Value};

/// Pools of a pod's interfaces.
pub const POOL: &str = "ipam.spidernet.io/ippool";
/// Pools of each of a pod's interfaces.
pub const POOLS: &str = "ipam.spidernet.io/ippools";
/// Routes of a pod.
pub const ROUTES: &str = "ipam.spidernet.io/routes";
/// The interface of a pod's default route.
pub const DEFAULT_ROUTE_NIC: &str = "ipam.spidernet.io/default-route-nic";
/// A namespace's IPv4 pools.
pub const NAMESPACE_IPV4: &str = "ipam.spidernet.io/default-ipv4-ippool";
/// A namespace's IPv6 pools.
pub const NAMESPACE_IPV6: &str = "ipam.spidernet.io/default-ipv6-ippool";
/// Subnets of which Spiderpool makes pools; plumb does not.
pub const SUBNETS: [&str; 2] = ["ipam.spidernet.io/subnet", "ipam.spidernet.io/subnets"];

/// Most items of a list: an interface for each, and pools of each.
const MOST_ITEMS: usize = 256;

/// The interface for which pools are meant where none is named.
pub const ANY: &str = "*";

type Read<T> = Result<T, String>;

/// [`POOL`]: the interface, or [`ANY`], and its pools.
pub fn pool(text: &str) -> Read<(String, ChosenPools)> {
    let object = object(POOL, json(POOL, text)?)?;
    let (interface, pools) = item(POOL, &object)?;
    Ok((interface.unwrap_or_else(|| ANY.to_owned()), pools))
}

/// [`POOLS`]: all items name their interface, or none does: then the first is that of `eth0`, the next of `net1` and so on, in
/// the order in which Multus attaches them.
pub fn pools(text: &str) -> Read<Vec<(String, ChosenPools)>> {
    let Value::Array(items) = json(POOLS, text)? else {
        return Err(format!(
            "annotation {POOLS} must be a list like [{{\"interface\": \"net1\", \"ipv4\": [\"pool\"]}}]"
        ));
    };
    limit(POOLS, items.len())?;
    let mut read = Vec::new();
    for value in items {
        read.push(item(POOLS, &object(POOLS, value)?)?);
    }
    let named = read.iter().filter(|(name, _)| name.is_some()).count();
    if named != 0 && named != read.len() {
        return Err(format!(
            "annotation {POOLS}: {named} of {} items name an interface; name one in each of them or in none",
            read.len()
        ));
    }
    let mut all: Vec<(String, ChosenPools)> = Vec::new();
    for (index, (interface, pools)) in read.into_iter().enumerate() {
        let interface = interface.unwrap_or_else(|| match index {
            0 => "eth0".to_owned(),
            number => format!("net{number}"),
        });
        if all.iter().any(|(other, _)| *other == interface) {
            return Err(format!(
                "annotation {POOLS}: two items are of interface {interface}; write one"
            ));
        }
        all.push((interface, pools));
    }
    match all.is_empty() {
        true => Err(format!(
            "annotation {POOLS}: the list is empty; name pools or leave it out"
        )),
        false => Ok(all),
    }
}

/// The pools of a namespace: [`NAMESPACE_IPV4`] or [`NAMESPACE_IPV6`].
pub fn namespace_pools(annotation: &'static str, text: &str) -> Read<Vec<String>> {
    texts(annotation, "", &json(annotation, text)?)
}

/// [`ROUTES`].
pub fn routes(text: &str) -> Read<Vec<ChosenRoute>> {
    let Value::Array(items) = json(ROUTES, text)? else {
        return Err(format!(
            "annotation {ROUTES} must be a list like [{{\"dst\": \"10.0.0.0/16\", \"gw\": \"192.168.1.1\"}}]"
        ));
    };
    limit(ROUTES, items.len())?;
    items.into_iter().map(route).collect()
}

fn route(value: Value) -> Read<ChosenRoute> {
    let object = object(ROUTES, value)?;
    only(ROUTES, &object, &["dst", "gw"])?;
    let text = |key: &str| {
        let value = member(&object, key).and_then(Value::as_str);
        value.ok_or_else(|| format!("annotation {ROUTES}: each route needs dst and gw, as texts"))
    };
    let (dst, gw) = (text("dst")?, text("gw")?);
    let destination: IpNetwork = dst
        .parse()
        .map_err(|error| format!("annotation {ROUTES}: dst {dst:?} {error}"))?;
    let gateway: IpAddr = gw
        .parse()
        .map_err(|_| format!("annotation {ROUTES}: gw {gw:?} is no address"))?;
    if destination.family() != Family::of(gateway) {
        return Err(format!(
            "annotation {ROUTES}: the way to {dst} cannot be by {gw}, which is of the other family"
        ));
    }
    let first = destination.range().first;
    if first != destination.address {
        return Err(format!(
            "annotation {ROUTES}: dst {dst:?} has host bits set; did you mean {first}/{}?",
            destination.prefix_length
        ));
    }
    Ok(ChosenRoute {
        dst: dst.to_owned(),
        gw: gateway,
    })
}

/// [`DEFAULT_ROUTE_NIC`].
pub fn default_route_nic(text: &str) -> Read<String> {
    let name = text.trim();
    match names::check_link_name(name) {
        Ok(()) => Ok(name.to_owned()),
        Err(problem) => Err(format!("annotation {DEFAULT_ROUTE_NIC}: {problem}")),
    }
}

/// One object with pools.
fn item(annotation: &str, object: &Map<String, Value>) -> Read<(Option<String>, ChosenPools)> {
    only(
        annotation,
        object,
        &["interface", "ipv4", "ipv6", "cleangateway"],
    )?;
    let list = |key: &str| match member(object, key) {
        Some(value) => texts(annotation, key, value),
        None => Ok(Vec::new()),
    };
    let pools = ChosenPools {
        ipv4: list("ipv4")?,
        ipv6: list("ipv6")?,
        clean_gateway: match member(object, "cleangateway") {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => {
                return Err(format!(
                    "annotation {annotation}: cleangateway is {other}, expected true or false"
                ));
            }
        },
        because: format!("annotation {annotation}"),
    };
    if pools.ipv4.is_empty() && pools.ipv6.is_empty() {
        return Err(format!(
            "annotation {annotation} names no pool; write it like {{\"ipv4\": [\"pool\"]}}"
        ));
    }
    let interface = match member(object, "interface") {
        None => None,
        Some(Value::String(name)) if name.is_empty() => None,
        Some(Value::String(name)) => {
            names::check_link_name(name)
                .map_err(|problem| format!("annotation {annotation}: {problem}"))?;
            Some(name.clone())
        }
        Some(other) => {
            return Err(format!(
                "annotation {annotation}: interface is {other}, expected a text"
            ));
        }
    };
    Ok((interface, pools))
}

fn json(annotation: &str, text: &str) -> Read<Value> {
    serde_json::from_str(text).map_err(|error| {
        format!(
            "annotation {annotation} is not JSON: {error}; look for a quote too many or too few"
        )
    })
}

fn object(annotation: &str, value: Value) -> Read<Map<String, Value>> {
    match value {
        Value::Object(object) => Ok(object),
        other => Err(format!(
            "annotation {annotation}: {} stands where an object is expected, like {{\"ipv4\": [\"pool\"]}}",
            shortened(&other)
        )),
    }
}

/// A member by its name in any case, as Spiderpool's parser takes it.
fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let mut members = object.iter();
    let (_, value) = members.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    (!value.is_null()).then_some(value)
}

fn only(annotation: &str, object: &Map<String, Value>, known: &[&str]) -> Read<()> {
    let is_known = |key: &str| known.iter().any(|name| name.eq_ignore_ascii_case(key));
    match object.keys().find(|key| !is_known(key)) {
        None => Ok(()),
        Some(key) => Err(format!(
            "annotation {annotation}: there is no {key:?}; {}known are {}",
            question(key, known.iter().copied()),
            known.join(", ")
        )),
    }
}

fn texts(annotation: &str, key: &str, value: &Value) -> Read<Vec<String>> {
    let wrong = || {
        let separator = if key.is_empty() { "" } else { ": " };
        format!(
            "annotation {annotation}{separator}{key} is {}, expected a list of pools' names like [\"pool\"]",
            shortened(value)
        )
    };
    let items = value.as_array().ok_or_else(wrong)?;
    limit(annotation, items.len())?;
    let text = |item: &Value| match item.as_str() {
        Some(name) if !name.is_empty() && name.len() <= 253 => Ok(name.to_owned()),
        _ => Err(wrong()),
    };
    items.iter().map(text).collect()
}

fn limit(annotation: &str, items: usize) -> Read<()> {
    match items > MOST_ITEMS {
        true => Err(format!(
            "annotation {annotation}: a list has {items} items, {MOST_ITEMS} at most are read"
        )),
        false => Ok(()),
    }
}

/// Of a long value as much as fits into a sentence.
fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(ipv4: &[&str], ipv6: &[&str], clean_gateway: bool, because: &str) -> ChosenPools {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        ChosenPools {
            ipv4: owned(ipv4),
            ipv6: owned(ipv6),
            clean_gateway,
            because: format!("annotation {because}"),
        }
    }

    #[test]
    fn pools_of_one_interface_and_of_each() {
        assert_eq!(
            pool(r#"{"ipv4":["a","b"],"ipv6":["c"]}"#).unwrap(),
            ("*".to_owned(), chosen(&["a", "b"], &["c"], false, POOL))
        );
        let text = r#"[{"interface":"net1","ipv4":["rail1-*"],"ipv6":[],"cleangateway":true},{"interface":"eth0","IPv6":["c"]}]"#;
        assert_eq!(
            pools(text).unwrap(),
            [
                ("net1".to_owned(), chosen(&["rail1-*"], &[], true, POOLS)),
                ("eth0".to_owned(), chosen(&[], &["c"], false, POOLS)),
            ]
        );
        let names: Vec<_> = pools(r#"[{"ipv4":["a"]},{"ipv4":["b"]},{"ipv4":["c"]}]"#)
            .unwrap()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["eth0", "net1", "net2"]);
    }

    #[test]
    fn what_is_wrong_is_said_with_the_value() {
        for (text, expected) in [
            ("{'ipv4': ['a']}", "is not JSON"),
            (r#"{"ipv4":"a"}"#, "ipv4 is \"a\", expected a list"),
            (r#"{"ipv4":[1]}"#, "ipv4 is [1], expected a list"),
            (r#"{"ipvv4":["a"]}"#, "did you mean \"ipv4\"?"),
            (r#"{"ipv4":[]}"#, "names no pool"),
            (r#"["a"]"#, "an object is expected"),
            (r#"{"ipv4":["a"],"cleangateway":"no"}"#, "true or false"),
            (r#"{"ipv4":["a"],"interface":"../x"}"#, "contains '/'"),
        ] {
            let error = pool(text).unwrap_err();
            assert!(error.contains(expected) && error.contains(POOL), "{error}");
        }
        for (text, expected) in [
            (r#"{"ipv4":["a"]}"#, "must be a list"),
            ("[]", "the list is empty"),
            (
                r#"[{"interface":"net1","ipv4":["a"]},{"ipv4":["b"]}]"#,
                "1 of 2 items",
            ),
            (
                r#"[{"interface":"net1","ipv4":["a"]},{"interface":"net1","ipv4":["b"]}]"#,
                "two items",
            ),
        ] {
            let error = pools(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn routes_are_networks_by_gateways_of_their_family() {
        let read = routes(r#"[{"dst":"10.0.0.0/16","gw":"192.168.1.1"}]"#).unwrap();
        assert_eq!(
            (read[0].dst.as_str(), read[0].gw.to_string()),
            ("10.0.0.0/16", "192.168.1.1".to_owned())
        );
        for (text, expected) in [
            (
                r#"[{"dst":"10.0.0.1/16","gw":"192.168.1.1"}]"#,
                "did you mean 10.0.0.0/16?",
            ),
            (r#"[{"dst":"10.0.0.0/16","gw":"fd00::1"}]"#, "other family"),
            (r#"[{"dst":"ten","gw":"192.168.1.1"}]"#, "dst \"ten\""),
            (r#"[{"dst":"10.0.0.0/16"}]"#, "needs dst and gw"),
            (r#"[{"dst":"10.0.0.0/16","via":"1.1.1.1"}]"#, "no \"via\""),
        ] {
            let error = routes(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_list_of_a_namespace_and_an_interfaces_name() {
        assert_eq!(
            namespace_pools(NAMESPACE_IPV4, r#"["a","b"]"#).unwrap(),
            ["a", "b"]
        );
        let error = namespace_pools(NAMESPACE_IPV4, r#""a""#).unwrap_err();
        assert!(error.contains("is \"a\", expected a list"), "{error}");
        assert_eq!(default_route_nic("net1").unwrap(), "net1");
        default_route_nic("an interface").unwrap_err();
    }
}
