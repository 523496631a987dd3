use super::*;

const BARE: Declaration = Declaration {
    name: "",
    version: "",
    authors: "",
    description: "",
    operations: &[],
    parents: &[],
    functions: &[],
    keys: None,
};

#[test]
fn what_is_empty_is_left_out_and_what_is_not_is_escaped() {
    assert_eq!(BARE.to_json(), r#"{"operations":[]}"#);
    let full = Declaration {
        name: "acme-vlan",
        version: "1.2.0",
        authors: "Ann <ann@acme.example>:Bob",
        description: "says \"hallo\\ü\"\n\u{1}",
        operations: &["create-macvlan", "set-up"],
        parents: &["ens*", "driver:mlx5_core"],
        functions: &["ens6f0np0"],
        keys: Some(&Schema::Integer {
            minimum: i64::MIN as i128,
            maximum: u64::MAX as i128,
        }),
    };
    let read: serde_json::Value = serde_json::from_str(&full.to_json()).unwrap();
    assert_eq!(
        read,
        serde_json::json!({
            "name": "acme-vlan", "version": "1.2.0", "author": "Ann <ann@acme.example>, Bob",
            "description": "says \"hallo\\ü\"\n\u{1}", "operations": ["create-macvlan", "set-up"],
            "devices": {"parents": ["ens*", "driver:mlx5_core"], "functions": ["ens6f0np0"]},
            "keys": {"type": "integer", "minimum": i64::MIN, "maximum": u64::MAX}
        })
    );
}

#[test]
fn the_bytes_of_the_section_are_the_text() {
    const LENGTH: usize = length(Some(&BARE));
    assert_eq!(bytes::<LENGTH>(Some(&BARE)), *br#"{"operations":[]}"#);
    assert_eq!(length(None), 0);
    assert_eq!(SECTION, "plumb:component");
}
