use serde_json::json;

use super::*;
use crate::cni::Verb;

fn configuration(keys: Value) -> Configuration {
    let mut network = json!({"cniVersion": "1.1.0", "name": "n", "type": "macvlan"});
    for (key, value) in keys.as_object().unwrap() {
        network[key] = value.clone();
    }
    Configuration::parse(Verb::Add, network.to_string().into_bytes()).unwrap()
}

fn choice(master: Value) -> Result<Choice> {
    let master = Master::of(&configuration(json!({"master": master})))?;
    Ok(master.expect("it names a parent").choice)
}

fn rail(number: usize, numa_node: Option<u32>, like: Option<&str>) -> Choice {
    Choice::Rail(Rail {
        number,
        numa_node,
        like: like.map(|like| Pattern::from(like.to_owned())),
    })
}

#[test]
fn every_form_is_understood() {
    let like = |text: &str| Choice::Like(text.to_owned().into());
    for (master, expected) in [
        (json!("ens1"), Choice::Name("ens1".into())),
        (json!("ens*"), like("ens*")),
        (json!("ens?f0"), like("ens?f0")),
        (json!("driver:mlx5_core"), like("driver:mlx5_core")),
        (
            json!(["a", "b"]),
            Choice::FirstOf(vec!["a".into(), "b".into()]),
        ),
        (
            json!({"RDMA": "mlx5_0"}),
            Choice::RdmaDevice("mlx5_0".into()),
        ),
        (json!({"rail": 3}), rail(3, None, None)),
        (json!({"rail": 1, "numa": 0}), rail(1, Some(0), None)),
        (
            json!({"Rail": 2, "match": "mlx5_*", "numa": null}),
            rail(2, None, Some("mlx5_*")),
        ),
    ] {
        assert_eq!(choice(master.clone()), Ok(expected), "{master}");
    }
}

#[test]
fn left_out_it_names_nothing() {
    for keys in [
        json!({}),
        json!({"master": null}),
        json!({"master": ""}),
        // These have no such key, and whatever it says means nothing.
        json!({"type": "sriov", "master": 7}),
        json!({"type": "plumb", "flavour": "ib-sriov", "master": {}}),
        json!({"type": "coordinator", "master": ["a", 1]}),
    ] {
        assert_eq!(Master::of(&configuration(keys.clone())), Ok(None), "{keys}");
    }
}

#[test]
fn a_vendors_flavour_has_it_too() {
    let keys = json!({"type": "plumb", "flavour": "acme", "master": {"rail": 1}});
    let master = Master::of(&configuration(keys)).unwrap().unwrap();
    assert_eq!(master.choice, rail(1, None, None));
}

#[test]
fn what_is_wrong_is_said() {
    let many: Vec<_> = (0..65).map(|number| format!("nic{number}")).collect();
    for (master, expected) in [
        (
            json!(7),
            "must be the name of an interface, a list of names",
        ),
        (json!(true), "not true"),
        (json!([]), "a list of 0 names, and must have 1 to 64"),
        (json!(many), "a list of 65 names"),
        (
            json!(["a", 1]),
            "must be a list of names of interfaces, not 1",
        ),
        (json!(["a", ""]), "not \"\""),
        (json!(["a", null]), "not null"),
        (json!(["a", "b*"]), "a list with the pattern \"b*\""),
        (json!({}), "without \"rdma\" and without \"rail\""),
        (json!({"rial": 1}), "did you mean \"rail\"?"),
        (json!({"rail": 1, "numma": 1}), "did you mean \"numa\"?"),
        (json!({"rail": 0}), "counted from 1, not 0"),
        (json!({"rail": -1}), "not -1"),
        (json!({"rail": 1.5}), "not 1.5"),
        (json!({"rail": "1"}), "not \"1\""),
        (json!({"rail": 4294967296u64}), "not 4294967296"),
        (json!({"rail": 1, "numa": -1}), "a NUMA node, not -1"),
        (
            json!({"rail": 1, "match": ""}),
            "a pattern like \"mlx5_*\", not \"\"",
        ),
        (json!({"rail": 1, "rdma": "mlx5_0"}), "leave one out"),
        (json!({"rdma": "mlx5_0", "numa": 1}), "only with \"rail\""),
        (
            json!({"rdma": "mlx5_0", "match": "*"}),
            "only with \"rail\"",
        ),
        (json!({"rdma": ["mlx5_0"]}), "the name of an RDMA device"),
        (
            json!({"match": "*"}),
            "without \"rdma\" and without \"rail\"",
        ),
    ] {
        let error = choice(master.clone()).unwrap_err();
        assert_eq!(error.code, crate::Code::INVALID_CONFIGURATION, "{master}");
        assert!(
            error.message.contains(expected),
            "{master}: {}",
            error.message
        );
    }
}

#[test]
fn in_the_pod_there_are_only_names() {
    let of = |master: Value| {
        Master::of(&configuration(
            json!({"master": master, "linkInContainer": true}),
        ))
    };
    for master in [json!("net0"), json!(["net0", "net1"])] {
        assert_eq!(of(master).unwrap().unwrap().place, Place::Pod);
    }
    for master in [json!("net*"), json!({"rail": 1}), json!({"rdma": "mlx5_0"})] {
        let error = of(master.clone()).unwrap_err();
        for part in ["linkInContainer", &master.to_string()] {
            assert!(error.message.contains(part), "{}", error.message);
        }
    }
}
