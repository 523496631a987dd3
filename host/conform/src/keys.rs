//! The keys of a component's configuration, and values that are right and wrong for them.
//!
//! A schema is read as far as it describes single values: `type`, `enum`, `const`, `minimum`, `maximum`,
//! `exclusiveMinimum`, `exclusiveMaximum`, `minLength`, `maxLength`, `default`, `examples` (JSON Schema, draft 2020-12).

use serde_json::{Value, json};

use crate::Trial;
use plumb::components::World;

/// One key.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// As the schema or the configuration writes it.
    pub name: String,
    /// What the schema says of its value; `true`, which allows everything, where there is no schema.
    pub schema: Value,
    /// Whether the schema requires it.
    pub is_required: bool,
}

/// Keys that are the host's in every network (`docs/configuration.md`), in lower case.
const HOSTS: [&str; 19] = [
    "args",
    "capabilities",
    "cniversion",
    "componentfolder",
    "conflictcheck",
    "disablecheck",
    "dns",
    "flavour",
    "gatewaycheck",
    "ipam",
    "logfile",
    "loglevel",
    "name",
    "poolfolder",
    "prevresult",
    "rails",
    "runtimeconfig",
    "statefolder",
    "type",
];

/// Keys of `ipam` that are the host's, in lower case.
const HOSTS_OF_IPAM: [&str; 4] = ["frommaster", "poolfolder", "pools", "type"];

/// Whether a key is the host's to read, and none of the component's own.
pub fn is_hosts(name: &str, world: World) -> bool {
    let name = name.to_ascii_lowercase();
    match world {
        World::Flavour => HOSTS.contains(&name.as_str()),
        World::AddressPolicy => HOSTS_OF_IPAM.contains(&name.as_str()),
    }
}

/// The keys that a schema declares.
pub fn declared(schema: &Value) -> Vec<Key> {
    let required = |name: &str| {
        let mut names = schema["required"].as_array().into_iter().flatten();
        names.any(|one| one == name)
    };
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, schema)| Key {
            name: name.clone(),
            schema: schema.clone(),
            is_required: required(name),
        })
        .collect()
}

/// The component's own keys in a trial, where it declares none.
pub fn written(trial: &Trial, world: World) -> Vec<Key> {
    let keys = trial.keys(world).as_object().into_iter().flatten();
    keys.filter(|(name, _)| !is_hosts(name, world))
        .map(|(name, _)| Key {
            name: name.clone(),
            schema: Value::Bool(true),
            is_required: false,
        })
        .collect()
}

impl Key {
    /// The types that its value may have; empty: any.
    fn types(&self) -> Vec<&str> {
        match &self.schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The values that the schema lists.
    fn listed(&self) -> Vec<Value> {
        let listed = self.schema["enum"].as_array().cloned().unwrap_or_default();
        let constant = self.schema.get("const").cloned();
        listed.into_iter().chain(constant).collect()
    }

    /// Values that are right, the plainest first; empty where the schema does not lead to one.
    pub fn right(&self) -> Vec<Value> {
        let examples = self.schema["examples"].as_array().cloned();
        let mut values: Vec<Value> = examples.unwrap_or_default();
        values.extend(self.schema.get("default").cloned());
        values.extend(self.listed());
        if values.is_empty() {
            values.extend(self.types().into_iter().find_map(|kind| self.of_type(kind)));
        }
        values.retain(|value| !value.is_null());
        values
    }

    fn of_type(&self, kind: &str) -> Option<Value> {
        let number = |key: &str| self.schema[key].as_i64();
        match kind {
            "boolean" => Some(json!(true)),
            "integer" | "number" => {
                let least = number("minimum").or(number("exclusiveMinimum").map(|bound| bound + 1));
                let most = number("maximum").or(number("exclusiveMaximum").map(|bound| bound - 1));
                Some(json!(least.or(most).unwrap_or(1)))
            }
            // Which text is right, only its author knows.
            "string" => None,
            "array" => Some(json!([])),
            "object" => Some(json!({})),
            _ => None,
        }
    }

    /// Values that the schema forbids.
    pub fn forbidden(&self) -> Vec<Value> {
        let types = self.types();
        let allows = |value: &Value| {
            let is = |kind: &&str| match *kind {
                "null" => value.is_null(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_i64() || value.is_u64(),
                "number" => value.is_number(),
                "string" => value.is_string(),
                "array" => value.is_array(),
                "object" => value.is_object(),
                _ => true,
            };
            types.is_empty() || types.iter().any(is)
        };
        // In many languages a key that is null is one that is absent.
        let others = of_every_type()
            .into_iter()
            .filter(|value| !value.is_null() && !allows(value));
        let mut values: Vec<Value> = match types.is_empty() {
            true => Vec::new(),
            false => others.collect(),
        };
        if !self.listed().is_empty() {
            values.push(json!("none of those that are listed"));
        }
        let numbers = [
            ("minimum", -1),
            ("exclusiveMinimum", 0),
            ("maximum", 1),
            ("exclusiveMaximum", 0),
        ];
        for (bound, step) in numbers {
            let beyond = self.schema[bound]
                .as_i64()
                .and_then(|bound| bound.checked_add(step));
            values.extend(beyond.map(|beyond| json!(beyond)));
        }
        if let Some(most) = self.schema["maxLength"]
            .as_u64()
            .filter(|most| *most < 4096)
        {
            values.push(json!("x".repeat(most as usize + 1)));
        }
        if self.schema["minLength"]
            .as_u64()
            .is_some_and(|least| least > 0)
        {
            values.push(json!(""));
        }
        values
    }
}

/// A value of each type of JSON, more than one where a parser may stumble over the difference.
pub fn of_every_type() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(17),
        json!(-1),
        json!(1.5),
        json!("text"),
        json!([]),
        json!(["text", 17, null]),
        json!({}),
        json!({"text": {"text": [17]}}),
    ]
}

/// Values that somebody may write who wants to do harm, or whose editor did.
pub fn odd() -> Vec<Value> {
    let mut deep = json!(1);
    for _ in 0..60 {
        deep = json!([deep]);
    }
    vec![
        json!(""),
        json!(" "),
        json!("x".repeat(16 << 10)),
        json!("../../../etc/passwd"),
        json!("a/b"),
        json!("a\nb\u{1b}[2J\u{0}c"),
        json!("%s%n{}$(reboot)"),
        json!("\u{202e}\u{feff}ü漢🦀"),
        json!("00:00:00:00:00:00"),
        json!("ff:ff:ff:ff:ff:ff"),
        json!("0.0.0.0/0"),
        json!("::ffff:10.0.0.1"),
        json!(0),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e300),
        json!(-0.0),
        json!(vec!["text"; 2000]),
        deep,
    ]
}

/// As a report quotes it.
pub fn shown(value: &Value) -> String {
    plumb_values::text::shorten(&value.to_string(), 60).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(schema: Value) -> Key {
        Key {
            name: "key".into(),
            schema,
            is_required: false,
        }
    }

    #[test]
    fn a_schema_leads_to_values_on_both_sides_of_it() {
        let mtu = key(json!({"type": "integer", "minimum": 68, "maximum": 9000}));
        assert_eq!(mtu.right(), [json!(68)]);
        let forbidden = mtu.forbidden();
        for value in [json!(67), json!(9001), json!("text"), json!(1.5)] {
            assert!(forbidden.contains(&value), "{value} of {forbidden:?}");
        }
        assert!(!forbidden.contains(&json!(17)), "{forbidden:?}");

        let mode = key(json!({"enum": ["bridge", "vepa"]}));
        assert_eq!(mode.right(), [json!("bridge"), json!("vepa")]);
        assert_eq!(mode.forbidden(), [json!("none of those that are listed")]);

        // Of a text without an example nobody knows what is right.
        assert_eq!(key(json!({"type": "string"})).right(), [Value::Null; 0]);
        assert_eq!(key(json!(true)).forbidden(), [Value::Null; 0]);
    }
}
