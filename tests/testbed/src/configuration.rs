//! Network configurations that the tests start from; a test changes what it is about.

use plumb_tests::configuration::with;
use serde_json::{Value, json};

use crate::Function;

/// The GUID that tests give to a virtual function.
pub const GUID: &str = "02:00:00:00:00:00:0a:01";

/// The same, as sysfs and rdma(8) write it.
pub const GUID_IN_SYSFS: &str = "0200:0000:0000:0a01";

/// Type `sriov`, with an address.
pub fn sriov(function: &Function) -> Value {
    network("sriov", json!({"deviceID": function.address()}))
}

/// Type `ib-sriov`, with an address and without a GUID.
pub fn ib_sriov(function: &Function) -> Value {
    network("ib-sriov", json!({"deviceID": function.address()}))
}

/// Type `ib-sriov` with all that an InfiniBand function can be given.
pub fn ib_sriov_with_everything(function: &Function) -> Value {
    with(
        ib_sriov(function),
        json!({
            "runtimeConfig": {"infinibandGUID": GUID},
            "link_state": "enable",
            "rdmaIsolation": true,
        }),
    )
}

/// Type `ipoib` below this parent, with an address.
pub fn ipoib(parent: &str) -> Value {
    network("ipoib", json!({"master": parent}))
}

/// Without addresses.
pub fn without_ipam(mut configuration: Value) -> Value {
    if let Some(object) = configuration.as_object_mut() {
        object.remove("ipam");
    }
    configuration
}

/// As `configuration`, in version 1.0.0 of the specification.
pub fn version_1_0(configuration: Value) -> Value {
    with(configuration, json!({"cniVersion": "1.0.0"}))
}

fn network(kind: &str, keys: Value) -> Value {
    with(
        json!({
            "cniVersion": "1.1.0",
            "name": "rail0",
            "type": kind,
            "ipam": {"type": "pool", "pools": [
                {"name": "p", "subnet": "10.7.0.0/24", "ips": ["10.7.0.10-10.7.0.50"]},
            ]},
        }),
        keys,
    )
}
