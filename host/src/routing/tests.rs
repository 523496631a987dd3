use plumb_values::PortRange;

use super::*;
use crate::outcome::AssignedAddress;

fn assigned() -> Assigned {
    let address = |address: &str, gateway: Option<&str>| AssignedAddress {
        address: address.parse().expect("a network"),
        gateway: gateway.map(|gateway| gateway.parse().expect("an address")),
    };
    Assigned {
        addresses: vec![
            address("10.1.0.5/24", Some("10.1.0.1")),
            address("10.2.0.5/24", Some("10.2.0.1")),
            address("fd00:1::5/64", None),
        ],
        ..Assigned::default()
    }
}

fn routes(template: &RouteTemplate) -> Vec<String> {
    let routes = template.routes(|_| assigned());
    routes.iter().map(Route::to_string).collect()
}

fn rules(template: &RuleTemplate) -> Vec<String> {
    let rules = template.rules(|_| assigned());
    rules.iter().map(Rule::to_string).collect()
}

const OWN: AddressSource = AddressSource::Configured;

#[test]
fn a_connected_route_is_made_for_each_address_and_has_it_as_its_source() {
    let mut template = RouteTemplate::new(Destination::NetworksOf(OWN));
    template.table = Some(100);
    assert_eq!(
        routes(&template),
        [
            "10.1.0.0/24 table 100",
            "10.2.0.0/24 table 100",
            "fd00:1::/64 table 100"
        ]
    );
    template.source = Some(Origin::Of(OWN));
    assert_eq!(
        routes(&template),
        [
            "10.1.0.0/24 src 10.1.0.5 table 100",
            "10.2.0.0/24 src 10.2.0.5 table 100",
            "fd00:1::/64 src fd00:1::5 table 100"
        ]
    );
}

#[test]
fn a_default_route_goes_by_the_first_gateway_of_its_family_if_there_is_one() {
    let mut template = RouteTemplate::new(Destination::DefaultOf(OWN, Family::Ipv4));
    template.source = Some(Origin::Of(OWN));
    assert_eq!(
        routes(&template),
        ["default (ipv4) via 10.1.0.1 src 10.1.0.5"]
    );
    template.gateway = Some("10.1.0.254".parse().expect("an address"));
    assert_eq!(
        routes(&template),
        ["default (ipv4) via 10.1.0.254 src 10.1.0.5"]
    );
    let none = RouteTemplate::new(Destination::DefaultOf(OWN, Family::Ipv6));
    assert!(routes(&none).is_empty());
}

#[test]
fn a_route_that_is_known_takes_an_address_of_its_family() {
    let network = "fd00:9::/48".parse().expect("a network");
    let mut template = RouteTemplate::new(Destination::Network(network));
    template.gateway = Some("fd00:1::1".parse().expect("an address"));
    template.source = Some(Origin::Of(OWN));
    assert_eq!(
        routes(&template),
        ["fd00:9::/48 via fd00:1::1 src fd00:1::5"]
    );
    assert_eq!(template.refers_to(), [OWN]);
}

#[test]
fn a_rule_is_made_for_each_address_of_its_family() {
    let mut template = RuleTemplate {
        source: Some(Origin::Of(OWN)),
        priority: Some(1000),
        ..RuleTemplate::new(Family::Ipv4, 100)
    };
    assert_eq!(
        rules(&template),
        [
            "from 10.1.0.5/32 lookup 100 priority 1000",
            "from 10.2.0.5/32 lookup 100 priority 1000"
        ]
    );
    template.family = Family::Ipv6;
    assert_eq!(
        rules(&template),
        ["from fd00:1::5/128 lookup 100 priority 1000"]
    );
    template.source = None;
    assert_eq!(rules(&template), ["lookup 100 priority 1000 (ipv6)"]);
}

#[test]
fn a_rule_and_a_route_keep_all_that_is_said_of_them() {
    let mut rule = RuleTemplate {
        source: Some(Origin::Of(OWN)),
        ..RuleTemplate::new(Family::Ipv6, 100)
    };
    rule.selectors = RuleSelectors {
        input_interface: Some("net1".to_owned()),
        mark: Some(0x100),
        mask: Some(0xff00),
        ip_protocol: Some(17),
        destination_ports: Some(PortRange {
            first: 4791,
            last: 4791,
        }),
        suppress_prefix_length: Some(0),
        ..RuleSelectors::default()
    };
    assert_eq!(
        rules(&rule),
        [
            "from fd00:1::5/128 fwmark 0x100/0xff00 iif net1 ipproto 17 dport 4791 suppress_prefixlength 0 lookup 100"
        ]
    );
    let mut route = RouteTemplate::new(Destination::Network("10.9.0.0/16".parse().unwrap()));
    route.on_link = true;
    route.next_hops = [("10.0.0.1", 1), ("10.0.0.2", 3)]
        .map(|(gateway, weight)| NextHop {
            gateway: gateway.parse().unwrap(),
            weight,
        })
        .to_vec();
    let expected = "10.9.0.0/16 nexthop via 10.0.0.1 weight 1 nexthop via 10.0.0.2 weight 3 onlink";
    assert_eq!(routes(&route), [expected]);
    assert_eq!(route.to_string(), expected);
}
