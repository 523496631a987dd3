use super::super::{Set, folder};
use super::*;
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

    fn read(&self) -> Set {
        folder(source(&self.0)).expect("the folder can be listed")
    }

    /// The names of the pools that can be used, and what is said of the others.
    fn summary(&self) -> (Vec<String>, Vec<String>) {
        let Set { pools, left_out } = self.read();
        let said = left_out
            .into_iter()
            .map(|one| format!("{}: {}", one.name.unwrap_or_default(), one.error));
        (
            pools.into_iter().map(|pool| pool.name).collect(),
            said.collect(),
        )
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
    format!(
        "kind: SpiderIPPool\nmetadata: {{name: {name}}}\nspec: {{subnet: {subnet}, ips: [{subnet}]}}\n"
    )
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
            "{\n\t\"kind\": \"SpiderIPPool\",\n\t\"metadata\": {\"name\": \"c\"},\n\t\"spec\": {\"subnet\": \"10.0.4.0/24\", \"ips\": [\"10.0.4.9\"]}\n}",
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
    let (names, said) = folder.summary();
    assert_eq!(names, ["z", "a", "b", "c", "d"]);
    assert_eq!(said, [""; 0]);
    let files: Vec<_> = folder
        .read()
        .pools
        .into_iter()
        .map(|pool| pool.file)
        .collect();
    assert_eq!(files[0], Some(folder.0.join("10.yaml")));
}

#[test]
fn a_mounted_config_map_is_read_once() {
    let folder = Scratch::new(&[]);
    fs::create_dir(folder.0.join("..2024")).unwrap();
    fs::write(folder.0.join("..2024/a.yaml"), pool("a", "10.0.1.0/24")).unwrap();
    std::os::unix::fs::symlink("..2024", folder.0.join("..data")).unwrap();
    std::os::unix::fs::symlink("..data/a.yaml", folder.0.join("a.yaml")).unwrap();
    assert_eq!(folder.summary().0, ["a"]);
}

/// A folder is everybody's: what is wrong with one pool is no matter of those who use another one.
#[test]
fn what_cannot_be_used_is_left_out_and_the_others_are_not() {
    let check = |files: &[(&str, &str)], usable: &[&str], expected: &[&[&str]]| {
        let (names, said) = Scratch::new(files).summary();
        assert_eq!(names, usable, "{said:?}");
        assert_eq!(said.len(), expected.len(), "{said:?}");
        for (said, parts) in said.iter().zip(expected) {
            for part in *parts {
                assert!(said.contains(part), "{said}: no {part:?}");
            }
        }
    };
    let a = pool("a", "10.0.1.0/24");
    let good = pool("good", "10.0.9.0/24");
    let with = |field: &str| {
        format!(
            "kind: SpiderIPPool\nmetadata: {{name: odd}}\nspec: {{subnet: 10.0.2.0/24, ips: [10.0.2.5], {field}}}\n---\n{good}"
        )
    };
    for (field, part) in [
        ("vlan: 100", "`spec.vlan`: is 100"),
        (
            "podAffinity: {matchLabels: {app: a}}",
            "`spec.podAffinity`: not supported",
        ),
        ("gateway: 10.9.9.9", "`spec.gateway`"),
        ("excludeIP: []", "did you mean \"excludeIPs\"?"),
    ] {
        check(
            &[("one.yaml", &with(field))],
            &["good"],
            &[&["odd: ", "one.yaml document 1", part]],
        );
    }
    // Whose addresses they are nobody knows: the first one keeps them, and of two that are called alike none is meant.
    check(
        &[
            ("one.yaml", &a),
            ("three.yaml", &good),
            ("two.yaml", &pool("b", "10.0.1.0/25")),
        ],
        &["a", "good"],
        &[&[
            "b: 10.0.1.1-10.0.1.126 is in two pools",
            "one.yaml",
            "two.yaml",
        ]],
    );
    let same = [
        "a: two pools are named \"a\"",
        "one.yaml document 1",
        "two.yaml document 1",
    ];
    check(
        &[
            ("one.yaml", &a),
            ("three.yaml", &good),
            ("two.yaml", &pool("a", "10.0.2.0/24")),
        ],
        &["good"],
        &[&same, &same],
    );
    check(
        &[
            ("one.yaml", &with("vlan: 1")),
            ("two.yaml", &pool("odd", "10.0.3.0/24")),
        ],
        &["good"],
        &[
            &["odd: ", "vlan"],
            &["odd: two pools are named \"odd\"", "one.yaml", "two.yaml"],
        ],
    );
    // Files that end where nobody expects it.
    check(
        &[
            ("one.yaml", &format!("{a}---\nkind: [\n")),
            ("two.yaml", &good),
        ],
        &["a", "good"],
        &[&["one.yaml document 2: not readable as YAML", "line"]],
    );
    check(
        &[
            ("one.yaml", "kind: SpiderIPPool\nspec: {}\nspec: {}\n"),
            ("two.yaml", &good),
        ],
        &["good"],
        &[&["one.yaml document 1", "duplicate", "spec"]],
    );
    check(
        &[
            (
                "one.json",
                "{\"kind\": \"SpiderIPPool\", \"spec\": {}, \"spec\": {}}",
            ),
            ("two.yaml", &good),
        ],
        &["good"],
        &[&["one.json document 1: not readable as JSON", "duplicate"]],
    );
    check(
        &[("one.json", &a)],
        &[],
        &[&["one.json document 1: not readable as JSON"]],
    );
}

/// Addresses that belong to somebody else are given to nobody, and a reservation that cannot be read may be of any.
#[test]
fn an_unreadable_reservation_stops_all_pools_of_the_folder() {
    let good = pool("good", "10.0.9.0/24");
    for reserved in [
        "kind: SpiderReservedIP\nspec: {ips: [10.0.9.300]}\n",
        "kind: SpiderReservedIP\nspec: {ips: [\n",
        "kind: SpiderReservedIP\nspec: {}\nspec: {}\n",
    ] {
        let (names, said) = Scratch::new(&[("a.yaml", &good), ("b.yaml", reserved)]).summary();
        assert_eq!(names, [""; 0], "{reserved}");
        let of_pool = said.iter().find(|said| said.starts_with("good: "));
        let of_pool = of_pool.expect("the pool is left out");
        assert!(
            of_pool.contains("b.yaml") && of_pool.contains("which addresses it reserves"),
            "{of_pool}"
        );
    }
    let right = "kind: SpiderReservedIP\nspec: {ips: [10.0.9.0/25]}\n";
    let set = Scratch::new(&[("a.yaml", &good), ("b.yaml", right)]).read();
    assert_eq!(
        set.pools[0].usable()[0].to_string(),
        "10.0.9.128-10.0.9.254"
    );
}

#[test]
fn a_link_that_leads_to_nothing_hurts_nobody() {
    let folder = Scratch::new(&[("a.yaml", &pool("a", "10.0.1.0/24"))]);
    std::os::unix::fs::symlink("nowhere", folder.0.join("b.yaml")).unwrap();
    let (names, said) = folder.summary();
    assert_eq!(names, ["a"]);
    assert!(said[0].contains("b.yaml"), "{said:?}");
}

#[test]
fn a_missing_folder_names_the_key() {
    let missing = Scratch::new(&[]).0.join("none");
    let message = folder(source(&missing)).unwrap_err().to_string();
    for part in [&*missing.to_string_lossy(), "`ipam.folder`", "os error 2"] {
        assert!(message.contains(part), "{message}: no {part:?}");
    }
    assert!(Scratch::new(&[]).read().pools.is_empty());
}

/// By a bound on the work, not on the time: brackets that libyaml would look through at every token, and a file that
/// would not fit into memory.
#[test]
fn a_file_that_would_take_for_ever_is_refused() {
    let nested = Scratch::new(&[("pools.yaml", &"{a: ".repeat(200_000))]);
    let (_, said) = nested.summary();
    assert!(said[0].contains("brackets"), "{said:?}");
    let wide = format!(
        "{}{}",
        pool("a", "10.0.0.0/24"),
        "# [see (1)]\n".repeat(1000)
    );
    assert_eq!(Scratch::new(&[("pools.yaml", &wide)]).summary().0, ["a"]);
    let large = Scratch::new(&[("pools.json", "")]);
    let file = fs::File::options()
        .write(true)
        .open(large.0.join("pools.json"))
        .unwrap();
    file.set_len(3 << 30).unwrap();
    let (_, said) = large.summary();
    assert!(said[0].contains("1572864 bytes"), "{said:?}");
}
