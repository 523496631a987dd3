//! The chart, and the plain manifest that is written from it.

use std::fs;
use std::process::Command;

use plumb_deploy_tests::{find, folder, helm, objects, rendered, template};
use serde_json::{Value, json};

/// Who has only the manifests gets what the chart says today.
#[test]
fn the_manifests_are_what_the_chart_renders() {
    let scratch = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(folder().join("manifest"));
    let output = command.arg(scratch.path()).env("HELM", helm()).output();
    let output = output.expect("the script runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for name in ["plumb-crds.yaml", "plumb.yaml"] {
        let fresh = fs::read_to_string(scratch.path().join(name)).expect("a manifest");
        let kept = fs::read_to_string(folder().join(name)).expect("a manifest");
        assert!(
            fresh == kept,
            "deploy/{name} is not that of the chart: run `make manifest`"
        );
        // Whoever takes plumb away keeps pools and claims.
        let crds = objects(&kept)
            .iter()
            .filter(|object| object["kind"] == "CustomResourceDefinition")
            .count();
        assert_eq!(crds > 0, name == "plumb-crds.yaml", "{name}");
    }
}

#[test]
fn helm_finds_nothing_to_complain_of() {
    let mut command = Command::new(helm());
    command.args(["lint", "--strict", "--kube-version", "1.35.0"]);
    let output = command.arg(folder().join("chart/plumb")).output();
    let output = output.expect("helm runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

/// All that is rendered with everything switched on.
fn everything() -> Vec<Value> {
    rendered(&[
        "--include-crds",
        "--set=multus.multusCNI.defaultCniCRName=k8s-pod-network",
        "--set=rdma.rdmaSharedDevicePlugin.install=true",
        "--set=prometheus.podMonitor.enabled=true",
        "--set=prometheus.rules.enabled=true",
        "--set=grafana.dashboard.enabled=true",
    ])
}

/// What a node's security depends on: said here once more, so that nobody changes it by the way.
#[test]
fn plumbs_own_pods_have_no_privileges() {
    let objects = everything();
    for (kind, name, user) in [
        ("DaemonSet", "plumb-agent", json!(0)),
        ("Deployment", "plumb-controller", json!(null)),
    ] {
        let pod = &find(&objects, kind, name)["spec"]["template"]["spec"];
        assert_eq!(
            pod["securityContext"]["seccompProfile"]["type"],
            "RuntimeDefault"
        );
        assert!(pod["hostPID"].is_null() && pod["hostIPC"].is_null());
        let containers = pod["containers"].as_array().expect("containers");
        assert_eq!(containers.len(), 1, "{name}");
        let container = &containers[0];
        let context = &container["securityContext"];
        assert_eq!(context["privileged"], false, "{name}");
        assert_eq!(context["allowPrivilegeEscalation"], false, "{name}");
        assert_eq!(context["readOnlyRootFilesystem"], true, "{name}");
        assert_eq!(context["capabilities"], json!({"drop": ["ALL"]}), "{name}");
        assert_eq!(context["runAsUser"], user, "{name}");
        assert!(
            container["resources"]["limits"]["memory"].is_string(),
            "{name}"
        );
    }
    let controller = &find(&objects, "Deployment", "plumb-controller")["spec"]["template"]["spec"];
    assert_eq!(controller["securityContext"]["runAsNonRoot"], true);
    assert!(controller["volumes"].is_null());
}

#[test]
fn the_agent_sees_three_folders_of_its_node() {
    let objects = everything();
    let agent = &find(&objects, "DaemonSet", "plumb-agent")["spec"]["template"]["spec"];
    let volumes = agent["volumes"].as_array().expect("volumes");
    let mut paths: Vec<_> = volumes
        .iter()
        .filter_map(|volume| volume["hostPath"]["path"].as_str())
        .collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/etc/plumb", "/opt/cni/bin", "/run/plumb"]);
    // Every node has one, also those that others are kept from.
    assert_eq!(agent["tolerations"], json!([{"operator": "Exists"}]));
    // Before any network works.
    assert_eq!(agent["hostNetwork"], true);
}

/// Rules of an admission policy and of bindings name the accounts by name and namespace.
#[test]
fn rights_are_for_the_release_and_nobody_else() {
    let objects = rendered(&["--namespace=elsewhere", "--set=fullnameOverride=other"]);
    let text = Value::from(objects.clone()).to_string();
    assert!(
        !text.contains("plumb-system") && !text.contains("\"plumb-agent\""),
        "{text}"
    );
    let policy = find(&objects, "ValidatingAdmissionPolicy", "other-agent-blocks");
    let conditions = policy["spec"]["matchConditions"].to_string();
    assert!(
        conditions.contains("system:serviceaccount:elsewhere:other-agent"),
        "{conditions}"
    );
    for (kind, name) in [
        ("ClusterRoleBinding", "other-agent"),
        ("ClusterRoleBinding", "other-controller"),
    ] {
        let subject = &find(&objects, kind, name)["subjects"][0];
        assert_eq!(
            subject,
            &json!({"kind": "ServiceAccount", "name": name, "namespace": "elsewhere"})
        );
    }
    // A role is for what is written, never for everything.
    for object in objects.iter().filter(|object| object["rules"].is_array()) {
        for rule in object["rules"].as_array().expect("rules") {
            for key in ["apiGroups", "resources", "verbs"] {
                assert!(!rule[key].to_string().contains('*'), "{rule}");
            }
        }
    }
}

/// Whoever has installed Spiderpool's chart has these values.
#[test]
fn values_of_spiderpools_chart_mean_the_same() {
    let objects = rendered(&[
        "--set=global.imageRegistryOverride=mirror.example:5000",
        "--set=multus.multusCNI.defaultCniCRName=macvlan-ens6f0np0",
        "--set=rdma.rdmaSharedDevicePlugin.install=true",
        "--set=rdma.rdmaSharedDevicePlugin.deviceConfig.resourcePrefix=spidernet.io",
        "--set=rdma.rdmaSharedDevicePlugin.deviceConfig.resourceName=hca_shared_devices",
        "--set=rdma.rdmaSharedDevicePlugin.deviceConfig.rdmaHcaMax=500",
        "--set=rdma.rdmaSharedDevicePlugin.deviceConfig.vendors=15b3",
        "--set=rdma.rdmaSharedDevicePlugin.deviceConfig.deviceIDs=1017",
        "--set=plugins.installRdmaCNI=true",
    ]);
    let configuration = find(&objects, "ConfigMap", "plumb-rdma-shared-device-plugin");
    let text = configuration["data"]["config.json"]
        .as_str()
        .expect("a file");
    let resource: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(
        resource["configList"],
        json!([{
            "resourcePrefix": "spidernet.io", "resourceName": "hca_shared_devices", "rdmaHcaMax": 500,
            "selectors": {"vendors": ["15b3"], "deviceIDs": ["1017"]},
        }])
    );
    let network = find(&objects, "NetworkAttachmentDefinition", "macvlan-ens6f0np0");
    assert!(network["spec"]["config"].is_null());
    for object in &objects {
        let containers = object["spec"]["template"]["spec"]["containers"].as_array();
        for container in containers.into_iter().flatten() {
            let image = container["image"].as_str().expect("an image");
            assert!(image.starts_with("mirror.example:5000/"), "{image}");
        }
    }
}

#[test]
fn names_of_plugins_are_only_taken_where_that_is_wanted() {
    let variable = |arguments: &[&str], name: &str| {
        let objects = rendered(arguments);
        let agent = find(&objects, "DaemonSet", "plumb-agent").clone();
        let variables = &agent["spec"]["template"]["spec"]["containers"][0]["env"];
        let variables = variables.as_array().expect("variables");
        let found = variables.iter().find(|variable| variable["name"] == name);
        found.expect("a variable")["value"].clone()
    };
    let neither = [
        "--set=plugins.installCNI=false",
        "--set=plugins.installRdmaCNI=false",
    ];
    assert_eq!(variable(&neither, "PLUMB_ONLY_PLUMB"), "true");
    assert_eq!(variable(&neither, "PLUMB_REPLACE_PLUGINS"), "false");
    assert_eq!(variable(&[], "PLUMB_ONLY_PLUMB"), "false");
    assert_eq!(variable(&[], "PLUMB_REPLACE_PLUGINS"), "true");
}

#[test]
fn what_the_chart_does_not_bring_it_refuses_with_where_from() {
    for (value, words) in [
        ("sriov.install=true", "sriov-network-operator-chart"),
        ("multus.multusCNI.install=true", "multus-cni"),
        ("agent.logFormat=xml", "json or text"),
    ] {
        let output = template(&["--set", value]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.contains(words),
            "{value}: {said}"
        );
    }
}
