//! A policy's proposal is checked before an address is taken from anywhere.

use plumb_engine::limits;
use plumb_hostile::Scene;

const FAILED: u64 = 103;

fn assert_refused(fixture: &str, words: &[&str]) {
    let scene = Scene::new();
    let configuration = scene.policy(fixture);
    scene.assert_refused(&configuration, FAILED, words);
}

#[test]
fn an_endless_loop_in_propose_runs_out_of_fuel() {
    let fuel = format!("{} units of fuel", limits::FUEL);
    assert_refused("policy-endless-loop", &[&fuel]);
}

#[test]
fn a_range_that_ends_before_it_begins_is_refused() {
    assert_refused("policy-range-reversed", &["10.1.0.50-10.1.0.10"]);
}

#[test]
fn a_range_of_two_families_is_refused() {
    assert_refused("policy-range-mixed", &["10.1.0.10-fd00:1::50"]);
}

#[test]
fn a_prefix_longer_than_the_address_is_refused() {
    assert_refused("policy-prefix-too-long", &["64"]);
}

#[test]
fn a_gateway_of_the_other_family_is_refused() {
    assert_refused("policy-gateway-mixed", &["fd00:1::50"]);
}

#[test]
fn an_address_from_nowhere_is_refused() {
    assert_refused("policy-no-candidate", &["without a pool"]);
}

#[test]
fn a_proposal_has_between_one_and_sixteen_addresses() {
    let limit = format!("1 to {}", limits::CLAIMS);
    let scene = Scene::new();
    for (fixture, wanted) in [
        ("policy-no-claim", "0 addresses"),
        ("policy-many-claims", "1000 addresses"),
    ] {
        let configuration = scene.policy(fixture);
        scene.assert_refused(&configuration, FAILED, &[wanted, &limit]);
    }
}

#[test]
fn ranges_are_counted() {
    let limit = limits::RANGES.to_string();
    assert_refused("policy-many-ranges", &["1025 ranges", &limit]);
}

#[test]
fn a_huge_list_is_not_copied() {
    let limit = format!("more than {} MiB", limits::LIFTED_BYTES >> 20);
    assert_refused("policy-huge-list", &[&limit]);
}

#[test]
fn a_list_outside_of_the_memory_is_not_read() {
    assert_refused("policy-list-outside", &["out of bounds"]);
}

#[test]
fn the_name_of_a_pool_is_bounded() {
    let limit = limits::STRING_BYTES.to_string();
    assert_refused("policy-long-name", &[&limit]);
}
