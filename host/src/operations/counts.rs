//! What setting rings and setting channels have in common: four numbers, of which the driver says the largest.

use super::LinkNumber;
use crate::kernel::ethtool::{Counted, Counts};
use crate::machine::Machine;
use crate::{Code, Error, Result};

/// What the pod's interface has now.
///
/// # Errors
///
/// [`Code::NOT_AVAILABLE`] when its driver has no such thing.
fn read(counted: Counted, link: LinkNumber, machine: &Machine<'_>) -> Result<Counts> {
    let name = machine.link_name(link);
    let counts = machine.pod.netns()?.inside(|| counted.read(name))??;
    counts.ok_or_else(|| {
        let what = match counted {
            Counted::Rings => "rings",
            Counted::Channels => "channels",
        };
        Error::new(
            Code::NOT_AVAILABLE,
            format!("the driver of the pod's interface {name} has no {what} that can be set"),
        )
    })
}

/// What there is, as the undo needs it. Refuses more than the driver takes; `names` are those of the numbers.
pub fn prepare(
    counted: Counted,
    link: LinkNumber,
    wanted: [Option<u32>; 4],
    names: [&str; 4],
    machine: &Machine<'_>,
) -> Result<[u32; 4]> {
    let counts = read(counted, link, machine)?;
    for ((wanted, most), name) in wanted.iter().zip(counts.most).zip(names) {
        if let Some(wanted) = wanted.filter(|wanted| *wanted > most) {
            return Err(Error::configuration(format!(
                "{name} {wanted} is more than the driver of the pod's interface {} takes, which is {most}",
                machine.link_name(link)
            )));
        }
    }
    Ok(counts.now)
}

/// Sets those that are wanted; the others stay as they are.
pub fn set(
    counted: Counted,
    link: LinkNumber,
    wanted: [Option<u32>; 4],
    machine: &Machine<'_>,
) -> Result<()> {
    let now = read(counted, link, machine)?.now;
    let mut numbers = now;
    for (number, wanted) in numbers.iter_mut().zip(wanted) {
        *number = wanted.unwrap_or(*number);
    }
    if numbers == now {
        return Ok(());
    }
    let name = machine.link_name(link);
    Ok(machine
        .pod
        .netns()?
        .inside(|| counted.set(name, numbers))??)
}

/// Gives them back to an interface that outlives the attachment.
pub fn undo(
    counted: Counted,
    link: LinkNumber,
    before: Option<[u32; 4]>,
    machine: &Machine<'_>,
) -> Result<()> {
    match (machine.find_link(link)?, before) {
        (Some(_), Some(before)) => set(counted, link, before.map(Some), machine),
        _ => Ok(()),
    }
}

/// ` receive 512 transmit 256`
pub fn describe(wanted: [Option<u32>; 4], names: [&str; 4]) -> String {
    let mut text = String::new();
    for (name, wanted) in names.iter().zip(wanted) {
        if let Some(wanted) = wanted {
            text += &format!(" {name} {wanted}");
        }
    }
    text
}
