use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::RecordedFacts;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn schema() -> Value {
    let text = fs::read(docs().join("facts.schema.json")).expect("the schema is there");
    serde_json::from_slice(&text).expect("it is JSON")
}

/// A document with every member that the schema has.
fn whole(schema: &Value, all: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.strip_prefix("#/$defs/").expect("a definition");
        return whole(&all["$defs"][name], all);
    }
    if let Some(example) = schema["examples"].get(0).or_else(|| schema["enum"].get(1)) {
        return example.clone();
    }
    match schema["type"].as_str() {
        Some("array") => Value::Array(vec![whole(&schema["items"], all)]),
        Some("object") if schema["additionalProperties"].is_object() => {
            Value::Object(Map::from_iter([(
                "ens6f0np0".to_owned(),
                whole(&schema["additionalProperties"], all),
            )]))
        }
        Some("object") => {
            let properties = schema["properties"].as_object().expect("properties");
            let members = properties.iter();
            Value::Object(
                members
                    .map(|(name, of)| (name.clone(), whole(of, all)))
                    .collect(),
            )
        }
        other => panic!("no example of {other:?}: {schema}"),
    }
}

#[test]
fn all_that_the_schema_has_is_read_and_all_that_is_written_is_in_it() {
    let schema = schema();
    let document = whole(&schema, &schema);
    let read = RecordedFacts::parse(document.to_string().as_bytes()).expect("it is read");
    assert_eq!(serde_json::to_value(read).expect("JSON"), document);
}

#[test]
fn each_example_is_read() {
    let mut examples = 0;
    for entry in fs::read_dir(docs().join("examples")).expect("the examples") {
        let path = entry.expect("an entry").path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let text = fs::read(&path).expect("read it");
            RecordedFacts::parse(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            examples += 1;
        }
    }
    assert_eq!(examples, 7);
}
