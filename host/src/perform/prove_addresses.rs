//! Asks whether somebody on the wire has an address that a pod is about to get: a machine that no pool knows of, or a pod
//! of another node. The interface is up for that and has no address yet, so nobody learns anything of it but that it asks.
//!
//! An address from a pool that somebody has is set aside, and the next one is asked for.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use plumb_values::octets;

use crate::kernel::link::{INFINIBAND, Link};
use crate::kernel::packet::PacketSocket;
use crate::machine::Machine;
use crate::operations::{Journal, LinkNumber, Operation, SetUp};
use crate::plan::Wire;
use crate::watch::Moment;
use crate::{Code, Error, Result};

use super::{assign_addresses, carrier, one};

mod arp;
mod neighbour_discovery;

/// How often is asked (`PROBE_NUM`, RFC 5227), and how long for an answer each time. The RFC's seconds are for machines
/// that sleep and for bridges that learn; a pod has eight rails, one after the other.
const PROBES: u32 = 3;
const ANSWER: Duration = Duration::from_millis(50);
/// Over InfiniBand the other side asks the subnet manager for the path first.
const ANSWER_OF_INFINIBAND: Duration = Duration::from_millis(100);

/// How often another address is claimed for one that somebody has.
const EXCHANGES: usize = 3;

/// What goes out: to which hardware address, and what.
struct Question {
    destination: Vec<u8>,
    packet: Vec<u8>,
}

/// Has nobody answer for the addresses of an interface that are known by now.
///
/// # Errors
///
/// [`Code::TRY_AGAIN_LATER`] without carrier; [`Code::ADDRESS_TAKEN`] with who has the address, where there is no other;
/// [`Code::POOL_EXHAUSTED`].
pub fn prove(
    link: LinkNumber,
    wire: &Wire,
    journal: &mut Journal,
    machine: &mut Machine<'_>,
) -> Result<()> {
    let addresses = addresses(link, machine);
    let Some(first) = addresses.first() else {
        return Ok(());
    };
    if addresses.iter().any(IpAddr::is_ipv6)
        && let Some(enable) = assign_addresses::enable_ipv6(link, machine)?
    {
        one(enable, journal, machine)?;
    }
    let before = false;
    one(SetUp { link, before }.into(), journal, machine)?;
    let question = format!("nobody can be asked whether {first} is in use");
    let interface = carrier::wait_for(link, wire, true, &question, machine)?;
    for address in addresses {
        free(address, link, &interface, wire, journal, machine)?;
    }
    Ok(())
}

/// Tells all on the wire that an interface has its addresses. The kernel says so of addresses that are there when the
/// interface comes up. Others learn of it with the pod's first packet, too, so no pod is refused because this failed.
pub fn announce(link: LinkNumber, machine: &Machine<'_>) {
    if let Err(error) = try_to_announce(link, machine) {
        machine.node.trace.warning(format_args!(
            "the addresses of {} are not announced: {error}",
            machine.link_name(link)
        ));
    }
}

fn try_to_announce(link: LinkNumber, machine: &Machine<'_>) -> Result<()> {
    let index = machine.link_index(link)?;
    let Some(interface) = machine.pod.socket()?.link_by_index(index)? else {
        return Ok(());
    };
    for address in addresses(link, machine) {
        let Some(socket) = open(&interface, address, machine)? else {
            continue;
        };
        let announcement = match address {
            IpAddr::V4(address) => arp::announcement(&interface, address),
            IpAddr::V6(address) => neighbour_discovery::announcement(&interface, address),
        };
        socket.send(&announcement.destination, &announcement.packet)?;
    }
    Ok(())
}

fn addresses(link: LinkNumber, machine: &Machine<'_>) -> Vec<IpAddr> {
    let assigned = machine.outcome.assigned(link);
    let addresses = assigned.addresses.iter();
    addresses.map(|one| one.address.ip()).collect()
}

/// Has an address that nobody answers for in the place of this one, if it is not such a one itself.
fn free(
    mut address: IpAddr,
    link: LinkNumber,
    interface: &Link,
    wire: &Wire,
    journal: &mut Journal,
    machine: &mut Machine<'_>,
) -> Result<()> {
    let mut found = Vec::new();
    while let Some(user) = user(address, interface, wire, machine)? {
        let user = octets::text(&user);
        found.push(format!("{address} by {user}"));
        let next = match found.len() > EXCHANGES {
            true => Ok(None),
            false => exchange(address, &user, link, journal, machine),
        };
        match next {
            Ok(Some(next)) => {
                machine.node.trace.warning(format_args!(
                    "{address} is in use by {user}, {wire}: the pod gets {next} unless somebody has that, too"
                ));
                address = next;
            }
            Ok(None) => return Err(in_use(Code::ADDRESS_TAKEN, &found, link, wire, machine)),
            Err(error) => {
                let in_use = in_use(error.code, &found, link, wire, machine);
                return Err(in_use.with_details(error.message));
            }
        }
    }
    Ok(())
}

fn in_use(
    code: Code,
    found: &[String],
    link: LinkNumber,
    wire: &Wire,
    machine: &Machine<'_>,
) -> Error {
    Error::new(
        code,
        format!(
            "{} gets no address that nobody else has ({wire}): in use are {}; look which machines have these hardware \
             addresses, and take what is theirs out of the pool",
            machine.link_name(link),
            found.join(", ")
        ),
    )
}

/// Sets an address from a pool aside and claims the next one, which the record and the outcome have from then on. None
/// for an address that is from no pool of plumb's, and for which there is no other.
fn exchange(
    address: IpAddr,
    user: &str,
    link: LinkNumber,
    journal: &mut Journal,
    machine: &mut Machine<'_>,
) -> Result<Option<IpAddr>> {
    let steps = journal.record().map_or(&[][..], |record| &record.steps);
    let claim = steps
        .iter()
        .enumerate()
        .find_map(|(number, step)| match &step.operation {
            Operation::ClaimAddresses(claim) if claim.link == link => {
                let index = claim.addresses.iter().position(|one| *one == address)?;
                Some((number, index, claim.clone()))
            }
            _ => None,
        });
    let Some((number, index, mut claim)) = claim else {
        return Ok(None);
    };
    let next = claim.exchange(index, user, machine)?;
    machine.node.watcher.at(Moment::Exchanged, number)?;
    journal.done(number, &claim.into())?;
    Ok(Some(next))
}

/// Who has an address, by their answer.
fn user(
    address: IpAddr,
    interface: &Link,
    wire: &Wire,
    machine: &Machine<'_>,
) -> Result<Option<Vec<u8>>> {
    let begin = Instant::now();
    let asked = match open(interface, address, machine)? {
        Some(socket) => ask(&socket, address, interface),
        None => Ok(None),
    };
    machine.node.trace.operation(
        format!("ask whether somebody has {address}, {wire}"),
        begin.elapsed(),
        &asked,
    );
    asked
}

fn ask(socket: &PacketSocket, address: IpAddr, interface: &Link) -> Result<Option<Vec<u8>>> {
    let question = match address {
        IpAddr::V4(address) => arp::probe(interface, address),
        IpAddr::V6(address) => neighbour_discovery::probe(interface, address),
    };
    let patience = match interface.hardware_type {
        INFINIBAND => ANSWER_OF_INFINIBAND,
        _ => ANSWER,
    };
    for _ in 0..PROBES {
        socket.send(&question.destination, &question.packet)?;
        let end = Instant::now() + patience;
        let left = || {
            let left = end.saturating_duration_since(Instant::now());
            (!left.is_zero()).then_some(left)
        };
        while let Some(left) = left()
            && let Some(packet) = socket.receive(left)?
        {
            let user = match address {
                IpAddr::V4(address) => arp::user(&packet, interface, address),
                IpAddr::V6(address) => neighbour_discovery::user(&packet, interface, address),
            };
            if user.is_some() {
                return Ok(user);
            }
        }
    }
    Ok(None)
}

/// A socket for what is asked of an address; none on a link where nobody is asked for addresses.
fn open(interface: &Link, address: IpAddr, machine: &Machine<'_>) -> Result<Option<PacketSocket>> {
    let protocol = match address {
        IpAddr::V4(_) => arp::PROTOCOL,
        IpAddr::V6(_) => neighbour_discovery::PROTOCOL,
    };
    if interface.has_no_arp() {
        return Ok(None);
    }
    let opened = machine
        .pod
        .netns()?
        .inside(|| PacketSocket::open(interface, protocol))?;
    Ok(opened?)
}
