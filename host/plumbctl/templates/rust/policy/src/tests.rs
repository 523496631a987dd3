//! The policy with described pools, natively. What a node makes of the component itself is in `cases/`:
//! `plumbctl component test`.

use plumb_sdk::ErrorCode;
use plumb_sdk::testing::{pool, propose, request};

use super::*;

const NETWORK: &str = r#"{"name": "rail0", "ipam": {"type": "{{name}}"}}"#;

#[test]
fn each_pool_gives_an_address() {
    let pools = vec![pool("rail0-v4", "10.0.1.0/24"), pool("rail0-v6", "fd00::/64")];
    let claims = propose::<Component>(request(NETWORK), pools).result.unwrap().claims;
    let names: Vec<_> = claims.iter().flatten().map(|one| one.pool.as_str()).collect();
    assert_eq!(names, ["rail0-v4", "rail0-v6"]);
}

#[test]
fn a_network_without_pools_is_refused() {
    let outcome = propose::<Component>(request(NETWORK), Vec::new());
    outcome.assert_refused(ErrorCode::InvalidConfiguration, &["pools"]);
}
