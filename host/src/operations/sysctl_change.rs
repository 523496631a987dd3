//! What operations that set a sysctl have in common. The kernel may show another value than it was given, because it counts
//! in other units, so what it shows is what an undo looks for.

use crate::kernel::sysctl::Sysctl;
use crate::machine::Machine;
use crate::{Code, Error, Result};

/// Words of the contract's families, which are the kernel's folders.
pub(super) const FAMILIES: [&str; 2] = ["ipv4", "ipv6"];

/// What a sysctl is before it is set; none: the kernel does not have it, which is an error when it is `required`.
pub(super) fn before(
    sysctl: &Sysctl<'_>,
    required: bool,
    machine: &Machine<'_>,
) -> Result<Option<String>> {
    let before = sysctl.read(machine.pod.netns()?)?;
    if required && before.is_none() {
        return Err(Error::new(
            Code::NOT_AVAILABLE,
            format!("the kernel has no sysctl {sysctl}, which the network needs"),
        ));
    }
    Ok(before)
}

/// Sets a sysctl; what the kernel shows then. One that it does not have is left out.
pub(super) fn set(
    sysctl: &Sysctl<'_>,
    value: &str,
    machine: &Machine<'_>,
) -> Result<Option<String>> {
    let netns = machine.pod.netns()?;
    match sysctl.read(netns)? {
        Some(now) if now != value => {
            sysctl.write(netns, value)?;
            Ok(sysctl.read(netns)?)
        }
        now => Ok(now),
    }
}

/// Puts a value back, where the kernel still shows what was `left`: whoever has set another one since meant it.
pub(super) fn restore(
    sysctl: &Sysctl<'_>,
    left: &str,
    value: &str,
    machine: &Machine<'_>,
) -> Result<()> {
    let netns = machine.pod.netns()?;
    match sysctl.read(netns)? {
        Some(now) if now == left && now != value => Ok(sysctl.write(netns, value)?),
        _ => Ok(()),
    }
}
