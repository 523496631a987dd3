//! Network configurations that the tests start from; a test changes what it is about.

use serde_json::{Value, json};

/// The versions that plumb speaks, oldest first.
pub const VERSIONS: [&str; 7] = [
    "0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0",
];

/// macvlan on `nic0` with addresses `10.1.0.10` to `10.1.0.50` of plumb's own pool.
pub fn pool() -> Value {
    json!({
        "cniVersion": "1.1.0",
        "name": "rail0",
        "type": "macvlan",
        "master": "nic0",
        "mode": "bridge",
        "ipam": {"type": "pool", "pools": [ipv4_pool()]},
    })
}

/// As [`pool`], with an IPv6 pool beside the IPv4 one.
pub fn dual_stack() -> Value {
    let mut configuration = pool();
    configuration["ipam"]["pools"] = json!([ipv4_pool(), ipv6_pool()]);
    configuration
}

/// macvlan on `nic0` with the addresses of another IPAM plugin.
pub fn delegated(ipam: Value) -> Value {
    let mut configuration = pool();
    configuration["ipam"] = ipam;
    configuration
}

/// The `ipam` of the reference plugin host-local, with one range of each family.
pub fn host_local() -> Value {
    json!({
        "type": "host-local",
        "ranges": [[{"subnet": "10.2.0.0/24"}], [{"subnet": "fd00:2::/64"}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    })
}

/// macvlan on `nic0` without addresses.
pub fn without_ipam() -> Value {
    let mut configuration = pool();
    if let Some(object) = configuration.as_object_mut() {
        object.remove("ipam");
    }
    configuration
}

/// A configuration with other values for some keys.
pub fn with(mut configuration: Value, changes: Value) -> Value {
    if let (Some(object), Value::Object(changes)) = (configuration.as_object_mut(), changes) {
        object.extend(changes);
    }
    configuration
}

/// `10.1.0.10` to `10.1.0.50`, gateway `10.1.0.1`.
pub fn ipv4_pool() -> Value {
    json!({"name": "p", "subnet": "10.1.0.0/24", "ips": ["10.1.0.10-10.1.0.50"], "gateway": "10.1.0.1"})
}

/// `fd00:1::10` to `fd00:1::50`, gateway `fd00:1::1`.
pub fn ipv6_pool() -> Value {
    json!({"name": "p6", "subnet": "fd00:1::/64", "ips": ["fd00:1::10-fd00:1::50"], "gateway": "fd00:1::1"})
}
