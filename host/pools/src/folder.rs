//! The files of a folder of manifests, and the documents in them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_yaml_ng::Value as Yaml;

use super::manifest;
use super::set::Draft;
use super::{AddressRange, Error, Folder};

/// Reads all manifests of a folder, by file name.
pub(super) fn read(
    folder: Folder<'_>,
    drafts: &mut Vec<Draft>,
    reserved: &mut Vec<AddressRange>,
) -> Result<(), Error> {
    for path in manifests(folder)? {
        for (index, document) in documents(&path)?.into_iter().enumerate() {
            let place = format!("{} document {}", path.display(), index + 1);
            manifest::read(&document, &place, drafts, reserved)?;
        }
    }
    Ok(())
}

/// The files to read. The extension also sorts out what editors leave (`pools.yaml~`,
/// `pools.yaml.swp`). Links are followed and hidden entries are not: a mounted
/// ConfigMap shows each file as a link into a hidden folder.
fn manifests(folder: Folder<'_>) -> Result<Vec<PathBuf>, Error> {
    let unreadable = |source| Error::Folder {
        path: folder.path.to_owned(),
        key: folder.key.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder.path).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if !is_manifest(&path) {
            continue;
        }
        let metadata = fs::metadata(&path).map_err(|source| Error::File {
            path: path.clone(),
            source,
        })?;
        if metadata.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn is_manifest(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    let named = path.extension().is_some_and(|extension| {
        ["yaml", "yml", "json"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    });
    named && !hidden
}

fn documents(path: &Path) -> Result<Vec<Yaml>, Error> {
    let text = fs::read_to_string(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })?;
    let syntax = |document: usize, format, message| Error::Syntax {
        place: format!("{} document {document}", path.display()),
        format,
        message,
    };
    if path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
    {
        // Into the YAML type because, unlike that of JSON, it refuses a key written twice.
        return serde_json::from_str(&text)
            .map(|document| vec![document])
            .map_err(|error| syntax(1, "JSON", error.to_string()));
    }
    serde_yaml_ng::Deserializer::from_str(&text)
        .enumerate()
        .map(|(index, document)| {
            Yaml::deserialize(document)
                .map_err(|error| syntax(index + 1, "YAML", error.to_string()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
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
}
