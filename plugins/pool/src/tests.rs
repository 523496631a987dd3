//! The policy as a whole: configuration and pools in, claims out.

use std::net::IpAddr;

use plumb_sdk::testing::{
    CandidateFacts, Destination, Outcome, PoolFacts, ProposalFacts, RouteFacts, pool, propose,
    request,
};
use plumb_sdk::{AddressRange, ErrorCode};

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn range(first: &str, last: &str) -> AddressRange {
    AddressRange::new(ip(first), ip(last)).unwrap()
}

fn is_default(pool: PoolFacts) -> PoolFacts {
    PoolFacts {
        is_default: true,
        ..pool
    }
}

/// The request of a pod `workers/trainer-0`, with this `ipam` object and other keys.
fn pod_request(ipam: &str, others: &str) -> Request {
    request(&format!(r#"{{"name": "rail", "ipam": {ipam}{others}}}"#))
        .of_pod("workers", "trainer-0")
}

/// A pod of a network with pools that are marked as default asks for addresses.
fn ask_for(addresses: &str, pools: Vec<PoolFacts>) -> Outcome<ProposalFacts> {
    let others = format!(r#", "runtimeConfig": {{"ips": [{addresses}]}}"#);
    propose::<Component>(pod_request(r#"{"type": "pool"}"#, &others), pools)
}

fn run(ipam: &str, pools: Vec<PoolFacts>) -> Outcome<ProposalFacts> {
    propose::<Component>(pod_request(ipam, ""), pools)
}

/// Pool names of each claim, in the order of fallback.
fn names(outcome: Outcome<ProposalFacts>) -> Vec<Vec<String>> {
    let of = |candidates: Vec<CandidateFacts>| candidates.into_iter().map(|one| one.pool).collect();
    let claims = outcome.result.unwrap().claims;
    claims.into_iter().map(of).collect()
}

fn refusal(outcome: Outcome<ProposalFacts>) -> Error {
    outcome.result.unwrap_err()
}

#[test]
fn named_pools_are_tried_in_the_order_written() {
    let pools = || {
        vec![
            pool("rail-2", "10.0.2.0/24"),
            pool("rail-1", "10.0.1.0/24"),
            pool("spare-b", "10.0.4.0/24"),
            pool("spare-a", "10.0.3.0/24"),
            is_default(pool("other", "10.0.9.0/24")),
        ]
    };
    let ipam = r#"{"type": "pool", "default_ipv4_ippool": ["rail-1", "spare-*", "rail-[12]"]}"#;
    assert_eq!(
        names(run(ipam, pools())),
        [["rail-1", "spare-b", "spare-a", "rail-2"]]
    );

    let ipam = r#"{"type": "pool", "defaultIPv4IPPool": ["rail-2"]}"#;
    assert_eq!(names(run(ipam, pools())), [["rail-2"]]);
}

#[test]
fn inline_pools_go_before_defaults_and_defaults_before_nothing() {
    let pools = || {
        vec![
            pool("a", "10.0.1.0/24"),
            is_default(pool("b", "10.0.2.0/24")),
        ]
    };
    assert_eq!(names(run(r#"{"pools": [{}, {}]}"#, pools())), [["a", "b"]]);
    assert_eq!(names(run(r#"{"type": "pool"}"#, pools())), [["b"]]);

    let error = refusal(run(r#"{"type": "pool"}"#, vec![pool("a", "10.0.1.0/24")]));
    assert_eq!(error.code, ErrorCode::InvalidConfiguration);
    for part in ["default_ipv4_ippool", "\"pools\"", "as default"] {
        assert!(error.message.contains(part), "{}", error.message);
    }
    assert!(error.details.unwrap().contains("a"));
}

#[test]
fn each_family_gets_a_claim_ipv4_first() {
    let pools = || {
        vec![
            is_default(pool("six", "fd00::/64")),
            is_default(pool("four", "10.0.0.0/24")),
        ]
    };
    assert_eq!(names(run("{}", pools())), [["four"], ["six"]]);
    assert_eq!(names(run(r#"{"enable_ipv4": false}"#, pools())), [["six"]]);
    assert_eq!(names(run(r#"{"enableIPv6": false}"#, pools())), [["four"]]);
    let error = refusal(run(
        r#"{"enable_ipv4": false, "enable_ipv6": false}"#,
        pools(),
    ));
    assert_eq!(error.code, ErrorCode::InvalidConfiguration);
}

#[test]
fn every_pool_that_is_left_out_is_explained() {
    let disabled = PoolFacts {
        is_disabled: true,
        ..pool("off", "10.0.1.0/24")
    };
    let elsewhere = PoolFacts {
        nodes: vec!["node-7".to_owned()],
        ..pool("rack-7", "10.0.2.0/24")
    };
    let private = PoolFacts {
        namespaces: vec!["storage".to_owned()],
        ..pool("private", "10.0.3.0/24")
    };
    let full = PoolFacts {
        gateway: Some(ip("10.0.4.1")),
        ranges: vec![range("10.0.4.0", "10.0.4.1")],
        ..pool("full", "10.0.4.0/24")
    };
    let ipam = r#"{"default_ipv4_ippool": ["off", "rack-7", "private", "full", "six", "gone"]}"#;
    let pools = vec![disabled, elsewhere, private, full, pool("six", "fd00::/64")];
    let error = refusal(run(ipam, pools));
    assert_eq!(error.code, ErrorCode::NotAvailable);
    for part in [
        "no IPv4 pool is usable",
        "off: it is disabled",
        "rack-7: it is for the nodes node-7, this one is \"node-1\" (`node` of the node's policy, else",
        "private: it is for the namespaces storage, the pod is in \"workers\"",
        "full: all of its addresses are excluded",
        "six: it is of the other family (fd00::/64)",
        "gone: no pool has this name",
    ] {
        assert!(error.message.contains(part), "{}", error.message);
    }
}

#[test]
fn a_pool_for_this_node_and_namespace_is_used() {
    let pool = PoolFacts {
        nodes: vec!["node-0".to_owned(), "node-1".to_owned()],
        namespaces: vec!["workers".to_owned()],
        ..is_default(pool("mine", "10.0.0.0/24"))
    };
    assert_eq!(names(run("{}", vec![pool.clone()])), [["mine"]]);

    let nobody = request(r#"{"ipam": {"type": "pool"}}"#);
    let error = refusal(propose::<Component>(nobody, vec![pool]));
    let words = "the runtime did not report the pod's";
    assert!(error.message.contains(words), "{}", error.message);
}

#[test]
fn a_default_pool_that_falls_out_is_in_the_log() {
    let disabled = PoolFacts {
        is_disabled: true,
        ..is_default(pool("six", "fd00::/64"))
    };
    let outcome = run(
        "{}",
        vec![is_default(pool("four", "10.0.0.0/24")), disabled],
    );
    assert_eq!(outcome.log, ["warning: pool left out: six: it is disabled"]);
    assert_eq!(names(outcome), [["four"]]);
}

#[test]
fn a_family_that_is_named_is_given_or_an_error() {
    let ipam = r#"{"default_ipv4_ippool": ["four"], "default_ipv6_ippool": ["six"]}"#;
    let pools = vec![
        pool("four", "10.0.0.0/24"),
        PoolFacts {
            is_disabled: true,
            ..pool("six", "fd00::/64")
        },
    ];
    let error = refusal(run(ipam, pools));
    assert!(
        error.message.contains("no IPv6 pool is usable"),
        "{}",
        error.message
    );
}

#[test]
fn the_gateway_makes_the_default_route_unless_it_is_unwanted() {
    let pools = || {
        vec![PoolFacts {
            gateway: Some(ip("10.0.0.1")),
            routes: vec![route("10.9.0.0/16", "10.0.0.2")],
            ..pool("four", "10.0.0.0/24")
        }]
    };
    let candidate = |ipam| {
        let mut claims = run(ipam, pools()).result.unwrap().claims;
        claims.remove(0).remove(0)
    };

    let with = candidate(r#"{"pools": [{}]}"#);
    assert_eq!(
        with.routes,
        [
            route("0.0.0.0/0", "10.0.0.1"),
            route("10.9.0.0/16", "10.0.0.2")
        ]
    );
    assert_eq!(
        (with.prefix_length, with.gateway),
        (24, Some(ip("10.0.0.1")))
    );

    let without = candidate(r#"{"pools": [{}], "clean_gateway": true}"#);
    assert_eq!(without.routes, [route("10.9.0.0/16", "10.0.0.2")]);
}

fn route(destination: &str, gateway: &str) -> RouteFacts {
    RouteFacts {
        gateway: Some(ip(gateway)),
        ..RouteFacts::to(Destination::Network(destination.parse().unwrap()))
    }
}

#[test]
fn addresses_that_are_asked_for_are_the_only_candidates() {
    let pools = vec![
        is_default(pool("small", "10.0.1.0/24")),
        is_default(pool("four", "10.0.0.0/24")),
        is_default(pool("six", "fd00::/64")),
    ];
    let outcome = ask_for(r#""fd00::9", "10.0.0.8", "10.0.0.7""#, pools);
    let claims = outcome.result.unwrap().claims;
    let only: Vec<(&str, String)> = claims
        .iter()
        .map(|candidates| {
            let [CandidateFacts { pool, ranges, .. }] = &candidates[..] else {
                panic!("{candidates:?}")
            };
            let ranges: Vec<String> = ranges.iter().map(AddressRange::to_string).collect();
            (pool.as_str(), ranges.join(" "))
        })
        .collect();
    let one = |pool, address: &str| (pool, address.to_owned());
    let expected = [
        one("four", "10.0.0.8"),
        one("four", "10.0.0.7"),
        one("six", "fd00::9"),
    ];
    assert_eq!(only, expected);
}

#[test]
fn an_address_that_no_pool_has_is_refused_with_what_they_have() {
    let has = |excluded: &[(&str, &str)], address: &str| {
        let pools = vec![PoolFacts {
            gateway: Some(ip("10.0.0.1")),
            excluded: excluded.iter().map(|(a, b)| range(a, b)).collect(),
            ..is_default(pool("four", "10.0.0.0/24"))
        }];
        ask_for(&format!("{address:?}"), pools)
    };
    for (address, part) in [
        ("10.0.0.1", "four has 10.0.0.2-10.0.0.254"),
        ("10.0.0.255", "four has 10.0.0.2-10.0.0.254"),
        ("192.168.0.1", "four has 10.0.0.2-10.0.0.254"),
        ("fd00::1", "no IPv6 pool is selected"),
    ] {
        has(&[], address).assert_refused(ErrorCode::InvalidConfiguration, &[address, part]);
    }

    let gaps = [
        ("10.0.0.3", "10.0.0.3"),
        ("10.0.0.5", "10.0.0.9"),
        ("10.0.0.20", "10.0.0.29"),
        ("10.0.0.40", "10.0.0.49"),
        ("10.0.0.60", "10.0.0.69"),
    ];
    let words = "four has 10.0.0.2, 10.0.0.4, 10.0.0.10-10.0.0.19, 10.0.0.30-10.0.0.39, \
                 and 2 more ranges";
    let outcome = has(&gaps, "10.0.0.45");
    outcome.assert_refused(ErrorCode::InvalidConfiguration, &["10.0.0.45", words]);
    has(&gaps, "10.0.0.50").result.unwrap();
}

#[test]
fn an_address_is_kept_for_a_pod_that_has_a_name() {
    let keep = |request| {
        let pools = vec![is_default(pool("four", "10.0.0.0/24"))];
        propose::<Component>(request, pools).result.unwrap().keep
    };
    assert!(keep(pod_request("{}", "")));
    assert!(!keep(pod_request(r#"{"sticky": false}"#, "")));
    assert!(!keep(request("{}")));
}

#[test]
fn more_ranges_than_the_contract_allows_are_refused_with_their_number() {
    let alone =
        |host: u32| AddressRange::single(IpAddr::from((0x0a00_0000 + host * 2).to_be_bytes()));
    let with = |count: u32| {
        vec![is_default(PoolFacts {
            ranges: (1..=count).map(alone).collect(),
            ..pool("sieve", "10.0.0.0/16")
        })]
    };
    run("{}", with(1024)).result.unwrap();
    let error = refusal(run("{}", with(1025)));
    assert_eq!(error.code, ErrorCode::InvalidConfiguration);
    for part in ["sieve", "1025", "1024"] {
        assert!(error.message.contains(part), "{}", error.message);
    }
}

#[test]
fn a_pool_that_the_host_leaves_out_hurts_those_alone_that_select_it() {
    let pools = || {
        vec![
            pool("rail-1", "10.0.1.0/24"),
            is_default(pool("spare", "10.0.2.0/24")),
        ]
    };
    let run = |ipam: &str, is_default: bool| {
        let request = pod_request(ipam, "")
            .with_unusable_pool("rail-2", is_default, "it has a vlan")
            .with_unusable_pool("", false, "x.yaml cannot be read");
        propose::<Component>(request, pools())
    };
    let one = |names: &str| format!(r#"{{"default_ipv4_ippool": [{names}]}}"#);
    for (ipam, is_default, expected) in [
        (one(r#""rail-1""#), true, "rail-1"),
        ("{}".to_owned(), false, "spare"),
    ] {
        let outcome = run(&ipam, is_default);
        assert_eq!(outcome.log, [""; 0], "{ipam}");
        assert_eq!(names(outcome), [[expected]]);
    }
    for (ipam, is_default, expected) in [
        (one(r#""rail-2", "rail-1""#), false, "rail-1"),
        (one(r#""rail-?""#), false, "rail-1"),
        ("{}".to_owned(), true, "spare"),
    ] {
        let outcome = run(&ipam, is_default);
        assert_eq!(
            outcome.log,
            ["warning: pool left out: rail-2: it has a vlan"],
            "{ipam}"
        );
        assert_eq!(names(outcome), [[expected]]);
    }
    let error = refusal(run(&one(r#""rail-2""#), false));
    assert_eq!(error.code, ErrorCode::NotAvailable);
    assert_eq!(
        error.message,
        "no IPv4 pool is usable: rail-2: it has a vlan"
    );

    let error = refusal(run(&one(r#""rail-9", "gone""#), false));
    for part in [
        "rail-9: no pool has this name; did you mean \"rail-1\" or \"rail-2\"? (",
        "gone: no pool has this name (it may be where nothing could be read: x.yaml cannot be read)",
    ] {
        assert!(error.message.contains(part), "{}", error.message);
    }

    let request = pod_request("{}", "").with_unusable_pool("rail-2", true, "it has a vlan");
    let error = refusal(propose::<Component>(
        request,
        vec![pool("a", "10.0.0.0/24")],
    ));
    assert_eq!(error.message, "no pool is usable: rail-2: it has a vlan");
}

#[test]
fn a_malformed_wildcard_is_no_missing_pool() {
    let error = refusal(run(
        r#"{"default_ipv4_ippool": ["rail-[1"]}"#,
        vec![pool("rail-1", "10.0.0.0/24")],
    ));
    assert_eq!(error.code, ErrorCode::InvalidConfiguration);
    assert!(error.message.contains("\"rail-[1\""), "{}", error.message);
}
