use super::super::inline;
use serde_json::{Value, json};

#[test]
fn no_address_is_in_two_pools() {
    let check = |pools: Value, expected: Option<&str>| match (inline(&pools), expected) {
        (Ok(_), None) => {}
        (Err(error), Some(overlap)) => {
            let message = error.to_string();
            assert!(message.starts_with(overlap), "{pools}: {message}");
            assert!(message.contains("[0] \"a\""), "{pools}: {message}");
            assert!(message.contains("[1] \"b\""), "{pools}: {message}");
        }
        (found, _) => panic!("{pools}: expected {expected:?}, found {found:?}"),
    };
    let pool = |name: &str, subnet: &str, ips: &[&str]| json!({"name": name, "subnet": subnet, "ips": ips, "gateway": "10.0.0.1"});
    let subnet = "10.0.0.0/24";
    check(
        json!([
            pool("a", subnet, &["10.0.0.10-10.0.0.20"]),
            pool("b", subnet, &["10.0.0.21-10.0.0.30"])
        ]),
        None,
    );
    check(
        json!([
            pool("a", subnet, &["10.0.0.10-10.0.0.20"]),
            pool("b", subnet, &["10.0.0.15-10.0.0.30"])
        ]),
        Some("10.0.0.15-10.0.0.20 is in two pools"),
    );
    check(
        json!([
            pool("a", subnet, &["10.0.0.10-10.0.0.20", "10.0.0.50"]),
            pool("b", subnet, &["10.0.0.15", "10.0.0.95"])
        ]),
        Some("10.0.0.15 is in two pools"),
    );
    // The gateway of a subnet is in no pool's usable addresses.
    check(
        json!([
            pool("a", subnet, &["10.0.0.1-10.0.0.9"]),
            pool("b", subnet, &["10.0.0.1", "10.0.0.10"])
        ]),
        None,
    );
    check(
        json!([
            pool("a", subnet, &[]),
            pool("b", "10.0.0.0/16", &["10.0.0.200-10.0.1.5"])
        ]),
        Some("10.0.0.200-10.0.0.254 is in two pools"),
    );
    check(
        json!([pool("a", subnet, &[]), {"name": "b", "subnet": subnet}]),
        Some("10.0.0.2-10.0.0.254 is in two pools"),
    );
    check(
        json!([pool("a", subnet, &[]), {"name": "b", "subnet": subnet, "disable": true}]),
        None,
    );
    check(
        json!([
            {"name": "a", "subnet": subnet, "excludeips": ["10.0.0.128/25"]},
            {"name": "b", "subnet": subnet, "ips": ["10.0.0.128/25"]},
        ]),
        None,
    );
    check(
        json!([{"name": "a", "subnet": "0.0.0.0/0"}, {"name": "b", "subnet": "::/0"}]),
        None,
    );
}
