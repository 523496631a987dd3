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

/// It looks at a device of the node by itself.
struct Looking;

impl AddressPolicy for Looking {
    fn propose(_request: &Request, pools: &[Pool]) -> Result<Proposal, Error> {
        let mtu = get_link(Place::Host, "eth1")?.mtu();
        log::info(format!("mtu {mtu}"));
        Ok(claim(Candidate::new(&pools[0], &pools[0].usable())))
    }
}

#[test]
fn a_policy_may_look_at_what_the_configuration_names_and_records_nothing() {
    let node = Node::new().with_link(Place::Host, link("eth1"));
    let outcome = node.propose::<Looking>(request(r#"{"rail": "eth1"}"#), vec![four()]);
    outcome.result.unwrap();
    assert_eq!(outcome.log, ["info: mtu 1500"]);
    let unnamed = node.propose::<Looking>(request("{}"), vec![four()]);
    unnamed.assert_refused(ErrorCode::Denied, &["eth1"]);
    let none = propose_of(four(), |_| {
        let addresses = operations::configured_addresses();
        assert!(addresses.is_err());
        Proposal::new()
    });
    assert!(none.plan.is_empty());
}

#[test]
fn a_pool_without_a_range_is_refused() {
    let what =
        "pool four without a range of it, from which no address can come: leave the pool out";
    assert_refused(what, |pool| claim(Candidate::new(pool, &[])));
}

/// It knows the interface, and may say that a want of addresses passes.
struct Informed;

impl AddressPolicy for Informed {
    fn propose(request: &Request, pools: &[Pool]) -> Result<Proposal, Error> {
        let parent = request.parent().expect("a parent");
        log::info(format!(
            "{} on {} of {}, {:?}",
            request.planned_mac().expect("an address"),
            parent.name(),
            request.node(),
            parent.addresses()?
        ));
        let candidate = Candidate::new(&pools[0], &pools[0].usable());
        Ok(claim(candidate).try_again_later())
    }
}

#[test]
fn a_policy_knows_the_interface_and_may_have_the_runtime_try_again() {
    let mut parent = link("eth1");
    parent.addresses = vec!["10.0.0.5/24".parse().unwrap()];
    let mac = crate::Mac::new([2, 0, 0, 0, 0, 9]);
    let asked = request("{}").on_parent(parent).with_planned_mac(mac);
    let outcome = propose::<Informed>(asked, vec![four()]);
    assert!(outcome.result.unwrap().tries_again);
    let [line] = &outcome.log[..] else {
        panic!("{:?}", outcome.log);
    };
    assert!(
        line.starts_with("info: 02:00:00:00:00:09 on eth1 of node-1, ["),
        "{line}"
    );
}
