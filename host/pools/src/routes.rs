//! The routes of a pool.

use ipnetwork::IpNetwork;
use serde_json::Value;

use super::fields::Fields;
use super::inside::{address_inside, check_family};
use super::range::parse_network;
use super::{Error, PoolRoute, Problem};

/// Reads the routes, one for each destination.
pub(super) fn routes(fields: &Fields<'_>, subnet: IpNetwork) -> Result<Vec<PoolRoute>, Error> {
    const EXPECTED: &str =
        "a list of routes like [{\"dst\": \"10.0.0.0/8\", \"gw\": \"172.16.0.1\"}]";
    let mut routes: Vec<PoolRoute> = Vec::new();
    for (index, value) in fields.list("routes", EXPECTED)?.iter().enumerate() {
        let name = format!("routes[{index}]");
        let Value::Object(object) = value else {
            return Err(fields.unexpected(&name, value, "a route with `dst` and `gw`"));
        };
        let fields = Fields {
            place: fields.place,
            prefix: format!("{}{name}.", fields.prefix),
            object,
        };
        fields.only(&["dst", "gw"])?;
        let route = PoolRoute {
            destination: destination(
                fields.required_text("dst", "a network like 10.0.0.0/8")?,
                subnet,
            )
            .map_err(|problem| fields.error("dst", problem))?,
            gateway: address_inside(
                fields.required_text("gw", "an address of the subnet")?,
                subnet,
            )
            .map_err(|problem| fields.error("gw", problem))?,
        };
        let destination = route.destination;
        if routes.iter().any(|other| other.destination == destination) {
            return Err(fields.error("dst", Problem::DuplicateRoute { destination }));
        }
        routes.push(route);
    }
    Ok(routes)
}

fn destination(value: &str, subnet: IpNetwork) -> Result<IpNetwork, Problem> {
    let destination = parse_network(value)?;
    check_family(value, destination.ip(), subnet)?;
    if destination.prefix() == 0 {
        return Err(Problem::DefaultRoute { destination });
    }
    Ok(destination)
}
