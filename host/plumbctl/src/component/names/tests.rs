use plumb::components::store::Manifest;

use super::*;

fn about(world: &str) -> About {
    About {
        form: "component".into(),
        world: world.into(),
        contract: "0.2.0".into(),
        exports: Vec::new(),
        imports: Vec::new(),
        wasi: Vec::new(),
        is_composed: false,
        size: 8,
        digest: "sha256:0".into(),
        declaration: None,
    }
}

fn installed(world: &str) -> Installed {
    Installed {
        name: "acme".into(),
        folder: "/nowhere".into(),
        manifest: Manifest {
            world: world.into(),
            digest: "sha256:0".into(),
            grants: Default::default(),
            devices: Default::default(),
            large: false,
            compiled: Default::default(),
        },
    }
}

#[test]
fn what_means_something_already_is_refused_with_what_it_means() {
    for (name, words) in [
        ("macvlan-shared", "built in"),
        ("pool", "address policy that is built in"),
        ("sriov", "type that plumb answers to"),
        ("coordinator", "type that plumb answers to"),
        ("plumb", "type that plumb answers to"),
        ("host-local", "IPAM type"),
        ("whereabouts", "IPAM type"),
        ("spiderpool", "IPAM type"),
    ] {
        let error = free(name).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains(name), "{error}");
    }
    free("acme").unwrap();
    assert!(well_formed("../acme").is_err());
    assert!(well_formed("Acme").is_err());
}

#[test]
fn a_flavour_and_a_policy_have_no_name_in_common() {
    fitting("acme", &about("flavour"), None).unwrap();
    fitting("acme", &about("flavour"), Some(&installed("flavour"))).unwrap();
    for (new, old) in [("flavour", "address-policy"), ("address-policy", "flavour")] {
        let error = fitting("acme", &about(new), Some(&installed(old))).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("component remove acme"), "{error}");
    }
}
