//! What keeping an interface apart from the pod's others consists of, beside its addresses and rules: how the kernel
//! answers for it, and the tables that its routes go to.

use crate::Result;
use crate::kernel::sysctl;
use crate::machine::Machine;
use crate::operations::{LinkNumber, Operation, SetLinkSysctl};
use crate::rails::{Rail, routes};

/// The kernel answers ARP on every interface for every address of the pod, and asks with any of them as the sender
/// (Documentation/networking/ip-sysctl): on rails that share a network, a switch would learn a rail's address at another
/// rail's port.
const ARP: [(&str, u8); 2] = [("arp_ignore", 1), ("arp_announce", 2)];

/// Routes are looked up by the source of the answer, and rules can say more than the kernel's check of the way back
/// looks at.
const REVERSE_PATH: &str = "rp_filter";
const LOOSE: u8 = 2;
const STRICT: u8 = 1;

/// Decides what to do with an interface whose addresses are known, and notes its routes.
pub fn operations(
    link: LinkNumber,
    rail: &Rail,
    machine: &mut Machine<'_>,
) -> Result<Vec<Operation>> {
    let assigned = machine.outcome.assigned(link);
    let mut own = routes::of(&assigned, rail);
    let (rdma, without) = routes::of_rdma(&assigned, rail);
    for network in without {
        machine.node.trace.warning(format_args!(
            "\"rdmaRoutes\" has {network}, but {} got no gateway of that family",
            machine.link_name(link)
        ));
    }
    if !rdma.is_empty() {
        let present = machine.pod.socket()?.routes()?;
        own.extend(rdma.into_iter().filter(|route| {
            // The rail that came first has it.
            let has_it = present
                .iter()
                .any(|(_, found)| found.destination == route.destination && !found.has_own_table());
            if has_it {
                machine.node.trace.info(format_args!(
                    "{} is reached by another rail",
                    route.destination
                ));
            }
            !has_it
        }));
    }
    let interface = machine.outcome.interface(link);
    interface.assigned.routes = own;
    interface.table = Some(rail.table);

    let values = Values::read(machine.link_name(link), machine)?;
    let mut operations = Vec::new();
    for (name, wanted) in ARP {
        if values.in_effect(name).is_some_and(|value| value < wanted) {
            operations.push(set(link, name, wanted));
        }
    }
    let now = values.in_effect(REVERSE_PATH);
    let wanted = match rail.reverse_path_filter {
        Some(wanted) => Some(wanted),
        None => (now == Some(STRICT)).then_some(LOOSE),
    };
    if let Some(wanted) = wanted.filter(|wanted| now != Some(*wanted)) {
        let all = values.of_all(REVERSE_PATH).unwrap_or(0);
        if all > wanted {
            machine.node.trace.warning(format_args!(
                "\"rpFilter\" {wanted} of {} cannot be had: net.ipv4.conf.all.{REVERSE_PATH} is {all} in the pod, and the \
                 larger one holds",
                machine.link_name(link)
            ));
        }
        // In place of a strict one that was not wanted a loose one is the nearest.
        let wanted = if all > wanted { LOOSE } else { wanted };
        operations.push(set(link, REVERSE_PATH, wanted));
    }
    Ok(operations)
}

/// The sysctls of an interface that matter here, and those of `all`.
struct Values(Vec<(&'static str, Option<u8>, Option<u8>)>);

impl Values {
    fn read(interface: &str, machine: &Machine<'_>) -> Result<Self> {
        let names = ARP.map(|(name, _)| name).into_iter().chain([REVERSE_PATH]);
        let wanted: Vec<_> = names
            .clone()
            .flat_map(|name| [(interface, name), ("all", name)])
            .collect();
        let read = sysctl::read_all(machine.pod.netns()?, "ipv4", &wanted)?;
        let number = |value: &Option<String>| value.as_ref().and_then(|value| value.parse().ok());
        let pairs = read.chunks(2).zip(names);
        Ok(Self(
            pairs
                .map(|(pair, name)| (name, number(&pair[0]), number(&pair[1])))
                .collect(),
        ))
    }

    /// The larger one of an interface's own value and that of `all`, which is the one that holds.
    fn in_effect(&self, name: &str) -> Option<u8> {
        self.0
            .iter()
            .find(|(of, ..)| *of == name)
            .and_then(|(_, own, all)| (*own).max(*all))
    }

    fn of_all(&self, name: &str) -> Option<u8> {
        self.0
            .iter()
            .find(|(of, ..)| *of == name)
            .and_then(|(_, _, all)| *all)
    }
}

fn set(link: LinkNumber, name: &str, value: u8) -> Operation {
    Operation::SetLinkSysctl(SetLinkSysctl::kept(link, "ipv4", name, &value.to_string()))
}
