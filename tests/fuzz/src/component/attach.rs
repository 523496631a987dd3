//! A flavour: it looks at facts, records operations and writes lines, in any order.

use std::rc::Rc;
use std::sync::Arc;

use arbitrary::{Error, Result, Unstructured};
use plumb::components::session::{Authority, Session};
use plumb::components::{Asked, Source, World};
use plumb::facts::{Facts, RecordedFacts};

use super::calls::{Handles, call};
use super::limits;

/// The interface that the runtime wants.
pub const INTERFACE: &str = "net1";

/// An Ethernet and an InfiniBand interface, a virtual and a physical function; and one of
/// each that are none of the component's.
const FACTS: &str = r#"{
    "host": {"links": [
        {"name": "nic0", "index": 2, "mac": "02:00:00:00:00:01", "mtu": 9000},
        {"name": "ib0", "index": 3, "hardwareType": 32, "mac": "00:01", "mtu": 2044},
        {"name": "secret0", "index": 4, "mac": "02:00:00:00:00:03", "mtu": 1500}
    ], "defaultRouteLink": "nic0"},
    "pod": {"links": [
        {"name": "ib0", "index": 2, "hardwareType": 32, "mac": "00:02", "mtu": 2044}
    ]},
    "pciFunctions": [
        {"address": "0000:3b:00.2", "virtualFunction": {"parent": "0000:3b:00.0", "index": 0},
         "rdmaDevices": ["mlx5_2"]},
        {"address": "0000:3b:00.0", "rdmaDevices": ["mlx5_0", "mlx5_1"]},
        {"address": "0000:5e:00.0"}
    ]
}"#;

/// What a component may ask for stands in it.
const CONFIGURATION: &str = r#"{
    "name": "rail0", "type": "plumb", "master": "nic0", "ib": "ib0",
    "deviceid": "0000:3b:00.2", "pf": "0000:3b:00.0"
}"#;

/// Lets it attach, and looks at the plan.
///
/// # Errors
///
/// When the input is used up before it begins.
///
/// # Panics
///
/// When the plan has something that plumb promises to refuse.
pub fn run(choices: &mut Unstructured<'_>) -> Result<()> {
    let records = choices.ratio(9, 10)?;
    let mut host = Session::here(authority(records));
    let mut handles = Handles::default();
    while !choices.is_empty() {
        match call(&mut host, &mut handles, choices) {
            Ok(Ok(())) => {}
            // A trap ends the component, and nothing of its plan is performed.
            Ok(Err(_)) => return Ok(()),
            Err(Error::NotEnoughData) => break,
            Err(error) => return Err(error),
        }
    }
    let authority = host.into_authority().expect("it is in this process");
    limits::check_log(authority.log());
    let recorded = authority.into_recorded();
    assert!(records || recorded.is_empty());
    limits::check_plan(recorded);
    Ok(())
}

/// What the component may see and record.
///
/// # Panics
///
/// Never, with the facts that are here.
pub fn authority(records: bool) -> Authority {
    let facts: Rc<dyn Facts> =
        Rc::new(RecordedFacts::parse(FACTS.as_bytes()).expect("facts of the test"));
    let source = Source::find("macvlan-shared", World::Flavour, "/nowhere".as_ref())
        .expect("built in")
        .expect("built in");
    Authority::new(facts, &source, &Arc::new(request()), records)
}

/// Whether the component may see a device of this name or address.
pub fn is_named(name: &str) -> bool {
    CONFIGURATION.contains(&format!("{name:?}"))
}

fn request() -> Asked {
    Asked {
        network: "rail0".to_owned(),
        container_id: "pod-a".to_owned(),
        interface_name: INTERFACE.to_owned(),
        pod: None,
        node: "node-1".to_owned(),
        configuration: CONFIGURATION.to_owned(),
        mac: None,
        infiniband_guid: None,
        device_id: Some("0000:3b:00.2".to_owned()),
        requested_addresses: Vec::new(),
        previous_interfaces: Vec::new(),
        has_ipam: true,
        has_previous_addresses: false,
        unusable_pools: Vec::new(),
        is_chained: false,
        parent: None,
        planned_mac: None,
    }
}
