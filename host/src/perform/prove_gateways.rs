//! Asks the gateways of an interface for a sign of life. The kernel asks, as it would for a packet of the pod, so that it
//! works on Ethernet and InfiniBand, with IPv4 and IPv6.

use std::net::{IpAddr, SocketAddrV6, UdpSocket};
use std::time::{Duration, Instant};

use crate::cni::gateway_check::GatewayCheck;
use crate::kernel::RouteSocket;
use crate::kernel::link::INFINIBAND;
use crate::kernel::neighbour::Knowledge;
use crate::machine::Machine;
use crate::operations::LinkNumber;
use crate::plan::Proof;
use crate::{Code, Error, Result};

use super::carrier;

/// How often a gateway is asked.
const REQUESTS: u32 = 3;

/// How long an answer may take. Over InfiniBand both sides ask the subnet manager for the path first.
const ANSWER: Duration = Duration::from_millis(100);
const ANSWER_OF_INFINIBAND: Duration = Duration::from_millis(300);

/// The port of the protocol that throws away what it gets (RFC 863).
const DISCARD: u16 = 9;

/// The pause before the first look at an answer: a switch takes some ten microseconds.
const FIRST_LOOK: Duration = Duration::from_micros(50);

/// Asks all gateways of an interface that are known by now.
///
/// # Errors
///
/// [`Code::TRY_AGAIN_LATER`] without carrier and [`Code::UNREACHABLE`] without an answer, when the network wants it so.
pub fn prove(link: LinkNumber, proof: &Proof, machine: &Machine<'_>) -> Result<()> {
    let begin = Instant::now();
    let outcome = reach_all(&gateways(link, machine), link, proof, machine);
    // A failure is said once, as a warning or as the error of the call.
    if outcome.is_ok() {
        let what = format!("ask the gateways, {}", proof.wire);
        machine
            .node
            .trace
            .operation(what, begin.elapsed(), &outcome);
    }
    match (outcome, proof.check) {
        (Err(error), GatewayCheck::Warn) if is_of_the_network(&error) => {
            machine.node.trace.warning(format_args!("{error}"));
            Ok(())
        }
        (outcome, _) => outcome,
    }
}

fn is_of_the_network(error: &Error) -> bool {
    matches!(error.code, Code::TRY_AGAIN_LATER | Code::UNREACHABLE)
}

/// The next hops of what was assigned to an interface.
fn gateways(link: LinkNumber, machine: &Machine<'_>) -> Vec<IpAddr> {
    let assigned = machine.outcome.assigned(link);
    let of_addresses = assigned.addresses.iter().filter_map(|one| one.gateway);
    let of_routes = assigned.routes.iter().filter_map(|route| route.gateway);
    let mut gateways: Vec<IpAddr> = Vec::new();
    for gateway in of_addresses.chain(of_routes) {
        if !gateways.contains(&gateway) {
            gateways.push(gateway);
        }
    }
    gateways
}

fn reach_all(
    gateways: &[IpAddr],
    link: LinkNumber,
    proof: &Proof,
    machine: &Machine<'_>,
) -> Result<()> {
    let Some(first) = gateways.first() else {
        return Ok(());
    };
    let is_needed = proof.check == GatewayCheck::Fail;
    let question = format!("its gateway {first} cannot be asked");
    let interface = carrier::wait_for(link, &proof.wire, is_needed, &question, machine)?;
    let patience = match interface.hardware_type {
        INFINIBAND => ANSWER_OF_INFINIBAND,
        _ => ANSWER,
    };
    gateways
        .iter()
        .try_for_each(|gateway| reach(*gateway, patience, link, proof, machine))
}

fn reach(
    gateway: IpAddr,
    patience: Duration,
    link: LinkNumber,
    proof: &Proof,
    machine: &Machine<'_>,
) -> Result<()> {
    let name = machine.link_name(link);
    let pod = machine.pod.socket()?;
    let index = machine.link_index(link)?;
    for _ in 0..REQUESTS {
        // What was learnt before says nothing of now.
        pod.forget_neighbour(index, gateway)?;
        ask(gateway, link, machine)?;
        if answers(pod, index, gateway, patience)? {
            return Ok(());
        }
    }
    pod.forget_neighbour(index, gateway)?;
    Err(Error::new(
        Code::UNREACHABLE,
        format!(
            "the gateway {gateway} of {name} ({}) does not answer: {REQUESTS} requests, {} ms each; look whether the \
             switch at the other end has this address, in this VLAN or partition, and whether the pool's gateway is right",
            proof.wire,
            patience.as_millis()
        ),
    ))
}

/// Has the kernel ask for a gateway. In IPv6 it asks in the name of the packet's sender, and without a packet in that of
/// the interface's link-local address, which it does not use for the first second, until nobody has claimed it
/// (`ndisc_solicit`, net/ipv6/ndisc.c): so it gets a packet, which leaves when the gateway has answered.
fn ask(gateway: IpAddr, link: LinkNumber, machine: &Machine<'_>) -> Result<()> {
    let index = machine.link_index(link)?;
    let assigned = machine.outcome.assigned(link);
    let mut own = assigned.addresses.iter().map(|one| one.address.ip());
    match (gateway, own.find(IpAddr::is_ipv6)) {
        (IpAddr::V6(to), Some(from)) => {
            let to = SocketAddrV6::new(to, DISCARD, 0, index);
            let sent = machine.pod.netns()?.inside(|| {
                let socket = UdpSocket::bind((from, 0))?;
                socket.set_nonblocking(true)?;
                socket.send_to(&[0], to)
            })?;
            sent.map(drop).map_err(|error| {
                Error::new(
                    Code::UNREACHABLE,
                    format!(
                        "the gateway {gateway} of {} cannot be asked from {from}: {error}; look whether it is in the \
                         network of the address",
                        machine.link_name(link)
                    ),
                )
            })
        }
        _ => Ok(machine.pod.socket()?.ask_for_neighbour(index, gateway)?),
    }
}

/// Whether a gateway answers in time.
fn answers(pod: &RouteSocket, index: u32, gateway: IpAddr, patience: Duration) -> Result<bool> {
    let begin = Instant::now();
    let mut pause = FIRST_LOOK;
    loop {
        match pod.neighbour(index, gateway)? {
            Knowledge::Known => return Ok(true),
            Knowledge::Unanswered => return Ok(false),
            Knowledge::None | Knowledge::Asked if begin.elapsed() >= patience => return Ok(false),
            Knowledge::None | Knowledge::Asked => {}
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(5));
    }
}
