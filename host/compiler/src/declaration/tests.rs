use super::*;
use crate::componentize;

const DOCUMENT: &str = r#"{"name": "acme-vlan", "version": "1.2.0", "author": "ACME Networks",
    "operations": ["create-macvlan", "set-up"], "devices": {"parents": ["ens*"]},
    "keys": {"properties": {"vlan": {"type": "integer"}}}, "colour": "green"}"#;

/// A core module or component in text form with these custom sections.
fn with_sections(kind: &str, inside: &str, documents: &[&str]) -> Vec<u8> {
    let mut binary = wat::parse_str(format!("({kind} {inside})")).unwrap();
    for document in documents {
        let section = CustomSection {
            name: SECTION.into(),
            data: document.as_bytes().into(),
        };
        match kind {
            "module" => Section::append_to(&section, &mut binary),
            _ => ComponentSection::append_to_component(&section, &mut binary),
        }
    }
    binary
}

/// A component with these documents, and a module in it with those.
fn around(outside: &[&str], inside: &[&str]) -> Vec<u8> {
    // Sections of a component's binary form that hold a core module and a component ("Binary Format" of the
    // component model): a number, the length, the content.
    const CORE_MODULE: u8 = 1;
    let module = with_sections("module", "", inside);
    let mut component = wat::parse_str("(component)").unwrap();
    component.push(CORE_MODULE);
    wasm_encoder::Encode::encode(&module.len(), &mut component);
    component.extend(module);
    for document in outside {
        let section = CustomSection {
            name: SECTION.into(),
            data: document.as_bytes().into(),
        };
        ComponentSection::append_to_component(&section, &mut component);
    }
    component
}

fn reason(binary: &[u8]) -> String {
    match Declaration::of(binary).unwrap_err() {
        Error::Declaration(reason) => reason,
        other => panic!("{other}"),
    }
}

#[test]
fn every_member_may_be_missing_and_others_are_left_out() {
    let declaration = Declaration::parse(DOCUMENT.as_bytes()).unwrap();
    assert_eq!(declaration.version.as_deref(), Some("1.2.0"));
    assert_eq!(declaration.devices.parents.first().unwrap(), "ens*");
    assert!(declaration.keys.unwrap()["properties"]["vlan"].is_object());
    assert_eq!(Declaration::parse(b"{}").unwrap(), Declaration::default());
}

#[test]
fn it_is_found_in_a_module_and_in_what_becomes_of_it() {
    let module = with_sections("module", "", &[DOCUMENT]);
    let own = Declaration::of(&module).unwrap().unwrap();
    assert_eq!(own.name.as_deref(), Some("acme-vlan"));
    let component = componentize(&module).unwrap();
    assert_eq!(Declaration::of(&component).unwrap(), Some(own));
    assert_eq!(
        Declaration::of(&with_sections("module", "", &[])).unwrap(),
        None
    );
}

#[test]
fn that_of_the_outermost_component_holds() {
    let other = r#"{"name": "other"}"#;
    let name = |binary: &[u8]| Declaration::of(binary).unwrap().unwrap().name.unwrap();
    assert_eq!(name(&around(&[], &[other])), "other");
    assert_eq!(name(&around(&[DOCUMENT], &[other])), "acme-vlan");
    // A tool that copies a section has said nothing else.
    assert_eq!(name(&around(&[], &[other, other])), "other");
    assert!(reason(&around(&[], &[other, DOCUMENT])).contains("several"));
}

#[test]
fn a_broken_one_is_one_sentence() {
    let of = |document: &str| reason(&with_sections("module", "", &[document]));
    let long = format!(r#"{{"author": "{}"}}"#, "x".repeat(MOST_BYTES));
    for (document, words) in [
        ("", "not the JSON"),
        ("[]", "not the JSON"),
        (r#"{"operations": "set-up"}"#, "not the JSON"),
        (r#"{"keys": []}"#, "not the JSON"),
        (r#"{"name": "a"}{"name": "b"}"#, "not the JSON"),
        (
            r#"{"operations": ["create-macvlam"]}"#,
            "did you mean \"create-macvlan\"?",
        ),
        (r#"{"devices": {"functions": [" "]}}"#, "empty text"),
        (&long, "more than the 65536"),
    ] {
        let reason = of(document);
        assert!(reason.contains(words), "{words:?} in {reason}");
        assert_eq!(reason.lines().count(), 1, "{reason}");
    }
    let cut = &with_sections("module", "", &[DOCUMENT])[..40];
    assert!(matches!(Declaration::of(cut), Err(Error::Invalid(_))));
}

#[test]
fn it_is_embedded_where_there_is_none() {
    for binary in [
        with_sections("module", "", &[]),
        with_sections("component", "", &[]),
        around(&[], &[]),
    ] {
        let declared = Declaration::embed(DOCUMENT.as_bytes(), &binary).unwrap();
        wasmparser::validate(&declared).unwrap();
        let read = Declaration::of(&declared).unwrap().unwrap();
        assert_eq!(read, Declaration::parse(DOCUMENT.as_bytes()).unwrap());
        let again = Declaration::embed(DOCUMENT.as_bytes(), &declared).unwrap_err();
        assert!(again.to_string().contains("already"), "{again}");
    }
    assert!(Declaration::embed(b"nonsense", &around(&[], &[])).is_err());
}
