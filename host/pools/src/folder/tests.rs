use super::super::load;
use super::*;
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of its own, removed at the end of the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(files: &[(&str, &str)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("plumb-pools-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        for (name, text) in files {
            fs::write(path.join(name), text).unwrap();
        }
        Self(path)
    }

    fn names(&self) -> Result<Vec<String>, String> {
        match load(None, Some(source(&self.0))) {
            Ok(pools) => Ok(pools.into_iter().map(|pool| pool.name).collect()),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn source(path: &Path) -> Folder<'_> {
    Folder {
        path,
        key: "ipam.folder",
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder left in the temporary folder is no reason to fail a test.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn pool(name: &str, subnet: &str) -> String {
    format!("kind: SpiderIPPool\nmetadata: {{name: {name}}}\nspec: {{subnet: {subnet}}}\n")
}

#[test]
fn manifests_are_read_by_name_and_other_files_are_not() {
    let broken = "kind: [";
    let folder = Scratch::new(&[
        ("20.yml", &pool("b", "10.0.2.0/24")),
        (
            "10.yaml",
            &format!(
                "---\n{}---\n{}",
                pool("z", "10.0.1.0/24"),
                pool("a", "10.0.3.0/24")
            ),
        ),
        (
            "30.json",
            "{\n\t\"kind\": \"SpiderIPPool\",\n\t\"metadata\": {\"name\": \"c\"},\n\t\"spec\": {\"subnet\": \"10.0.4.0/24\"}\n}",
        ),
        ("40.YAML", &pool("d", "10.0.5.0/24")),
        (".hidden.yaml", broken),
        ("10.yaml~", broken),
        (".10.yaml.swp", broken),
        ("10.yaml.swp", broken),
        ("#10.yaml#", broken),
        ("README.md", broken),
        ("yaml", broken),
    ]);
    fs::create_dir(folder.0.join("folder.yaml")).unwrap();
    assert_eq!(
        folder.names(),
        Ok(["z", "a", "b", "c", "d"].map(str::to_owned).to_vec())
    );
}

#[test]
fn a_mounted_config_map_is_read_once() {
    let folder = Scratch::new(&[]);
    fs::create_dir(folder.0.join("..2024")).unwrap();
    fs::write(folder.0.join("..2024/a.yaml"), pool("a", "10.0.1.0/24")).unwrap();
    std::os::unix::fs::symlink("..2024", folder.0.join("..data")).unwrap();
    std::os::unix::fs::symlink("..data/a.yaml", folder.0.join("a.yaml")).unwrap();
    assert_eq!(folder.names(), Ok(vec!["a".to_owned()]));
}

#[test]
fn what_cannot_be_read_is_named() {
    let check = |files: &[(&str, &str)], expected: &[&str]| {
        let message = Scratch::new(files).names().expect_err("a wrong folder");
        for part in expected {
            assert!(message.contains(part), "{message}: no {part:?}");
        }
    };
    let a = pool("a", "10.0.1.0/24");
    check(
        &[("one.yaml", &a), ("two.yaml", &pool("a", "10.0.2.0/24"))],
        &[
            "two pools are named \"a\"",
            "one.yaml document 1",
            "two.yaml document 1",
        ],
    );
    check(
        &[("one.yaml", &a), ("two.yaml", &pool("b", "10.0.1.0/24"))],
        &[
            "10.0.1.1-10.0.1.254 is in two pools",
            "one.yaml",
            "two.yaml",
        ],
    );
    check(
        &[("one.yaml", &format!("{a}---\nkind: [\n"))],
        &["one.yaml document 2: not readable as YAML", "line"],
    );
    check(
        &[("one.yaml", "kind: SpiderIPPool\nspec: {}\nspec: {}\n")],
        &["one.yaml document 1", "duplicate", "spec"],
    );
    check(
        &[(
            "one.json",
            "{\"kind\": \"SpiderIPPool\", \"spec\": {}, \"spec\": {}}",
        )],
        &["one.json document 1: not readable as JSON", "duplicate"],
    );
    check(
        &[("one.json", &a)],
        &["one.json document 1: not readable as JSON"],
    );
}

#[test]
fn a_missing_folder_names_the_key() {
    let folder = Scratch::new(&[]);
    let missing = folder.0.join("none");
    let message = load(None, Some(source(&missing))).unwrap_err().to_string();
    for part in [&*missing.to_string_lossy(), "`ipam.folder`", "os error 2"] {
        assert!(message.contains(part), "{message}: no {part:?}");
    }
    assert_eq!(folder.names(), Ok(vec![]));
}

#[test]
fn both_sources_make_one_set() {
    let reserved = "kind: SpiderReservedIP\nspec: {ips: [10.0.9.0/25]}\n";
    let folder = Scratch::new(&[("a.yaml", &pool("a", "10.0.1.0/24")), ("r.yaml", reserved)]);
    let both = |inline: serde_json::Value| {
        load(Some(&inline), Some(source(&folder.0))).map_err(|error| error.to_string())
    };
    let pools = both(json!([{"subnet": "10.0.9.0/24"}])).unwrap();
    let names: Vec<_> = pools.iter().map(|pool| pool.name.as_str()).collect();
    assert_eq!(names, ["pool-1", "a"]);
    assert_eq!(pools[0].usable()[0].to_string(), "10.0.9.128-10.0.9.254");

    let excluded = ["10.0.9.126-10.0.9.130", "10.0.9.3"];
    let pools = both(json!([{"subnet": "10.0.9.0/24", "excludeips": excluded}])).unwrap();
    let [excluded] = pools[0].excluded[..] else {
        panic!("not merged: {:?}", pools[0].excluded);
    };
    assert_eq!(excluded.to_string(), "10.0.9.0-10.0.9.130");

    let message = both(json!([{"name": "a", "subnet": "10.0.9.0/24"}])).unwrap_err();
    assert!(
        message.contains("ipam.pools[0]") && message.contains("a.yaml"),
        "{message}"
    );
    let message = both(json!([{"subnet": "10.0.1.0/30"}])).unwrap_err();
    assert!(
        message.starts_with("10.0.1.1-10.0.1.2 is in two pools"),
        "{message}"
    );
}

/// By a bound on the work, not on the time: brackets that libyaml would look through at every token, and a file that
/// would not fit into memory.
#[test]
fn a_file_that_would_take_for_ever_is_refused() {
    let nested = Scratch::new(&[("pools.yaml", &"{a: ".repeat(200_000))]);
    let error = nested.names().unwrap_err();
    assert!(error.contains("brackets"), "{error}");
    let wide = format!(
        "{}{}",
        pool("a", "10.0.0.0/24"),
        "# [see (1)]\n".repeat(1000)
    );
    assert_eq!(
        Scratch::new(&[("pools.yaml", &wide)]).names().unwrap(),
        ["a"]
    );
    let large = Scratch::new(&[("pools.json", "")]);
    let file = fs::File::options()
        .write(true)
        .open(large.0.join("pools.json"))
        .unwrap();
    file.set_len(3 << 30).unwrap();
    let error = large.names().unwrap_err();
    assert!(error.contains("1572864 bytes"), "{error}");
}
