//! A policy's view of pools, and what the host would not take of a proposal.

use super::*;
use crate::pools::{Candidate, Pool, Proposal};
use crate::routing::Route;
use crate::{AddressRange, IpNetwork};

thread_local! {
    /// What the policy below makes of the first pool.
    static MAKE: std::cell::Cell<fn(&Pool) -> Proposal> =
        const { std::cell::Cell::new(|_| Proposal::new()) };
}

struct Making;

impl AddressPolicy for Making {
    fn propose(_request: &Request, pools: &[Pool]) -> Result<Proposal, Error> {
        Ok(MAKE.get()(&pools[0]))
    }
}

fn four() -> PoolFacts {
    PoolFacts {
        gateway: "10.0.0.1".parse().ok(),
        excluded: vec![AddressRange::single("10.0.0.3".parse().unwrap())],
        ..pool("four", "10.0.0.0/29")
    }
}

fn propose_of(pool: PoolFacts, make: fn(&Pool) -> Proposal) -> Outcome<ProposalFacts> {
    MAKE.set(make);
    propose::<Making>(request("{}"), vec![pool])
}

#[track_caller]
fn assert_refused(what: &str, make: fn(&Pool) -> Proposal) {
    let sentence = format!("the component proposed {what}; nothing was changed");
    propose_of(four(), make).assert_refused(ErrorCode::Failed, &[&sentence]);
}

fn claim(candidate: Candidate) -> Proposal {
    Proposal::new().with_claim(vec![candidate])
}

fn range(first: &str, last: &str) -> AddressRange {
    AddressRange {
        first: first.parse().unwrap(),
        last: last.parse().unwrap(),
    }
}

#[test]
fn a_pool_gives_out_what_interfaces_may_have_and_the_proposal_is_seen_as_it_was_made() {
    let outcome = propose_of(four(), |pool| {
        let gateway = pool.gateway().unwrap();
        let everything = IpNetwork::everything(pool.family());
        let candidate = Candidate::new(pool, &pool.usable())
            .with_gateway(gateway)
            .with_prefix_length(28)
            .with_route(Route::to(everything).with_gateway(gateway));
        claim(candidate).keep()
    });
    let gateway = "10.0.0.1".parse().ok();
    let everything = Destination::Network("0.0.0.0/0".parse().unwrap());
    let expected = CandidateFacts {
        pool: "four".to_owned(),
        ranges: vec![range("10.0.0.2", "10.0.0.2"), range("10.0.0.4", "10.0.0.6")],
        prefix_length: 28,
        gateway,
        routes: vec![RouteFacts {
            gateway,
            ..RouteFacts::to(everything)
        }],
    };
    let proposal = outcome.result.unwrap();
    assert_eq!(proposal.claims, [[expected]]);
    assert!(proposal.keep);
}

#[test]
fn a_candidate_gets_the_prefix_of_its_pool_and_nothing_else() {
    let outcome = propose_of(four(), |pool| claim(Candidate::new(pool, &pool.usable())));
    let proposal = outcome.result.unwrap();
    let candidate = &proposal.claims[0][0];
    assert_eq!(candidate.prefix_length, 29);
    assert_eq!((candidate.gateway, &candidate.routes[..]), (None, &[][..]));
    assert!(!proposal.keep);
}

#[test]
fn what_the_host_would_not_take_is_refused_in_its_words() {
    assert_refused("0 addresses, where 1 to 16 are possible", |_| {
        Proposal::new()
    });
    assert_refused("an address without a pool to take it from", |_| {
        Proposal::new().with_claim(Vec::new())
    });
    assert_refused(
        "10.0.0.2-10.0.0.4, which pool four does not give out",
        |pool| claim(Candidate::new(pool, &[range("10.0.0.2", "10.0.0.4")])),
    );
    assert_refused("prefix length 33 for IPv4 addresses", |pool| {
        claim(Candidate::new(pool, &pool.usable()).with_prefix_length(33))
    });
    assert_refused("gateway fd00::1 for IPv4 addresses", |pool| {
        let gateway = "fd00::1".parse().unwrap();
        claim(Candidate::new(pool, &pool.usable()).with_gateway(gateway))
    });
    assert_refused("a route to 10.9.0.0/16 mixes IPv4 and IPv6", |pool| {
        let route = Route::to("10.9.0.0/16".parse().unwrap());
        let route = route.with_gateway("fd00::1".parse().unwrap());
        claim(Candidate::new(pool, &pool.usable()).with_route(route))
    });
    let disabled = PoolFacts {
        is_disabled: true,
        ..four()
    };
    let outcome = propose_of(disabled, |pool| claim(Candidate::new(pool, &pool.usable())));
    outcome.assert_refused(ErrorCode::Failed, &["pool four, which is disabled"]);
}

#[test]
#[should_panic(expected = "an address policy cannot import facts and operations")]
fn a_policy_has_no_node_to_look_at() {
    propose_of(four(), |_| {
        let _ = crate::facts::get_rdma_namespace_mode();
        Proposal::new()
    })
    .result
    .unwrap();
}
