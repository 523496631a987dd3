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
        family: Family::Ipv4,
        source: Some(Origin::Of(OWN)),
        destination: None,
        table: 100,
        priority: Some(1000),
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
