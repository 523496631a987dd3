//! The policy as a whole: configuration and pools in, claims out.

use std::net::IpAddr;

use plumb_sdk::pools::{AddressRange, Candidate, Family};
use plumb_sdk::testing::{Outcome, propose, request};
use plumb_sdk::{ErrorCode, IpAddress, IpNetwork, Pod, Route};

use super::*;

fn ip(text: &str) -> IpAddress {
    text.parse::<IpAddr>().unwrap().into()
}

fn network(text: &str) -> IpNetwork {
    let (address, prefix_length) = text.split_once('/').unwrap();
    IpNetwork {
        address: ip(address),
        prefix_length: prefix_length.parse().unwrap(),
    }
}

fn pool(name: &str, subnet: &str) -> Pool {
    let subnet = network(subnet);
    Pool {
        name: name.to_owned(),
        family: match subnet.address {
            IpAddress::Ipv4(_) => Family::Ipv4,
            IpAddress::Ipv6(_) => Family::Ipv6,
        },
        subnet,
        ranges: Vec::new(),
        excluded: Vec::new(),
        gateway: None,
        routes: Vec::new(),
        is_default: false,
        disabled: false,
        namespaces: Vec::new(),
        nodes: Vec::new(),
    }
}

fn is_default(pool: Pool) -> Pool {
    Pool {
        is_default: true,
        ..pool
    }
}

/// The request of a pod `workers/trainer-0`, with this `ipam` object.
fn pod_request(ipam: &str) -> Request {
    Request {
        pod: Some(Pod {
            namespace: "workers".to_owned(),
            name: "trainer-0".to_owned(),
            uid: String::new(),
        }),
        ..request(&format!(r#"{{"name": "rail", "ipam": {ipam}}}"#))
    }
}

fn run(ipam: &str, pools: Vec<Pool>) -> Outcome<Proposal> {
    propose::<PoolPolicy>(pod_request(ipam), pools)
}

/// Pool names of each claim, in the order of fallback.
fn names(outcome: Outcome<Proposal>) -> Vec<Vec<String>> {
    let proposal = outcome.result.unwrap();
    let of = |candidates: Vec<Candidate>| candidates.into_iter().map(|one| one.pool).collect();
    proposal
        .claims
        .into_iter()
        .map(|claim| of(claim.candidates))
        .collect()
}

fn refusal(outcome: Outcome<Proposal>) -> Error {
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
    let disabled = Pool {
        disabled: true,
        ..pool("off", "10.0.1.0/24")
    };
    let elsewhere = Pool {
        nodes: vec!["node-7".to_owned()],
        ..pool("rack-7", "10.0.2.0/24")
    };
    let private = Pool {
        namespaces: vec!["storage".to_owned()],
        ..pool("private", "10.0.3.0/24")
    };
    let full = Pool {
        gateway: Some(ip("10.0.4.1")),
        ranges: vec![AddressRange {
            first: ip("10.0.4.0"),
            last: ip("10.0.4.1"),
        }],
        ..pool("full", "10.0.4.0/24")
    };
    let ipam = r#"{"default_ipv4_ippool": ["off", "rack-7", "private", "full", "six", "gone"]}"#;
    let pools = vec![disabled, elsewhere, private, full, pool("six", "fd00::/64")];
    let error = refusal(run(ipam, pools));
    assert_eq!(error.code, ErrorCode::NotAvailable);
    for part in [
        "no IPv4 pool is usable",
        "off: it is disabled",
        "rack-7: it is for the nodes node-7, this one is \"node-1\"",
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
    let pool = Pool {
        nodes: vec!["node-0".to_owned(), "node-1".to_owned()],
        namespaces: vec!["workers".to_owned()],
        ..is_default(pool("mine", "10.0.0.0/24"))
    };
    assert_eq!(names(run("{}", vec![pool.clone()])), [["mine"]]);

    let nobody = request(r#"{"ipam": {"type": "pool"}}"#);
    let error = refusal(propose::<PoolPolicy>(nobody, vec![pool]));
    assert!(error.message.contains("did not tell"), "{}", error.message);
}

#[test]
fn a_default_pool_that_falls_out_is_in_the_log() {
    let disabled = Pool {
        disabled: true,
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
fn whoever_names_a_family_gets_it_or_an_error() {
    let ipam = r#"{"default_ipv4_ippool": ["four"], "default_ipv6_ippool": ["six"]}"#;
    let pools = vec![
        pool("four", "10.0.0.0/24"),
        Pool {
            disabled: true,
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
fn the_gateway_makes_the_default_route_unless_told_otherwise() {
    let pools = || {
        vec![Pool {
            gateway: Some(ip("10.0.0.1")),
            routes: vec![route("10.9.0.0/16", "10.0.0.2")],
            ..pool("four", "10.0.0.0/24")
        }]
    };
    let candidate = |ipam| {
        run(ipam, pools())
            .result
            .unwrap()
            .claims
            .remove(0)
            .candidates
            .remove(0)
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

fn route(destination: &str, gateway: &str) -> Route {
    Route {
        destination: network(destination),
        gateway: Some(ip(gateway)),
        mtu: None,
        advertised_mss: None,
        priority: None,
        table: None,
        scope: None,
    }
}

#[test]
fn addresses_that_are_asked_for_are_the_only_candidates() {
    let mut request = pod_request("{}");
    request.requested_addresses = vec![ip("fd00::9"), ip("10.0.0.8"), ip("10.0.0.7")];
    let pools = vec![
        is_default(pool("small", "10.0.1.0/24")),
        is_default(pool("four", "10.0.0.0/24")),
        is_default(pool("six", "fd00::/64")),
    ];
    let proposal = propose::<PoolPolicy>(request, pools).result.unwrap();
    let firsts: Vec<(String, IpAddress, IpAddress)> = proposal
        .claims
        .into_iter()
        .map(|mut claim| {
            assert_eq!(claim.candidates.len(), 1);
            let candidate = claim.candidates.remove(0);
            let [range] = candidate.ranges[..] else {
                panic!("{:?}", candidate.ranges)
            };
            (candidate.pool, range.first, range.last)
        })
        .collect();
    let one = |pool: &str, address| (pool.to_owned(), ip(address), ip(address));
    assert_eq!(
        firsts,
        [
            one("four", "10.0.0.8"),
            one("four", "10.0.0.7"),
            one("six", "fd00::9")
        ]
    );
}

#[test]
fn an_address_that_no_pool_has_is_refused_with_what_they_have() {
    for (address, part) in [
        ("10.0.0.1", "four has 10.0.0.2-10.0.0.254"),
        ("10.0.0.255", "four has 10.0.0.2-10.0.0.254"),
        ("192.168.0.1", "four has 10.0.0.2-10.0.0.254"),
        ("fd00::1", "no IPv6 pool is selected"),
    ] {
        let mut request = pod_request("{}");
        request.requested_addresses = vec![ip(address)];
        let pools = vec![Pool {
            gateway: Some(ip("10.0.0.1")),
            ..is_default(pool("four", "10.0.0.0/24"))
        }];
        let error = refusal(propose::<PoolPolicy>(request, pools));
        assert_eq!(error.code, ErrorCode::InvalidConfiguration);
        assert!(
            error.message.contains(address) && error.message.contains(part),
            "{}",
            error.message
        );
    }
}

#[test]
fn an_address_is_kept_for_a_pod_that_has_a_name() {
    let keep = |request| {
        let pools = vec![is_default(pool("four", "10.0.0.0/24"))];
        propose::<PoolPolicy>(request, pools).result.unwrap().keep
    };
    assert!(keep(pod_request("{}")));
    assert!(!keep(pod_request(r#"{"sticky": false}"#)));
    assert!(!keep(request("{}")));
}

#[test]
fn more_ranges_than_the_contract_allows_are_refused_with_their_number() {
    let alone = |host: u32| {
        let address = IpAddress::from(IpAddr::from((0x0a00_0000 + host * 2).to_be_bytes()));
        AddressRange {
            first: address,
            last: address,
        }
    };
    let with = |count: u32| {
        vec![is_default(Pool {
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
fn a_malformed_wildcard_is_no_missing_pool() {
    let error = refusal(run(
        r#"{"default_ipv4_ippool": ["rail-[1"]}"#,
        vec![pool("rail-1", "10.0.0.0/24")],
    ));
    assert_eq!(error.code, ErrorCode::InvalidConfiguration);
    assert!(error.message.contains("\"rail-[1\""), "{}", error.message);
}
