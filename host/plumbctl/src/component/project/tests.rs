use super::*;

fn read(text: &str) -> Result<Project, Failure> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(FILE), text).unwrap();
    Project::read(folder.path())
}

const BUILD: &str = "[build]\ncommands = [[\"cargo\", \"build\"]]\nmodule = \"target/a.wasm\"\n";

#[test]
fn a_project_has_a_name_a_world_and_a_way_to_its_module() {
    let project = read(&format!(
        "name = \"acme\"\nworld = \"address-policy\"\n{BUILD}"
    ))
    .unwrap();
    assert_eq!(project.world, World::AddressPolicy);
    assert!(!project.large);
    assert_eq!(project.build.commands, [["cargo", "build"]]);
    assert!(project.component().ends_with("target/acme.wasm"));
}

#[test]
fn a_project_can_say_that_it_is_large() {
    let head = "name = \"acme\"\nworld = \"flavour\"";
    let large = read(&format!("{head}\nlarge = true\n{BUILD}")).unwrap();
    assert!(large.large);
}

#[test]
fn what_is_wrong_in_it_is_one_sentence() {
    for (text, words) in [
        (
            format!("name = \"A\"\nworld = \"flavour\"\n{BUILD}"),
            "not a component's name",
        ),
        (
            format!("name = \"a\"\nworld = \"flavor\"\n{BUILD}"),
            "\"flavor\" is neither",
        ),
        (
            format!("world = \"flavour\"\n{BUILD}"),
            "missing field `name`",
        ),
        (format!("name = a\n{BUILD}"), "line 1"),
    ] {
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains(words), "{words:?} in {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let error = Project::read(Path::new("/nowhere"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("component new"), "{error}");
}
