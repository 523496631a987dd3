//! What is refused, and whether the message helps whoever reads it.

use plumb_compiler::{Error, compile, componentize};

fn refusal(wat: &str) -> Error {
    compile(wat.as_bytes()).expect_err("the component is accepted")
}

fn assert_says(error: &Error, parts: &[&str]) {
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
}

#[test]
fn an_undeclared_import_is_refused_by_name() {
    let error = refusal(r#"(component (import "acme:disk/files@1.0.0" (instance)))"#);
    assert!(
        matches!(&error, Error::UndeclaredImport { name, .. } if name == "acme:disk/files@1.0.0")
    );
    assert_says(&error, &["`acme:disk/files@1.0.0`", "plumb:cni/"]);
}

#[test]
fn a_bare_function_is_an_undeclared_import_too() {
    let error = refusal(r#"(component (import "helper" (func)))"#);
    assert!(matches!(&error, Error::UndeclaredImport { name, .. } if name == "helper"));
}

#[test]
fn an_interface_that_the_package_does_not_have_is_undeclared() {
    let error = refusal(r#"(component (import "plumb:cni/disk@0.1.0" (instance)))"#);
    assert_says(&error, &["`plumb:cni/disk@0.1.0`", "operations"]);
}

#[test]
fn wasi_gets_a_hint_about_the_target() {
    let error = refusal(r#"(component (import "wasi:cli/environment@0.2.3" (instance)))"#);
    let hints = ["wasm32-unknown-unknown", "--stub-wasi"];
    assert_says(&error, &["`wasi:cli/environment@0.2.3`"]);
    assert_says(&error, &hints);

    let module = r#"(module (import "wasi:cli/environment@0.2.3" "get-arguments" (func)))"#;
    let error = componentize(&wat::parse_str(module).unwrap()).unwrap_err();
    assert_says(&error, &["`wasi:cli/environment@0.2.3`"]);
    assert_says(&error, &hints);
}

#[test]
fn a_function_that_nobody_defined_gets_a_hint() {
    let module = r#"(module (import "env" "acme_checksum" (func)))"#;
    let error = componentize(&wat::parse_str(module).unwrap()).unwrap_err();
    assert_says(&error, &["`env`", "C library"]);
}

#[test]
fn another_version_of_the_contract_says_which_side_to_renew() {
    for (version, hint) in [
        ("0.3.0", "upgrade plumb"),
        ("1.0.0", "upgrade plumb"),
        ("0.0.3", "newer SDK"),
    ] {
        let wat = format!(r#"(component (import "plumb:cni/facts@{version}" (instance)))"#);
        let error = refusal(&wat);
        assert!(matches!(error, Error::ContractVersion { .. }), "{error}");
        assert_says(
            &error,
            &[
                &format!("needs plumb:cni {version}"),
                "speaks 0.1 and 0.2",
                hint,
            ],
        );
    }
    let error = refusal(r#"(component (import "plumb:cni/facts" (instance)))"#);
    assert!(matches!(error, Error::ContractVersion { .. }), "{error}");
}

#[test]
fn versions_cannot_be_mixed() {
    let error = refusal(
        r#"(component
            (import "plumb:cni/facts@0.1.0" (instance))
            (import "plumb:cni/log@0.1.4" (instance)))"#,
    );
    assert_says(&error, &["plumb:cni/log@0.1.4", "mixes versions"]);
}

#[test]
fn exports_of_neither_world_are_listed() {
    let error = refusal("(component)");
    assert_says(&error, &["exports nothing", "`attach`", "`propose`"]);

    let error = refusal(&exporting(&["detach"]));
    assert!(matches!(error, Error::NoWorld { .. }), "{error}");
    assert_says(&error, &["`detach`"]);

    // Half a flavour is none.
    let error = refusal(&exporting(&["attach"]));
    assert!(matches!(error, Error::NoWorld { .. }), "{error}");
}

#[test]
fn a_crate_that_exports_nothing_is_pointed_to_the_macro() {
    let wrapped = componentize(&wat::parse_str("(module)").unwrap()).unwrap();
    let error = compile(&wrapped).unwrap_err();
    assert_says(&error, &["exports nothing", "`export_flavour!`"]);
}

#[test]
fn the_right_names_with_the_wrong_types_are_no_flavour() {
    let error = refusal(&exporting(&["attach", "ready"]));
    assert!(matches!(error, Error::World { .. }), "{error}");
    assert_says(&error, &["flavour of plumb:cni 0.2.0", "attach"]);

    let error = refusal(&exporting(&["propose"]));
    assert_says(&error, &["address-policy of plumb:cni 0.2.0", "propose"]);
    assert!(!error.to_string().contains("offset"), "{error}");
}

#[test]
fn a_component_cannot_be_of_both_worlds() {
    let error = refusal(&exporting(&["attach", "ready", "propose"]));
    assert!(matches!(error, Error::BothWorlds { .. }), "{error}");
    assert_says(&error, &["both worlds", "`propose`", "build two"]);
}

/// A component whose exports are functions without parameters.
fn exporting(names: &[&str]) -> String {
    let exports: String = names
        .iter()
        .map(|name| format!(r#"(export "{name}" (func $nothing))"#))
        .collect();
    format!(
        r#"(component
            (core module $module (func (export "nothing")))
            (core instance $instance (instantiate $module))
            (func $nothing (canon lift (core func $instance "nothing")))
            {exports})"#
    )
}

#[test]
fn what_is_no_component_is_told_apart() {
    assert!(matches!(refusal("(module)"), Error::NoWorld { .. }));
    assert!(matches!(refusal("hello"), Error::Unreadable(_)));
    let module = "(module (func (export \"attach\")))".to_owned();
    for whole in [exporting(&["attach", "ready"]), module] {
        let mut torn = wat::parse_str(whole).unwrap();
        torn.truncate(torn.len() - 7);
        let error = compile(&torn).unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error}");
        assert_says(&error, &["ends in the middle"]);
    }

    let component = wat::parse_str("(component)").unwrap();
    assert!(matches!(
        componentize(&component),
        Err(Error::NotACoreModule)
    ));
}

#[test]
fn a_component_of_unreasonable_size_is_not_even_parsed() {
    let huge = vec![0_u8; plumb_engine::limits::COMPONENT_BYTES + 1];
    assert!(matches!(compile(&huge), Err(Error::TooLarge { .. })));
}
