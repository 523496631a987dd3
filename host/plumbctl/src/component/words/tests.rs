use super::*;

fn about(declaration: &str) -> About {
    About {
        form: "component".into(),
        world: "flavour".into(),
        contract: "0.2.0".into(),
        exports: Vec::new(),
        imports: vec!["plumb:cni/facts@0.2.0".into()],
        wasi: Vec::new(),
        is_composed: false,
        size: 4711,
        digest: "sha256:0".into(),
        declaration: Some(Declaration::parse(declaration.as_bytes()).unwrap()),
    }
}

fn row(about: &About, name: &str) -> Vec<String> {
    let rows = rows(about).into_iter().filter(|(known, _)| *known == name);
    rows.map(|(_, value)| value).collect()
}

#[test]
fn keys_are_shown_with_type_need_and_meaning() {
    let about = about(
        r#"{"name": "acme", "version": "2", "author": "", "keys": {"required": ["vlan"], "properties": {
            "vlan": {"type": "integer", "description": "1 to 4094"}, "mode": {"type": ["string", "null"]}, "x": {}}}}"#,
    );
    assert_eq!(row(&about, "component"), ["acme 2"]);
    assert_eq!(
        row(&about, "key"),
        [
            "mode: string or null",
            "vlan: integer, required; 1 to 4094",
            "x: any value"
        ]
    );
}

#[test]
fn a_vendors_text_is_one_line_and_not_endless() {
    let long = format!(r#"{{"author": "\u001b[2J\n{}"}}"#, "x".repeat(9000));
    let title = &row(&about(&long), "component")[0];
    assert!(title.starts_with("by \\u{1b}[2J\\n"), "{title}");
    assert!(
        title.len() < 500 && title.contains("bytes left out"),
        "{title}"
    );
}
