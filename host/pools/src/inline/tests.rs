use super::super::inline;
use serde_json::{Value, json};

fn names(pools: Value) -> Result<Vec<String>, String> {
    match inline(&pools) {
        Ok(pools) => Ok(pools.into_iter().map(|pool| pool.name).collect()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn pools_are_named_by_position_unless_they_have_a_name() {
    let check = |pools: Value, expected: &[&str]| {
        assert_eq!(
            names(pools),
            Ok(expected.iter().map(ToString::to_string).collect())
        );
    };
    check(json!([]), &[]);
    check(
        json!([
            {"subnet": "10.0.0.0/24"},
            {"subnet": "10.0.1.0/24", "name": "rail1"},
            {"subnet": "10.0.2.0/24", "name": null},
        ]),
        &["pool-1", "rail1", "pool-3"],
    );
}

#[test]
fn wrong_arrays_names_and_fields_are_refused() {
    let check = |pools: Value, expected: &str| {
        let message = names(pools.clone()).expect_err(&format!("accepted: {pools}"));
        assert!(message.contains(expected), "{pools}: {message}");
    };
    check(
        json!({"subnet": "10.0.0.0/24"}),
        "`ipam.pools`: is {\"subnet\"",
    );
    check(
        json!(["10.0.0.0/24"]),
        "`ipam.pools[0]`: is \"10.0.0.0/24\", expected a pool",
    );
    check(
        json!([{"subnet": "10.0.0.0/24", "name": 81}]),
        "ipam.pools[0] \"pool-1\": `name`: is 81, expected a text",
    );
    let long = "a".repeat(254);
    for name in [
        "", "a/b", "a b", "*", "rail\n0", "-v4", ".v4", "..", "_v4", &long,
    ] {
        check(
            json!([{"subnet": "10.0.0.0/24", "name": name}]),
            "expected a letter or digit, then up to 252 letters, digits",
        );
    }
    check(
        json!([{"subnet": "10.0.0.0/24", "name": "rail0", "excludeip": []}]),
        "ipam.pools[0] \"rail0\": `excludeip`: unknown field; did you mean \"excludeIPs\"? known are name, subnet, ips, excludeIPs,",
    );
    check(
        json!([{"subnet": "10.0.0.0/24", "name": "a"}, {"subnet": "10.0.1.0/24", "name": "a"}]),
        "two pools are named \"a\": ipam.pools[0] \"a\" and ipam.pools[1] \"a\"",
    );
}
