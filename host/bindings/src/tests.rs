use super::*;

fn text(files: &[File], path: &str) -> String {
    let file = files.iter().find(|file| file.path == path);
    let file = file.unwrap_or_else(|| panic!("there is no {path}"));
    String::from_utf8(file.content.clone()).unwrap()
}

fn go() -> Language {
    Language::Go {
        bindings: "acme.example/bindings".to_owned(),
        implementation: "acme.example/flavour".to_owned(),
    }
}

#[test]
fn c_has_a_header_a_source_and_the_world() {
    let files = generate(&Language::C, "flavour").unwrap();
    let header = text(&files, "flavour.h");
    assert!(header.contains("bool exports_flavour_attach("), "{header}");
    assert!(text(&files, "flavour.c").contains("plumb:cni/operations@0.2.0"));
    let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
    assert!(paths.contains(&"flavour_component_type.o"), "{paths:?}");
}

/// A vendor's build needs no module of others.
#[test]
fn go_stands_on_itself() {
    let files = generate(&go(), "flavour").unwrap();
    for file in &files {
        let text = String::from_utf8_lossy(&file.content);
        assert!(!text.contains("go.bytecodealliance.org"), "{}", file.path);
    }
    let main = text(&files, "main.go");
    assert!(main.contains("package main"), "{main}");
    assert!(
        main.contains("export_wit_world \"acme.example/flavour\""),
        "{main}"
    );
    assert!(main.contains("func main()"), "{main}");
    assert!(text(&files, "wit/runtime/runtime.go").contains("cabi_realloc"));
}

#[test]
fn a_policy_exports_what_a_policy_does() {
    let files = generate(&go(), "address-policy").unwrap();
    assert!(text(&files, "main.go").contains("//go:wasmexport propose"));
    let files = generate(&Language::C, "address-policy").unwrap();
    assert!(text(&files, "address_policy.h").contains("exports_address_policy_propose("));
}

/// All files of the contract, and no other.
#[test]
fn the_contract_is_whole() {
    let mut written: Vec<_> = generate(&Language::Wit, "flavour")
        .unwrap()
        .into_iter()
        .map(|file| file.path)
        .collect();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit/0.2");
    let mut there: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    written.sort();
    there.sort();
    assert_eq!(written, there);
}

#[test]
fn a_world_that_there_is_not_is_named() {
    for world in ["coordinator", "owning-flavour"] {
        let error = generate(&Language::C, world).unwrap_err();
        assert!(error.contains(&format!("{world:?}")), "{error}");
        assert!(error.contains("flavour and address-policy"), "{error}");
    }
}
