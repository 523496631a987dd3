//! ADD (specification, section 2, "ADD").

use std::net::IpAddr;

use serde_json::Value;

use crate::error::{DELEGATE, EXISTS, Error};
use crate::ipam::Ipam;
use crate::namespace::{Namespace, network};
use crate::pool::Pool;
use crate::record::{Attachment, Record};
use crate::request::Request;
use crate::{defects, del, delegate, ip, network as configured, result};

/// Brings an interface into the pod; its result.
pub fn add(request: &Request) -> Result<Value, Error> {
    defects::before_add(request)?;
    let ipam = Ipam::of(request)?;
    let master = configured::master(&request.configuration)?;
    let mac = configured::hardware_address(request)?;
    let namespace = Namespace::open(&request.namespace)
        .inspect_err(|error| defects::after_a_refused_namespace(request, error))?;
    let mut record = Record::create(request)?;
    if let Some(attachment) = record.attachment() {
        if defects::has("second-add-undoes-the-first") {
            del::remove_interface(&request.namespace, &attachment.mac)?;
        }
        return Err(Error::new(
            EXISTS,
            format!(
                "{} of container {} is attached already: call DEL before another ADD",
                request.interface, request.container
            ),
        ));
    }
    let _turn = defects::turn(request, &ipam, &record.path)?;
    let attachment = Attachment {
        address: None,
        mac,
        namespace: request.namespace.clone(),
        identity: namespace.identity,
    };
    let made = make(
        request,
        &ipam,
        master,
        &namespace,
        &mut record,
        attachment.clone(),
    );
    let made = made.and_then(|result| defects::before_the_result(request).map(|()| result));
    defects::after_add(request, made.is_ok(), &record.path);
    match made {
        Ok(result) => Ok(result),
        Err(error) => {
            undo(request, &ipam, &attachment.mac, record, &error);
            Err(error)
        }
    }
}

fn make(
    request: &Request,
    ipam: &Ipam,
    master: &str,
    namespace: &Namespace,
    record: &mut Record,
    mut attachment: Attachment,
) -> Result<Value, Error> {
    let answer = match ipam {
        Ipam::Pool => {
            let pool = Pool::hold(request)?;
            let address = pool.free()?;
            defects::pause("chooses-without-the-lock", 5);
            attachment.address = Some(address);
            record.write(&attachment)?;
            pool.answer(address, &request.configuration)
        }
        Ipam::Delegate(name) => {
            record.write(&attachment)?;
            delegate::add(request, name)?
        }
    };
    // One message to the kernel: there is never an interface without its hardware address.
    ip::batch(&format!(
        "link add link {master} name {} address {} netns {} type macvlan mode bridge\n",
        request.interface,
        attachment.mac,
        namespace.path()
    ))
    .inspect_err(|_| defects::after_a_refused_link(request))?;
    let mut commands = commands(&request.interface, &answer)?;
    defects::second_address(request, ipam, &mut commands);
    namespace.inside(|| ip::batch(&commands))?;
    Ok(result::compose(request, &attachment.mac, &answer))
}

/// Addresses, then the interface up, then the routes, which need both.
fn commands(interface: &str, answer: &Value) -> Result<String, Error> {
    let unusable = |what: &Value| Error::new(DELEGATE, format!("{what} is no address to use"));
    let mut commands = String::new();
    let mut gateways: Vec<IpAddr> = Vec::new();
    for entry in result::list(answer, "ips") {
        let address = entry["address"].as_str().and_then(network);
        let (address, length) = address.ok_or_else(|| unusable(entry))?;
        commands += &format!("address add {address}/{length} dev {interface}\n");
        gateways.extend(
            entry["gateway"]
                .as_str()
                .and_then(|text| text.parse::<IpAddr>().ok()),
        );
    }
    commands += &format!("link set dev {interface} up\n");
    for route in result::list(answer, "routes") {
        let destination = route["dst"].as_str().and_then(network);
        let (destination, length) = destination.ok_or_else(|| unusable(route))?;
        let reported = route["gw"]
            .as_str()
            .and_then(|text| text.parse::<IpAddr>().ok());
        let same_family = |one: &&IpAddr| one.is_ipv4() == destination.is_ipv4();
        let gateway = reported.or_else(|| gateways.iter().find(same_family).copied());
        let via = gateway.map_or(String::new(), |gateway| format!(" via {gateway}"));
        // The pod may have the same route by another interface of the network.
        commands += &format!("route append {destination}/{length}{via} dev {interface}\n");
    }
    Ok(commands)
}

/// Best effort: the runtime calls DEL as well.
fn undo(request: &Request, ipam: &Ipam, mac: &str, record: Record, error: &Error) {
    let _ = del::remove_interface(&request.namespace, mac);
    if let Some(name) = ipam.delegate()
        && !defects::leaves_the_delegate(error)
    {
        let _ = delegate::call(request, name, "DEL");
    }
    if !defects::leaves_the_record(error) {
        let _ = record.remove();
    }
}
