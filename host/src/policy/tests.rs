//! What the file says, and what that means for networks.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::Code;
use crate::facts::RecordedFacts;
use crate::facts::{Facts, Place};

/// What is wrong with a file, or what it says.
fn read(text: &str) -> crate::Result<Policy> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plumb.toml");
    fs::write(&file, text).unwrap();
    Reader { file: Some(file) }.read()
}

fn policy(text: &str) -> Policy {
    read(text).unwrap()
}

#[test]
fn a_mistake_in_the_file_is_never_a_rule_that_is_missing() {
    for (text, expected) in [
        ("profile = \"open\"", "open"),
        ("parents = [\"ens*\"]", "there is no parents"),
        (
            "[networks]\nparent = [\"ens*\"]",
            "line 2: there is no networks.parent; did you mean \"parents\"? known are parents",
        ),
        (
            "[networks]\nparents = \"ens*\"",
            "line 2: networks.parents must be a list",
        ),
        (
            "[networks]\naddress-space = [\"10.0.0.0/40\"]",
            "10.0.0.0/40",
        ),
        ("cluster-networks = [\"0.0.0.0/0\"]", "0.0.0.0/0"),
        ("cluster-networks = [\"10.96.0.1/12\"]", "10.96.0.1/12"),
        ("[folders]\nstate = \"run/plumb\"", "folders.state"),
        ("[folders]\nlog = \"/var/log/../../etc\"", "folders.log"),
        ("[log]\nlevel = \"loud\"", "loud"),
        ("[networks", "line 1"),
        ("[networks]\nparents = [3]", "networks.parents"),
        ("[log]\nfile = \"../x\"", "log.file"),
        ("[log]\nsize-limit = -1", "log.size-limit"),
        ("folders = 3", "folders must be a table"),
        (&"#".repeat(70_000), "larger"),
    ] {
        let error = read(text).unwrap_err();
        assert_eq!(error.code, Code::POLICY, "{text}");
        assert!(error.message.contains(expected), "{text}: {error}");
        assert!(!error.message.contains('\n'), "{error}");
    }
}

#[test]
fn only_roots_own_file_counts_and_one_that_was_asked_for_must_exist() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plumb.toml");
    let reader = Reader {
        file: Some(file.clone()),
    };
    assert_eq!(reader.read().unwrap_err().code, Code::POLICY);
    fs::write(&file, "profile = \"shared\"").unwrap();
    assert_eq!(reader.read().unwrap().profile, Profile::Shared);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o646)).unwrap();
    let error = reader.read().unwrap_err();
    assert!(error.message.contains("mode 646"), "{error}");
}

#[test]
fn a_removal_needs_the_folders_and_nothing_else_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plumb.toml");
    let reader = Reader {
        file: Some(file.clone()),
    };
    fs::write(
        &file,
        "profil = 1\n[folders]\nstate = \"/run/elsewhere\"\ntypo = 2\n[networks]\nparents = 3",
    )
    .unwrap();
    assert!(reader.read().is_err());
    let policy = reader.read_for_removal().unwrap();
    assert_eq!(policy.folders.state, Path::new("/run/elsewhere"));
    fs::write(&file, "[folders]\nstate = 5").unwrap();
    assert_eq!(reader.read_for_removal().unwrap_err().code, Code::POLICY);
}

#[test]
fn information_about_a_device_goes_below_its_folder_only() {
    let policy = Policy::default();
    let file = Path::new("/run/k8s.cni.cncf.io/devinfo/cni/a");
    assert_eq!(policy.check_device_info(file).unwrap(), file);
    let former = Path::new("/var/run/k8s.cni.cncf.io/devinfo/cni/a");
    assert_eq!(policy.check_device_info(former).unwrap(), file);
    for path in [
        "/etc/cron.d/job",
        "/run/k8s.cni.cncf.io/devinfo",
        "/run/k8s.cni.cncf.io/devinfo/../../cron.d/job",
        "/run/k8s.cni.cncf.io/devinfos/a",
    ] {
        let error = policy.check_device_info(Path::new(path)).unwrap_err();
        assert_eq!(error.code, Code::INVALID_CONFIGURATION, "{path}");
    }
}

#[test]
fn a_log_is_as_loud_as_the_node_allows() {
    let silent = policy("[log]\nlevel = \"error\"");
    assert_eq!(silent.log.level_for(Some(Level::Debug)), Level::Error);
    assert_eq!(silent.log.level_for(None), Level::Error);
    let loud = policy("[log]\nlevel = \"debug\"");
    assert_eq!(loud.log.level_for(Some(Level::Info)), Level::Info);
    assert_eq!(loud.log.level_for(None), Level::Debug);
    let default = Policy::default();
    assert_eq!(default.log.level_for(Some(Level::Debug)), Level::Debug);
    assert_eq!(default.log.level_for(None), Level::Warning);
}

/// A node whose default route leads by `ens1`, and a second card.
fn facts() -> RecordedFacts {
    let function = |address: &str, link: &str, index: u32| {
        json!({
            "address": address, "driver": "mlx5_core",
            "links": [{"name": link, "index": index, "mac": "02:00:00:00:00:01", "mtu": 1500, "pci": address}]
        })
    };
    let link = |name: &str, index: u32, pci: &str| {
        json!({
            "name": name, "index": index, "mac": "02:00:00:00:00:01", "mtu": 1500, "pci": pci,
            "alternativeNames": [format!("{name}alt")]
        })
    };
    let text = json!({
        "host": {
            "links": [link("ens1", 2, "0000:01:00.0"), link("ens2", 3, "0000:02:00.0")],
            "defaultRouteLink": "ens1"
        },
        "pciFunctions": [function("0000:01:00.0", "ens1", 2), function("0000:02:00.0", "ens2", 3)]
    });
    RecordedFacts::parse(text.to_string().as_bytes()).unwrap()
}

#[test]
fn a_parent_must_be_named_and_that_of_the_default_route_letter_for_letter() {
    let facts = facts();
    let link = |name: &str| facts.link(Place::Host, name).unwrap().unwrap();
    let allowed = |rule: &str, name: &str| {
        let policy = policy(&format!("profile = \"shared\"\n[networks]\n{rule}"));
        match policy.check_parent(&link(name), &facts) {
            Ok(()) => true,
            Err(error) => {
                assert_eq!(error.code, Code::DENIED);
                assert!(error.message.contains("networks.parents"), "{error}");
                assert!(error.message.contains("plumb.toml"), "{error}");
                false
            }
        }
    };
    for (rule, on_default, on_other) in [
        ("", false, false),
        ("parents = []", false, false),
        ("parents = [\"*\"]", false, true),
        ("parents = [\"ens*\"]", false, true),
        ("parents = [\"ens2alt\"]", false, true),
        ("parents = [\"driver:mlx5_core\"]", false, true),
        ("parents = [\"driver:ixgbe\"]", false, false),
        ("parents = [\"ens1\", \"ens2\"]", true, true),
        ("parents = [\"ens1alt\"]", true, false),
    ] {
        assert_eq!(allowed(rule, "ens1"), on_default, "ens1 by {rule}");
        assert_eq!(allowed(rule, "ens2"), on_other, "ens2 by {rule}");
    }
    for name in ["ens1", "ens2"] {
        Policy::default().check_parent(&link(name), &facts).unwrap();
    }
}

/// `ens1`, with the node's default route on a VLAN of it, and a bond with a VLAN that plumb made of two other cards.
fn stacked_facts(alias: &str) -> RecordedFacts {
    let link = |name: &str, index: u32, kind: Option<&str>, alias: Option<&str>| {
        json!({
            "name": name, "index": index, "kind": kind, "alias": alias, "mac": "02:00:00:00:00:01", "mtu": 1500
        })
    };
    let text = json!({
        "host": {
            "links": [
                link("ens1", 2, None, None), link("ens1.7", 3, Some("vlan"), None),
                link("ens2", 4, None, None), link("ens3", 5, None, None),
                link("bond0", 6, Some("bond"), Some(alias)),
                link("bond0.5", 7, Some("vlan"), Some(alias)),
            ],
            "defaultRouteLink": "ens1.7",
            "details": {
                "ens1.7": {"below": ["ens1"]},
                "bond0": {"below": ["ens2", "ens3"]},
                "bond0.5": {"below": ["bond0"]},
            }
        }
    });
    RecordedFacts::parse(text.to_string().as_bytes()).unwrap()
}

#[test]
fn what_plumb_made_counts_as_what_it_consists_of() {
    let parents = |list: &str| {
        policy(&format!(
            "profile = \"shared\"\n[networks]\nparents = [{list}]"
        ))
    };
    let made = "plumb: made for pods, removed with the last; up before: ens2";
    for (alias, list, expected) in [
        (made, "\"ens2\", \"ens3\"", true),
        (made, "\"ens*\"", true),
        (made, "\"ens2\"", false),
        (made, "", false),
        (made, "\"bond0.5\"", true),
        (made, "\"driver:vlan\"", true),
        ("an administrator's", "\"ens2\", \"ens3\"", false),
    ] {
        let facts = stacked_facts(alias);
        let vlan = facts.link(Place::Host, "bond0.5").unwrap().unwrap();
        let checked = parents(list).check_parent(&vlan, &facts);
        assert_eq!(checked.is_ok(), expected, "{alias}, {list}: {checked:?}");
    }
}

#[test]
fn what_leads_the_default_route_below_a_vlan_becomes_no_member() {
    let facts = stacked_facts("");
    let member = |rules: &str, name: &str| {
        let link = facts.link(Place::Host, name).unwrap().unwrap();
        policy(rules).check_member(&link, &facts)
    };
    for rules in ["", "[networks]\nparents = [\"ens*\"]"] {
        let error = member(rules, "ens1").unwrap_err();
        assert_eq!(error.code, Code::DENIED, "{error}");
        assert!(error.message.contains("default route"), "{error}");
        member(rules, "ens2").unwrap();
    }
    member("[networks]\nparents = [\"ens1\"]", "ens1").unwrap();
    assert!(member("profile = \"shared\"", "ens2").is_err());
}

#[test]
fn the_function_of_the_default_route_is_not_given_away_by_any_profile() {
    let facts = facts();
    let function = |address: &str| facts.pci_function(address).unwrap().unwrap();
    let (management, other) = (function("0000:01:00.0"), function("0000:02:00.0"));
    let open = Policy::default();
    open.check_function(&other, &facts).unwrap();
    let error = open.check_function(&management, &facts).unwrap_err();
    assert!(error.message.contains("default route"), "{error}");
    let named = policy("[networks]\nfunctions = [\"0000:01:00.0\"]");
    named.check_function(&management, &facts).unwrap();
    assert!(named.check_function(&other, &facts).is_err());
    let by_pattern = policy("[networks]\nfunctions = [\"0000:*\"]");
    by_pattern.check_function(&other, &facts).unwrap();
    assert!(by_pattern.check_function(&management, &facts).is_err());
}

#[test]
fn what_is_not_named_is_refused_where_tenants_share_the_node() {
    let shared = policy(
        "profile = \"shared\"\n[networks]\nflavours = [\"macvlan-shared\"]\nipam = [\"pool\"]\n\
         address-space = [\"10.8.0.0/16\"]",
    );
    shared.check_flavour("macvlan-shared").unwrap();
    shared.check_ipam("pool").unwrap();
    assert_eq!(shared.check_flavour("acme").unwrap_err().code, Code::DENIED);
    assert_eq!(shared.check_ipam("static").unwrap_err().code, Code::DENIED);
    let pool = |subnet: &str| {
        let text = json!([{"name": "p", "subnet": subnet}]);
        crate::pools::inline(&text).unwrap().remove(0)
    };
    shared.check_pool(&pool("10.8.3.0/24")).unwrap();
    for subnet in ["10.0.0.0/8", "10.9.0.0/24", "fd00::/64"] {
        let error = shared.check_pool(&pool(subnet)).unwrap_err();
        assert!(error.message.contains(subnet), "{error}");
        Policy::default().check_pool(&pool(subnet)).unwrap();
    }
}

#[test]
fn a_link_is_on_the_wire_that_names_it_first() {
    let facts = facts();
    let policy = policy(
        "[[wires]]\nname = \"a\"\nparents = [\"ens2alt\"]\n[[wires]]\nname = \"b\"\nparents = [\"ens*\"]\n",
    );
    let link_of = |name: &str| facts.link(Place::Host, name).unwrap().unwrap();
    let space = |name: &str| policy.space(&link_of(name), &facts).unwrap();
    assert_eq!(space("ens1"), "wire/b");
    assert_eq!(space("ens2"), "wire/a");
    let by_driver = self::policy("[[wires]]\nname = \"a\"\nparents = [\"driver:mlx5*\"]\n");
    assert_eq!(by_driver.space(&link_of("ens2"), &facts).unwrap(), "wire/a");
    let none = self::policy("[[wires]]\nname = \"a\"\nparents = [\"driver:ixgbe\"]\n");
    assert_eq!(none.space(&link_of("ens2"), &facts).unwrap(), "");
    assert_eq!(
        Policy::default().space(&link_of("ens2"), &facts).unwrap(),
        ""
    );
    assert_eq!(policy.spaces(), ["", "wire/a", "wire/b"]);
    assert_eq!(space_of_record("rail0", "rail0"), "");
    assert_eq!(space_of_record("wire/a", "rail0"), "wire/a");
    for text in [
        "[[wires]]\nparents = [\"a\"]",
        "[[wires]]\nname = \"a/b\"",
        "[[wires]]\nname = \"a\"\n[[wires]]\nname = \"a\"",
        "[wires]\nname = \"a\"",
        "wires = [1]",
    ] {
        assert_eq!(read(text).unwrap_err().code, Code::POLICY, "{text}");
    }
}
