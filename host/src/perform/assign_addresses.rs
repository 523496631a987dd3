//! What giving an interface its addresses consists of, once they are known.

use crate::Result;
use crate::kernel::sysctl;
use crate::machine::Machine;
use crate::operations::{AddAddress, AddRoute, LinkNumber, Operation, SetLinkSysctl, SetUp};

/// Addresses first, then up, then routes: the kernel announces the addresses when the
/// interface comes up (`arp_notify`, `ndisc_notify`), and takes a route only when its
/// next hop can be reached.
pub fn operations(link: LinkNumber, machine: &Machine<'_>) -> Result<Vec<Operation>> {
    let assigned = machine.outcome.assigned(link);
    let mut operations = Vec::new();
    if assigned.addresses.iter().any(|one| one.address.is_ipv6()) {
        operations.extend(enable_ipv6(link, machine)?);
        // Without it the addresses are lost when the link goes down for a moment.
        operations.push(ipv6(link, "keep_addr_on_down", "1"));
    }
    operations.extend(assigned.addresses.iter().map(|assigned| {
        let address = assigned.address;
        Operation::AddAddress(AddAddress { link, address })
    }));
    let before = false;
    operations.push(Operation::SetUp(SetUp { link, before }));
    let routes = assigned.routes.into_iter();
    operations.extend(routes.map(|route| AddRoute::by(link, route).into()));
    Ok(operations)
}

/// What enables IPv6 on an interface, where it is not.
pub fn enable_ipv6(link: LinkNumber, machine: &Machine<'_>) -> Result<Option<Operation>> {
    let name = machine.link_name(link);
    let disabled = sysctl::read(machine.pod.netns()?, "ipv6", name, "disable_ipv6")?;
    let is_disabled = disabled.as_deref() == Some("1");
    Ok(is_disabled.then(|| ipv6(link, "disable_ipv6", "0")))
}

fn ipv6(link: LinkNumber, name: &str, value: &str) -> Operation {
    Operation::SetLinkSysctl(SetLinkSysctl::optional(link, "ipv6", name, value))
}
