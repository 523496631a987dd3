//! Pools that stand in the network configuration itself.

use serde_json::Value;

use super::fields::Fields;
use super::set::Draft;
use super::specification::{POOL_FIELDS, check_name, read_pool};
use super::{Error, Problem};

const KEY: &str = "ipam.pools";

/// Reads the array `ipam.pools`. A pool without `name` is called by its position:
/// `pool-1`, `pool-2`.
pub(super) fn read(value: &Value, drafts: &mut Vec<Draft>) -> Result<(), Error> {
    let wrong_type = |field: String, value: &Value, expected| Error::Field {
        place: "network configuration".to_owned(),
        field,
        problem: Problem::Unexpected {
            value: value.to_string(),
            expected,
        },
    };
    let Value::Array(values) = value else {
        let expected = "an array of pools like [{\"subnet\": \"172.16.0.0/16\"}]";
        return Err(wrong_type(KEY.to_owned(), value, expected));
    };
    let known = [&["name"], POOL_FIELDS].concat();
    for (index, value) in values.iter().enumerate() {
        let Value::Object(object) = value else {
            let expected = "a pool like {\"subnet\": \"172.16.0.0/16\"}";
            return Err(wrong_type(format!("{KEY}[{index}]"), value, expected));
        };
        let default_name = format!("pool-{}", index + 1);
        let written = object.get("name").and_then(Value::as_str);
        let place = format!("{KEY}[{index}] {:?}", written.unwrap_or(&default_name));
        let fields = Fields {
            place: &place,
            prefix: String::new(),
            object,
        };
        fields.only(&known)?;
        let name = fields.text("name")?.unwrap_or(&default_name);
        check_name(name).map_err(|problem| fields.error("name", problem))?;
        let pool = read_pool(name, &fields)?;
        drafts.push(Draft { pool, place });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::load;
    use serde_json::{Value, json};

    fn names(pools: Value) -> Result<Vec<String>, String> {
        match load(Some(&pools), None) {
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
        for name in ["", "a/b", "a b", "*", "rail\n0"] {
            check(
                json!([{"subnet": "10.0.0.0/24", "name": name}]),
                "expected 1 to 253 letters, digits",
            );
        }
        check(
            json!([{"subnet": "10.0.0.0/24", "name": "rail0", "excludeip": []}]),
            "ipam.pools[0] \"rail0\": `excludeip`: unknown field; known are name, subnet, ips, excludeIPs,",
        );
        check(
            json!([{"subnet": "10.0.0.0/24", "name": "a"}, {"subnet": "10.0.1.0/24", "name": "a"}]),
            "two pools are named \"a\": ipam.pools[0] \"a\" and ipam.pools[1] \"a\"",
        );
    }
}
