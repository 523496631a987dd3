//! 701 to 711: CHECK (specification, section 2, "CHECK").

use cni_harness::{Delegate, Pod};
use serde_json::{Value, json};

use super::{INTERFACE, ON_INTERFACE};
use crate::scene::unchanged;
use crate::{Case, Scene, Stop, Verdict, Version, expect};

const SINCE: Version = Version::V0_4_0;

pub(super) const CASES: &[Case] = &[
    Case::must(
        701,
        "check-after-add",
        "section 2, CHECK; CRI-O calls it right after each ADD",
        "CHECK succeeds right after ADD",
        check_after_add,
    )
    .since(SINCE)
    .each_version(),
    Case::must(
        702,
        "check-without-previous-result",
        "section 2, CHECK: prevResult is required",
        "CHECK without prevResult is an error",
        check_without_previous_result,
    )
    .kinds(ON_INTERFACE)
    .since(SINCE),
    Case::must(
        703,
        "check-allows-additions",
        "section 2, CHECK: later plugins may have changed",
        "CHECK allows addresses, routes and interfaces that others added",
        check_allows_additions,
    )
    .kinds(ON_INTERFACE)
    .since(SINCE),
    Case::should(
        704,
        "check-interface-gone",
        "section 2, CHECK: an interface that is missing",
        "CHECK fails when the interface is gone",
        check_interface_gone,
    )
    .kinds(ON_INTERFACE)
    .since(SINCE),
    Case::should(
        705,
        "check-address-gone",
        "section 2, CHECK: an address that is missing",
        "CHECK fails when an address of the result is gone",
        check_address_gone,
    )
    .kinds(INTERFACE)
    .since(SINCE)
    .delegating(),
    Case::should(
        706,
        "check-route-gone",
        "section 2, CHECK: a route that is missing",
        "CHECK fails when a route of the result is gone",
        check_route_gone,
    )
    .kinds(INTERFACE)
    .since(SINCE),
    Case::should(
        707,
        "check-hardware-address",
        "section 2, CHECK: an invalid state",
        "CHECK fails when the interface has another hardware address than the result says",
        check_hardware_address,
    )
    .kinds(INTERFACE)
    .since(SINCE),
    Case::should(
        708,
        "check-interface-down",
        "section 2, CHECK: the container is unreachable",
        "CHECK fails when the interface is down",
        check_interface_down,
    )
    .kinds(INTERFACE)
    .since(SINCE)
    .delegating(),
    Case::should(
        709,
        "check-address-given-back",
        "section 2, CHECK: resources that are not in the result",
        "CHECK fails when the address is no longer reserved for the pod",
        check_address_given_back,
    )
    .kinds(INTERFACE)
    .since(SINCE),
    Case::must(
        710,
        "check-asks-the-delegate",
        "section 4: CHECK of a delegate",
        "CHECK calls the delegate with CHECK, and fails when it fails",
        check_asks_the_delegate,
    )
    .kinds(ON_INTERFACE)
    .since(SINCE)
    .delegating(),
    Case::must(
        711,
        "check-changes-nothing",
        "section 2, CHECK: does not change",
        "CHECK changes nothing, whether it succeeds or fails",
        check_changes_nothing,
    )
    .kinds(ON_INTERFACE)
    .since(SINCE),
];

fn check_after_add(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let result = scene.add(&pod)?;
    scene.check(&pod, &result)
}

fn check_without_previous_result(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    scene.add(&pod)?;
    let mut configuration = scene.configuration(&pod);
    if let Some(object) = configuration.as_object_mut() {
        object.remove("prevResult");
    }
    expect::refusal(&scene.call_with("CHECK", &pod, &configuration).run()).map(|_| ())
}

fn check_allows_additions(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let result = scene.add(&pod)?;
    pod.ip("address add 10.55.0.7/24 dev eth0");
    pod.ip("route add 10.56.0.0/16 via 10.55.0.1 dev eth0");
    pod.ip("link add later0 type bridge");
    pod.ip("neighbour add 10.55.0.9 lladdr 02:00:00:00:00:01 dev eth0 nud permanent");
    pod.ip("rule add from 10.55.0.7 table 100");
    scene.check(&pod, &result)
}

/// ADD, then `damage`, then a CHECK that must fail.
fn fails_after(scene: &Scene, damage: impl FnOnce(&Pod, &Value) -> Verdict) -> Verdict {
    let pod = scene.pod();
    let result = scene.add(&pod)?;
    scene.check(&pod, &result)?;
    damage(&pod, &result)?;
    expect::refusal(&scene.check_call(&pod, &result).run()).map(|_| ())
}

fn check_interface_gone(scene: &Scene) -> Verdict {
    fails_after(scene, |pod, _| {
        pod.ip("link delete eth0");
        Ok(())
    })
}

fn check_address_gone(scene: &Scene) -> Verdict {
    fails_without_routes_after(scene, "address delete 10.9.0.5/24 dev eth0")
}

fn check_route_gone(scene: &Scene) -> Verdict {
    fails_after(scene, |pod, result| {
        let destination = first(result, "routes", "dst")?;

        pod.ip(&format!("route delete {destination} dev eth0"));
        Ok(())
    })
}

fn check_hardware_address(scene: &Scene) -> Verdict {
    fails_after(scene, |pod, result| {
        let reported = result["interfaces"].as_array().into_iter().flatten();
        if !reported
            .clone()
            .any(|one| one["name"] == "eth0" && one["mac"].is_string())
        {
            return Err(Stop::NotApplicable(
                "the result has no hardware address".into(),
            ));
        }
        pod.ip("link set eth0 address 02:00:00:00:00:99");
        Ok(())
    })
}

fn check_interface_down(scene: &Scene) -> Verdict {
    fails_without_routes_after(scene, "link set eth0 down")
}

/// As [`fails_after`], with an attachment that has an address and no route of its own: the
/// kernel takes routes away with the address and with the link, and a CHECK that looks at
/// routes alone would find it by them.
fn fails_without_routes_after(scene: &Scene, damage: &str) -> Verdict {
    let pod = scene.pod();
    let delegate = without_routes(scene);
    let mut configuration = scene.delegating(&pod);
    let call = |verb, configuration: &Value| {
        let call = scene.call_with(verb, &pod, configuration);
        call.path(&delegate.path()).run()
    };
    configuration["prevResult"] = expect::result(&call("ADD", &configuration))?;
    expect::silence(&call("CHECK", &configuration))?;
    pod.ip(damage);
    expect::refusal(&call("CHECK", &configuration)).map(|_| ())
}

/// The suite's IPAM plugin, which answers with an address only.
fn without_routes(scene: &Scene) -> Delegate {
    let delegate = scene.delegate();
    let mut answer = scene.address("10.9.0.5/24");
    answer["routes"] = json!([]);
    delegate.answers("ADD", &format!("echo '{answer}'"));
    delegate
}

fn check_address_given_back(scene: &Scene) -> Verdict {
    let configuration = &scene.subject.configuration;
    if scene.subject.ipam() != Some("host-local") || configuration["ipam"].get("dataDir").is_some()
    {
        return Err(Stop::NotApplicable(
            "only for host-local in its own folder does the suite know how to give an address back"
                .into(),
        ));
    }
    fails_after(scene, |_, result| {
        let address = first(result, "ips", "address")?;
        let address = address.split('/').next().unwrap_or_default();
        let network = configuration["name"].as_str().unwrap_or_default();
        let file = format!("/var/lib/cni/networks/{network}/{address}");
        std::fs::remove_file(&file)
            .map_err(|error| Stop::Failed(format!("host-local keeps no file {file}: {error}")))
    })
}

fn check_asks_the_delegate(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let delegate = without_routes(scene);
    let configuration = scene.delegating(&pod);
    let added = scene
        .call_with("ADD", &pod, &configuration)
        .path(&delegate.path())
        .run();
    let mut configuration = configuration;
    configuration["prevResult"] = expect::result(&added)?;
    let check = scene
        .call_with("CHECK", &pod, &configuration)
        .path(&delegate.path());
    expect::silence(&check.clone().run())?;
    super::delegation::last_call(&delegate, "CHECK")?;
    delegate.answers("CHECK", super::delegation::REFUSAL);
    expect::refusal(&check.run()).map(|_| ())
}

fn check_changes_nothing(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let result = scene.add(&pod)?;
    let attached = scene.oracle();
    scene.check(&pod, &result)?;
    unchanged(&attached)?;
    let mut wrong = result;
    wrong["ips"] = json!([{"address": "10.254.254.254/24", "interface": 0}]);
    // Whether it fails is another case.
    scene.check_call(&pod, &wrong).run();
    unchanged(&attached)
}

/// A value of the first entry of a list in the result.
fn first(result: &Value, list: &str, key: &str) -> Result<String, Stop> {
    result[list][0][key]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| Stop::NotApplicable(format!("the result has no {list}")))
}
