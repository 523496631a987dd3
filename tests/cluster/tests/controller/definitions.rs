//! The definitions of the kinds that users write: what the API server takes, and in which words it refuses the rest.

use super::kubectl::{self, delete, run, try_apply};

fn network(specification: &str) -> String {
    format!(
        "apiVersion: spiderpool.spidernet.io/v2beta1\nkind: SpiderMultusConfig\nmetadata: {{name: checked, namespace: default}}\n\
         spec: {{{specification}}}\n"
    )
}

fn object(kind: &str, specification: &str) -> String {
    format!(
        "apiVersion: spiderpool.spidernet.io/v2beta1\nkind: {kind}\nmetadata: {{name: checked}}\nspec: {{{specification}}}\n"
    )
}

#[track_caller]
fn is_refused(manifest: &str, part: &str) {
    match try_apply(manifest) {
        Ok(_) => panic!("accepted, without {part:?}: {manifest}"),
        Err(said) => assert!(said.contains(part), "{part:?} in {said}{manifest}"),
    }
}

#[track_caller]
fn is_taken(manifest: &str, plural: &str) {
    if let Err(said) = try_apply(manifest) {
        panic!("{said}{manifest}");
    }
    delete(&[plural, "checked"]);
}

#[test]
fn pools_are_checked() {
    let _turn = kubectl::turn();
    kubectl::with_definitions();
    for specification in [
        "subnet: 172.16.0.0/16, ips: [172.16.0.1-172.16.0.9, 172.16.1.1], excludeIPs: [172.16.0.3], gateway: 172.16.0.254",
        "subnet: 'fd00::/64', ips: ['fd00::1-fd00::9'], gateway: 'fd00::ff', ipVersion: 6",
        "subnet: 10.0.0.0/24, ipVersion: 4, routes: [{dst: 10.1.0.0/16, gw: 10.0.0.1}], vlan: 0, default: true, disable: true",
        "subnet: 10.0.0.0/24, podAffinity: {matchLabels: {app: a}}, nodeName: [a], namespaceName: [b], multusName: [c/d]",
    ] {
        is_taken(&object("SpiderIPPool", specification), "sp");
    }
    for (specification, part) in [
        ("ips: [10.0.0.1]", "spec.subnet: Required value"),
        (
            "subnet: 10.0.0.0",
            "subnet is no network; write it like 172.16.0.0/16 or fd00::/64",
        ),
        (
            "subnet: 172.16.11.0/16",
            "172.16.11.0/16 has host bits set: write the network itself, as 172.16.0.0/16 instead of 172.16.11.0/16",
        ),
        (
            "subnet: 10.0.0.0/24, ipVersion: 6",
            "ipVersion is not that of subnet",
        ),
        (
            "subnet: 10.0.0.0/24, gateway: 10.0.1.1",
            "gateway 10.0.1.1 is no address of the subnet 10.0.0.0/24",
        ),
        (
            "subnet: 10.0.0.0/24, gateway: x",
            "gateway x is no address of the subnet",
        ),
        (
            "subnet: 10.0.0.0/24, ips: [10.0.1.1]",
            "ips has an address outside the subnet 10.0.0.0/24",
        ),
        (
            "subnet: 10.0.0.0/24, ips: [10.0.0.1-10.0.1.1]",
            "ips has an address outside the subnet",
        ),
        (
            "subnet: 10.0.0.0/24, ips: [a-b]",
            "a-b is no range of addresses",
        ),
        (
            "subnet: 10.0.0.0/24, ips: [10.0.0.1-10.0.0.2-10.0.0.3]",
            "is no range of addresses",
        ),
        (
            "subnet: 10.0.0.0/24, excludeIPs: [10.0.1.1]",
            "excludeIPs has an address outside the subnet",
        ),
        (
            "subnet: 10.0.0.0/24, routes: [{dst: 0.0.0.0/0, gw: 10.0.0.1}]",
            "dst is the default route; use gateway for it",
        ),
        (
            "subnet: 10.0.0.0/24, routes: [{dst: 10.1.0.0, gw: 10.0.0.1}]",
            "dst is no network",
        ),
        (
            "subnet: 10.0.0.0/24, routes: [{dst: 10.1.0.0/16, gw: 10.0.1.1}]",
            "routes has a gw that is no address of the subnet",
        ),
        ("subnet: 10.0.0.0/24, vlan: 5", "a pool does not tag frames"),
    ] {
        is_refused(&object("SpiderIPPool", specification), part);
    }
    try_apply(&object("SpiderIPPool", "subnet: 10.0.0.0/24")).expect("a pool");
    is_refused(
        &object("SpiderIPPool", "subnet: 10.0.1.0/24"),
        "subnet cannot be changed; make another pool",
    );
    let strict = run(
        &["apply", "--validate=strict", "-f", "-"],
        &object("SpiderIPPool", "subnet: 10.0.0.0/24, excludeIps: []"),
    );
    assert!(
        strict
            .expect_err("an unknown field")
            .contains("unknown field \"spec.excludeIps\"")
    );
    delete(&["sp", "checked"]);
    is_taken(
        &object("SpiderReservedIP", "ips: [10.0.0.1, 10.0.0.3-10.0.0.9]"),
        "sr",
    );
    is_refused(
        &object("SpiderReservedIP", "ips: [x]"),
        "x is no range of addresses",
    );
    is_taken(
        &object(
            "SpiderSubnet",
            "subnet: 10.0.0.0/8, ips: [10.0.0.1], anything: {at: all}",
        ),
        "ss",
    );
    is_taken(
        &object(
            "SpiderCoordinator",
            "mode: disabled, podMACPrefix: '0a:1b', vethLinkAddress: 169.254.1.1, hijackCIDR: [10.0.0.1]",
        ),
        "spc",
    );
    for (specification, part) in [
        ("mode: on", "spec.mode"),
        (
            "podMACPrefix: '01:00'",
            "podMACPrefix is no start of one interface's address",
        ),
        (
            "vethLinkAddress: 'fd00::1'",
            "vethLinkAddress is no IPv4 address",
        ),
        ("hijackCIDR: [x]", "x is no network"),
        (
            "policyRoutes: [{dst: x, gw: 10.0.0.1}]",
            "dst is a network like 10.6.0.0/16",
        ),
        ("podRPFilter: 3", "spec.podRPFilter"),
    ] {
        is_refused(&object("SpiderCoordinator", specification), part);
    }
}

#[test]
fn networks_are_checked() {
    let _turn = kubectl::turn();
    kubectl::with_definitions();
    for specification in [
        "cniType: macvlan, macvlan: {master: [eth1], mtu: 9000, vlanID: 5, ippools: {ipv4: [a], ipv6: [b]}}",
        "cniType: ipvlan, ipvlan: {master: [eth1, eth2], bond: {name: bond0, mode: 4, options: miimon=100}}",
        "cniType: vlan, vlan: {master: [eth1], vlanID: 5}",
        "cniType: vlan, vlan: {master: [eth1], vlanMode: auto}",
        "cniType: sriov, sriov: {resourceName: a/b, minTxRateMbps: 10, maxTxRateMbps: 30, enableRdma: true, ippools: {matchMasterSubnet: true}}",
        "cniType: ib-sriov, ibsriov: {resourceName: a/b, pkey: 1000, linkState: auto, ibKubernetesEnabled: true, enableIbKubernetes: true}",
        "cniType: ib-sriov, ibsriov: {resourceName: a/b, pkey: '0x5'}",
        "cniType: ib-sriov, ibsriov: {resourceName: a/b, pkey: ''}",
        "cniType: ipoib, ipoib: {master: ib0}",
        "cniType: ovs, ovs: {bridge: br1, trunk: [{minID: 1, maxID: 5}, {id: 7}]}",
        "cniType: custom, customCNI: '{}'",
        "customCNI: ''",
        "cniType: macvlan, macvlan: {master: [eth1]}, customCNI: '', coordinator: {mode: overlay, podRPFilter: 2, policyRoutes: [{dst: 10.0.0.0/8, gw: 10.1.0.1}]}, chainCNIJsonData: ['{}'], enableCoordinator: true, disableIPAM: true",
    ] {
        is_taken(&network(specification), "smc");
    }
    for (specification, part) in [
        (
            "cniType: macvaln",
            "spec.cniType: Unsupported value: \"macvaln\"",
        ),
        (
            "cniType: macvlan",
            "cniType is macvlan, and there is no macvlan, which has what it needs",
        ),
        (
            "cniType: ib-sriov",
            "cniType is ib-sriov, and there is no ibsriov",
        ),
        (
            "macvlan: {master: [eth1]}",
            "cniType is custom, and macvlan is written, which is for macvlan",
        ),
        (
            "cniType: macvlan, macvlan: {master: [eth1]}, sriov: {resourceName: a/b}",
            "cniType is macvlan, and sriov is written, which is for sriov",
        ),
        (
            "cniType: macvlan, macvlan: {master: [eth1]}, customCNI: '{}'",
            "customCNI is written, which is for custom",
        ),
        (
            "cniType: macvlan, macvlan: {}",
            "spec.macvlan.master: Required value",
        ),
        (
            "cniType: macvlan, macvlan: {master: []}",
            "spec.macvlan.master",
        ),
        (
            "cniType: macvlan, macvlan: {master: [a, b]}",
            "several interfaces are used as one bond",
        ),
        (
            "cniType: macvlan, macvlan: {master: [a, b], bond: {mode: 1}}",
            "spec.macvlan.bond.name: Required value",
        ),
        (
            "cniType: macvlan, macvlan: {master: [a, b], bond: {name: c, mode: 7}}",
            "spec.macvlan.bond.mode",
        ),
        (
            "cniType: macvlan, macvlan: {master: [a], vlanID: 4095}",
            "spec.macvlan.vlanID",
        ),
        (
            "cniType: macvlan, macvlan: {master: [a], mtu: -1}",
            "spec.macvlan.mtu",
        ),
        (
            "cniType: macvlan, macvlan: {master: [a], ippools: {matchMasterSubnet: true}}",
            "matchMasterSubnet is for sriov alone",
        ),
        (
            "cniType: vlan, vlan: {master: [a]}",
            "vlanMode manual needs vlanID",
        ),
        (
            "cniType: vlan, vlan: {master: [a], vlanMode: auto, vlanID: 5}",
            "vlanMode auto has the VLAN chosen",
        ),
        (
            "cniType: sriov, sriov: {}",
            "spec.sriov.resourceName: Required value",
        ),
        (
            "cniType: sriov, sriov: {resourceName: a}",
            "resourceName has prefix and name",
        ),
        (
            "cniType: sriov, sriov: {resourceName: a/b, minTxRateMbps: 3, maxTxRateMbps: 1}",
            "minTxRateMbps is more than maxTxRateMbps",
        ),
        (
            "cniType: sriov, sriov: {resourceName: a/b, rdmaIsolation: true, enableRdma: false}",
            "rdmaIsolation and enableRdma, which is its former name, say different things",
        ),
        (
            "cniType: ib-sriov, ibsriov: {resourceName: a/b, enableIbKubernetes: true, ibKubernetesEnabled: false}",
            "enableIbKubernetes and ibKubernetesEnabled, which is its former name, say different things",
        ),
        (
            "cniType: ib-sriov, ibsriov: {resourceName: a/b, pkey: '1000'}",
            "pkey is no partition: write it in hexadecimal with 0x",
        ),
        (
            "cniType: ib-sriov, ibsriov: {resourceName: a/b, pkey: 0}",
            "pkey is no partition",
        ),
        (
            "cniType: ib-sriov, ibsriov: {resourceName: a/b, pkey: 65536}",
            "pkey is no partition",
        ),
        (
            "cniType: ib-sriov, ibsriov: {resourceName: a/b, linkState: on}",
            "spec.ibsriov.linkState",
        ),
        (
            "cniType: ovs, ovs: {bridge: b, trunk: [{minID: 9, maxID: 1}]}",
            "minID is more than maxID",
        ),
        (
            "cniType: ipoib, ipoib: {master: [ib0]}",
            "spec.ipoib.master",
        ),
    ] {
        is_refused(&network(specification), part);
    }
}
