//! What a controller does while the cluster is not ready for it.

use super::kubectl::{self, ATTACHMENTS, apply, delete, get, reason, run, until};
use super::program::Controller;

const NETWORK: &str = "
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderMultusConfig
metadata: {name: early, namespace: default}
spec: {cniType: macvlan, macvlan: {master: [eth1]}}
";

#[test]
fn definitions_may_come_after_the_controller() {
    let _turn = kubectl::turn_with_a_new_cluster();
    run(&["delete", "crd", ATTACHMENTS], "").expect("delete it");
    let controller = Controller::start("early");
    controller.says("spidermultusconfigs are not served by the API server: their CustomResourceDefinition is missing: apply deploy/plumb-crds.yaml");
    controller.says("network-attachment-definitions are not served by the API server");
    kubectl::with_definitions();
    apply(NETWORK);
    let message = reason(&["smc", "early"], "Ready", "NoMultus");
    assert!(
        message.ends_with("install Multus, which brings it"),
        "{message}"
    );
    kubectl::with_multus();
    reason(&["smc", "early"], "Ready", "Usable");
    until("the attachment", || get(&["net-attach-def", "early"]));
    // And go, and come back.
    run(&["delete", "crd", ATTACHMENTS], "").expect("delete it");
    reason(&["smc", "early"], "Ready", "NoMultus");
    kubectl::with_multus();
    reason(&["smc", "early"], "Ready", "Usable");
    until("the attachment", || get(&["net-attach-def", "early"]));
    delete(&["smc", "early"]);
    delete(&["net-attach-def", "early"]);
}

#[test]
fn tokens_that_are_not_accepted_are_said_and_tried_again() {
    let _turn = kubectl::turn();
    // Made for nobody, and signed by nobody.
    let controller = Controller::start_as("stranger", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln");
    controller.says("list spiderippools: the API server does not accept the token (401)");
    controller.says("take leases: the API server does not accept the token (401)");
    assert!(controller.log().contains("this is tried again"));
    // It goes on, and ends when it is told to.
    controller.terminate();
}
