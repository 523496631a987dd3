use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use serde_json::{Value, json};

use super::*;
use crate::attachment::PodIdentity;
use crate::cni::{Configuration, Environment, Request, Verb};
use crate::policy::Policy;

fn request(more: &Value) -> AddRequest {
    let variable = |name: &str| match name {
        "CNI_COMMAND" => Some("ADD".into()),
        "CNI_CONTAINERID" => Some("a".into()),
        "CNI_IFNAME" => Some("net1".into()),
        "CNI_NETNS" => Some("/run/netns/a".into()),
        "CNI_PATH" => Some("/opt/cni/bin".into()),
        _ => None,
    };
    let mut text = json!({
        "cniVersion": "1.1.0", "name": "rail0", "type": "macvlan", "master": "ens1",
        "ipam": {"type": "pool", "pools": [{"subnet": "10.0.0.0/24"}], "defaultIPv4IPPool": ["own"], "sticky": false},
    });
    for (key, value) in more.as_object().unwrap() {
        text[key] = value.clone();
    }
    let configuration = Configuration::parse(Verb::Add, text.to_string().into_bytes()).unwrap();
    let environment = Environment::read(variable).unwrap();
    AddRequest::of(Request::new(environment, configuration, Policy::default()).unwrap()).unwrap()
}

fn choice(value: Value) -> PodChoice {
    serde_json::from_value(value).unwrap()
}

/// The `ipam` that components see.
fn ipam(request: &AddRequest) -> Value {
    request.call.configuration.lower["ipam"].clone()
}

#[test]
fn the_pools_of_an_interface_take_the_place_of_the_networks() {
    let mut request = request(&json!({}));
    let untouched = ipam(&request);
    let of_others = choice(json!({"pools": {"net2": {"ipv4": ["b"]}}}));
    put_into(&mut request, of_others).unwrap();
    assert_eq!(ipam(&request), untouched);
    let own = choice(json!({"pools": {
        "*": {"ipv4": ["z"]}, "net1": {"ipv4": ["a", "rail-*"], "ipv6": ["c"], "because": "its annotation"}
    }}));
    let lines = put_into(&mut request, own).unwrap();
    assert_eq!(lines, ["pools a, rail-*, c by its annotation"]);
    let expected = json!({
        "type": "pool", "sticky": false,
        "default_ipv4_ippool": ["a", "rail-*"], "default_ipv6_ippool": ["c"],
    });
    assert_eq!(ipam(&request), expected);
    let known = request.pod_choice.choice().unwrap();
    assert_eq!(known.because.as_deref(), Some("its annotation"));
    let of_any = choice(json!({"pools": {"*": {"ipv6": ["z"], "clean-gateway": true}}}));
    put_into(&mut request, of_any).unwrap();
    let expected = json!({
        "type": "pool", "sticky": false, "clean_gateway": true,
        "default_ipv4_ippool": [], "default_ipv6_ippool": ["z"],
    });
    assert_eq!(ipam(&request), expected);
}

/// One without names says nothing of pools.
#[test]
fn a_choice_without_pools_leaves_those_of_the_network() {
    let mut request = request(
        &json!({"ipam": {"type": "pool", "default_ipv4_ippool": ["own"], "cleanGateway": false}}),
    );
    put_into(
        &mut request,
        choice(json!({"pools": {"*": {"clean-gateway": true}}})),
    )
    .unwrap();
    let expected = json!({"type": "pool", "default_ipv4_ippool": ["own"], "clean_gateway": true});
    assert_eq!(ipam(&request), expected);
}

#[test]
fn the_default_route_goes_by_the_interface_that_the_pod_names_unless_the_network_does() {
    let disposition = |rails: Value, name: &str| {
        let mut request = request(&json!({"rails": rails}));
        put_into(&mut request, choice(json!({"default-route-nic": name}))).unwrap();
        request.rails.unwrap().disposition
    };
    assert_eq!(disposition(json!({}), "net1"), Disposition::Copy);
    assert_eq!(disposition(json!({}), "eth0"), Disposition::Move);
    let own = json!({"disposition": "move"});
    assert_eq!(disposition(own, "net1"), Disposition::Move);
    let coordinator = |more: Value| {
        let mut request = request(&more);
        put_into(&mut request, choice(json!({"default-route-nic": "net2"}))).unwrap();
        request.coordinator.unwrap().default_route_interface
    };
    let plain = json!({"type": "coordinator", "ipam": null});
    assert_eq!(coordinator(plain).as_deref(), Some("net2"));
    let own = json!({"type": "coordinator", "ipam": null, "podDefaultRouteNIC": "net1"});
    assert_eq!(coordinator(own).as_deref(), Some("net1"));
}

#[test]
fn what_makes_no_sense_is_said() {
    for (value, part) in [
        (json!({"default-route-nic": "a b"}), "default route"),
        (
            json!({"routes": [{"dst": "10.0.0.0", "gw": "10.0.0.1"}]}),
            "\"10.0.0.0\" by 10.0.0.1: the destination must be a network like 10.0.0.0/16",
        ),
        (
            json!({"routes": [{"dst": "10.0.0.1/8", "gw": "10.0.0.1"}]}),
            "did you mean 10.0.0.0/8?",
        ),
        (
            json!({"routes": [{"dst": "fd00::/8", "gw": "10.0.0.1"}]}),
            "both must be of one family",
        ),
        (
            json!({"routes": [{"dst": "10.0.0.0/8", "gw": "127.0.0.1"}]}),
            "the address of a router",
        ),
    ] {
        let error = put_into(&mut request(&json!({})), choice(value.clone())).unwrap_err();
        assert_eq!(error.code, Code::INVALID_CONFIGURATION, "{value}");
        assert!(error.message.contains(part), "{error}");
    }
}

fn pod(namespace: &str, name: &str, uid: &str) -> PodIdentity {
    PodIdentity {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid: uid.to_owned(),
    }
}

#[test]
fn a_file_is_read_when_it_is_the_pods_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("team-a_web.0.json");
    let read = |namespace: &str, name: &str, uid: &str| {
        file::read(folder.path(), &pod(namespace, name, uid))
    };
    assert_eq!(read("team-a", "web.0", "u1"), Ok(None));
    let written = json!({"uid": "u1", "default-route-nic": "net1", "later": 1});
    fs::write(&path, written.to_string()).unwrap();
    let found = read("team-a", "web.0", "u1").unwrap().unwrap();
    assert_eq!(found.default_route_nic.as_deref(), Some("net1"));
    // Of the pod before, or nobody knows of which.
    assert_eq!(read("team-a", "web.0", "u2"), Ok(None));
    assert_eq!(read("team-a", "web.0", ""), Ok(None));
    for name in ["../team-a_web.0", ".", "", "a/b", "A"] {
        assert_eq!(read("team-a", name, "u1"), Ok(None), "{name}");
        assert_eq!(read(name, "web.0", "u1"), Ok(None), "{name}");
    }
    for text in ["", "5", "{\"uid\": 5}", "{\"pools\": []}"] {
        fs::write(&path, text).unwrap();
        let error = read("team-a", "web.0", "u1").unwrap_err();
        assert!(error.message.contains("team-a_web.0.json"), "{error}");
    }
    fs::write(&path, " ".repeat(LIMIT + 1)).unwrap();
    let error = read("team-a", "web.0", "u1").unwrap_err();
    assert!(error.message.contains("more than"), "{error}");
}

const LIMIT: usize = plumb_protocol::LIMIT;

#[test]
fn an_annotation_that_the_agent_could_not_understand_refuses_the_pod() {
    let mut request = request(&json!({}));
    let wrong = choice(json!({"uid": "u1", "refusal": "annotation a is not JSON"}));
    let error = put_into(&mut request, wrong).unwrap_err();
    assert_eq!(error.code, Code::INVALID_CONFIGURATION);
    assert_eq!(error.message, "annotation a is not JSON");
}

#[test]
fn a_file_that_somebody_else_may_have_written_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a_b.json");
    let read = || file::read(folder.path(), &pod("a", "b", "u1"));
    let text = json!({"uid": "u1"}).to_string();
    fs::write(&path, &text).unwrap();
    assert!(read().unwrap().is_some());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(read().is_err());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    chown(&path, Some(1), None).unwrap();
    assert!(read().is_err());
    fs::remove_file(&path).unwrap();
    let elsewhere = folder.path().join("elsewhere");
    fs::write(&elsewhere, &text).unwrap();
    symlink(&elsewhere, &path).unwrap();
    assert!(read().is_err());
    fs::remove_file(&path).unwrap();
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRUSR).unwrap();
    let error = read().unwrap_err();
    assert!(error.message.contains("not a regular file"), "{error}");
}
