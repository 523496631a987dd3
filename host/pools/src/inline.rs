//! Pools that stand in the network configuration itself.

use serde_json::Value;

use super::fields::Fields;
use super::range::whole;
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
        let mut pool = read_pool(name, &fields)?;
        if pool.ranges.is_empty() {
            pool.ranges.push(whole(pool.subnet));
        }
        drafts.push(Draft { pool, place });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
