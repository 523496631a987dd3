//! What becomes of the routes of a rail, once its addresses are known.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb_values::Family;

use super::Rail;
use crate::cni::rails::Disposition;
use crate::kernel::route::Route;
use crate::outcome::Assigned;
use crate::routing::everything;

/// The routes of a rail, in the order in which the kernel takes them: those of its table, then those of the main one.
/// Routes that name a table themselves stay as they are.
pub fn of(assigned: &Assigned, rail: &Rail) -> Vec<Route> {
    let (own, others): (Vec<&Route>, Vec<&Route>) = assigned
        .routes
        .iter()
        .partition(|route| route.has_own_table());
    let mut routes: Vec<Route> = Vec::new();
    let mut push = |route: Route| {
        if !routes.contains(&route) {
            routes.push(route);
        }
    };
    for route in &others {
        push((*route).clone().in_table(rail.table));
    }
    // A gateway that comes without a route: what has the rail's address as its source goes there all the same.
    for one in &assigned.addresses {
        let has_default =
            |route: &&&Route| route.is_default() && is_same_family(route, one.address);
        if let Some(gateway) = one
            .gateway
            .filter(|_| !others.iter().any(|route| has_default(&route)))
        {
            let all = everything(Family::of(gateway));
            push(Route::new(all, Some(gateway)).in_table(rail.table));
        }
    }
    for route in others {
        match rail.disposition {
            Disposition::Move => {}
            Disposition::Copy => push(route.clone()),
            Disposition::Keep(metric) => push(Route {
                priority: Some(metric),
                ..route.clone()
            }),
        }
    }
    own.into_iter().for_each(|route| push(route.clone()));
    routes
}

/// The routes of the main table by a rail's gateways that a network asks for by `rdmaRoutes`, and the networks among them
/// to which no gateway of the rail can lead.
pub fn of_rdma(assigned: &Assigned, rail: &Rail) -> (Vec<Route>, Vec<IpNetwork>) {
    let mut routes = Vec::new();
    let mut without = Vec::new();
    for network in &rail.rdma_routes {
        match gateway(assigned, *network) {
            Some(gateway) => routes.push(Route::new(*network, Some(gateway))),
            None => without.push(*network),
        }
    }
    (routes, without)
}

/// The gateway of a network's family: that of an address, else that of the default route.
fn gateway(assigned: &Assigned, network: IpNetwork) -> Option<IpAddr> {
    let of_addresses = assigned.addresses.iter().filter_map(|one| one.gateway);
    let defaults = assigned.routes.iter().filter(|route| route.is_default());
    of_addresses
        .chain(defaults.filter_map(|route| route.gateway))
        .find(|gateway| gateway.is_ipv4() == network.is_ipv4())
}

fn is_same_family(route: &Route, address: IpNetwork) -> bool {
    route.destination.is_ipv4() == address.is_ipv4()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::AssignedAddress;

    fn rail(disposition: Disposition) -> Rail {
        Rail {
            table: 100,
            disposition,
            rdma_routes: vec![
                "172.16.0.0/12".parse().unwrap(),
                "fd00::/16".parse().unwrap(),
            ],
            reverse_path_filter: None,
        }
    }

    fn assigned(routes: &[(&str, &str)]) -> Assigned {
        let route = |(to, by): &(&str, &str)| Route::new(to.parse().unwrap(), by.parse().ok());
        Assigned {
            addresses: vec![AssignedAddress {
                address: "172.16.11.10/24".parse().unwrap(),
                gateway: "172.16.11.254".parse().ok(),
            }],
            routes: routes.iter().map(route).collect(),
            dns: None,
        }
    }

    fn texts(routes: &[Route]) -> Vec<String> {
        let metric = |route: &Route| {
            route
                .priority
                .map_or(String::new(), |metric| format!(" metric {metric}"))
        };
        routes
            .iter()
            .map(|route| format!("{route}{}", metric(route)))
            .collect()
    }

    const DEFAULT: (&str, &str) = ("0.0.0.0/0", "172.16.11.254");
    const LEAF: (&str, &str) = ("172.16.12.0/24", "172.16.11.253");

    #[test]
    fn a_rail_leaves_nothing_but_its_network_in_the_main_table() {
        let routes = of(&assigned(&[DEFAULT, LEAF]), &rail(Disposition::Move));
        assert_eq!(
            texts(&routes),
            [
                "default (ipv4) via 172.16.11.254 table 100",
                "172.16.12.0/24 via 172.16.11.253 table 100"
            ]
        );
    }

    #[test]
    fn a_gateway_without_a_route_is_the_default_of_the_rail() {
        for disposition in [Disposition::Move, Disposition::Copy] {
            let routes = of(&assigned(&[]), &rail(disposition));
            assert_eq!(
                texts(&routes),
                ["default (ipv4) via 172.16.11.254 table 100"]
            );
        }
    }

    #[test]
    fn copies_are_in_front_and_what_is_kept_behind() {
        let copied = of(&assigned(&[DEFAULT]), &rail(Disposition::Copy));
        assert_eq!(
            texts(&copied),
            [
                "default (ipv4) via 172.16.11.254 table 100",
                "default (ipv4) via 172.16.11.254"
            ]
        );
        let kept = of(&assigned(&[DEFAULT]), &rail(Disposition::Keep(4096)));
        assert_eq!(
            texts(&kept)[1],
            "default (ipv4) via 172.16.11.254 metric 4096"
        );
    }

    #[test]
    fn a_route_with_a_table_of_its_own_stays_there() {
        let mut assigned = assigned(&[]);
        let own = Route::new("10.0.0.0/8".parse().unwrap(), None).in_table(7);
        assigned.routes.push(own.clone());
        assert_eq!(of(&assigned, &rail(Disposition::Move)).last(), Some(&own));
    }

    #[test]
    fn a_network_without_a_gateway_of_its_family_is_told() {
        let (routes, without) = of_rdma(&assigned(&[]), &rail(Disposition::Move));
        assert_eq!(texts(&routes), ["172.16.0.0/12 via 172.16.11.254"]);
        assert_eq!(without, ["fd00::/16".parse().unwrap()]);
    }
}
