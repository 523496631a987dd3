//! Takes a PCI function, or an auxiliary device, for the attachment and remembers what it was like. Its undo is the
//! undo of all that the attachment did to the function.

use std::time::Duration;

use plumb_values::Device;
use plumb_values::names::check_device_id;
use serde::{Deserialize, Serialize};

use super::{Lifetime, Reversible, difference};
use crate::Result;
use crate::cni::previous::Previous;
use crate::functions::{APPEARANCE, Hold, Holds, Original, OwedName, Restored, host_link, restore};
use crate::journal::Checked;
use crate::kernel::virtual_function::Settings;
use crate::kernel::{Boot, PodNetns};
use crate::machine::Machine;

/// What is recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldFunction {
    /// PCI address, or the auxiliary device's name.
    pub address: String,
    /// What it was like.
    pub original: Box<Original>,
    /// Whether an earlier plugin of the chain holds it for the same interface.
    pub shared: bool,
    /// Whether it was taken.
    pub held: bool,
    /// The settings that the plan changes; the original has their values.
    #[serde(skip)]
    pub changes: Settings,
}

impl HoldFunction {
    /// Whether the holder is this attachment, by this plugin or another one of the chain.
    fn is_ours(machine: &Machine<'_>, hold: &Hold) -> bool {
        hold.owner.is_interface_of(&machine.pod.attachment)
    }

    /// Notes that the pod's interface may still be on the wire.
    fn leave(&self, machine: &mut Machine<'_>) {
        if !self.shared {
            machine.outcome.left.push(format!(
                "{} has not come back from its network namespace",
                Device(&self.address)
            ));
        }
    }

    fn report(&self, machine: &Machine<'_>, error: &crate::Error) {
        machine.node.trace.error(format_args!(
            "{} cannot be restored now: {error}; `plumbctl functions` shows that it \
             is still held, the next ADD on it or a GC restores it",
            Device(&self.address)
        ));
    }
}

impl Reversible for HoldFunction {
    fn check_record(&self) -> Checked {
        check_device_id(&self.address)?;
        self.original.check_record()
    }

    fn describe(&self) -> String {
        format!("take {}", Device(&self.address))
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Unbounded
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        let holds = Holds::new(&machine.node.state);
        if let Some(holder) = holds.read(&self.address)? {
            if !Self::is_ours(machine, &holder) {
                return Err(holder.in_use(&self.address));
            }
            self.shared = true;
        }
        let kernel = &machine.node.kernel;
        *self.original = Original::read(kernel, &self.address, &self.changes)?;
        if !self.shared
            && let Some(unclean) = holds.unclean(&kernel.sysfs, &self.address)?
        {
            machine.node.trace.warning(format_args!(
                "{} is not a clean one: of what it was like before an earlier pod this is not known: {}; look at it, and then \
                 `plumbctl functions --clean {}`, or make the virtual functions anew",
                Device(&self.address),
                unclean.unknown,
                self.address
            ));
        }
        // It comes home under its own name, when that is free by then.
        if let Some(owed) = holds.note::<OwedName>(&self.address)?
            && let Some(link) = host_link(kernel, &self.address)?
            && owed.is_of(&link)?
            && let Some(original) = &mut self.original.link
        {
            original.name = owed.own;
        }
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        if !self.shared {
            let netns = machine.pod.netns()?;
            let hold = Hold {
                owner: machine.pod.attachment.clone(),
                boot: Boot::current()?,
                netns: PodNetns::of(netns, &machine.node.kernel.host)?,
                original: Original::clone(&self.original),
            };
            let holds = Holds::new(&machine.node.state);
            if let Some(holder) = holds.take(&self.address, &hold)? {
                return Err(holder.in_use(&self.address));
            }
        }
        self.held = true;
        machine
            .outcome
            .originals
            .insert(self.address.clone(), Original::clone(&self.original));
        Ok(())
    }

    /// What cannot be restored now stays held, with the original in the file, and is
    /// restored by a GC or before the next pod gets it: a pod's deletion never waits for a
    /// device.
    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let holds = Holds::new(&machine.node.state);
        let locked = match holds.lock(&self.address) {
            Ok(locked) => locked,
            Err(error) => {
                self.report(machine, &error.into());
                return Ok(());
            }
        };
        match &locked {
            Some(locked) if Self::is_ours(machine, &locked.hold) => {}
            None if self.held => {}
            // Never taken, or a newer pod has it by now.
            _ => return Ok(()),
        }
        if !machine.pod.is_of_earlier_boot {
            let patience = match machine.pod.is_kept || machine.has_waited {
                true => Duration::ZERO,
                false => APPEARANCE,
            };
            let restored = restore(
                machine.node,
                &self.address,
                &self.original,
                machine.pod.netns.as_deref(),
                patience,
            );
            match restored {
                Ok(Restored::Whole) => {}
                Ok(Restored::Away) => {
                    machine.node.trace.warning(format_args!(
                        "{} is still in a network namespace that cannot be reached; \
                         it will be restored when the kernel has brought it back",
                        Device(&self.address)
                    ));
                    self.leave(machine);
                    return Ok(());
                }
                Err(error) => {
                    self.report(machine, &error);
                    if self.original.link.is_some()
                        && host_link(&machine.node.kernel, &self.address)?.is_none()
                    {
                        self.leave(machine);
                    }
                    return Ok(());
                }
            }
        }
        match self.shared {
            true => Ok(()),
            false => Ok(holds.release(&self.address)?),
        }
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        match Holds::new(&machine.node.state).read(&self.address)? {
            Some(holder) if Self::is_ours(machine, &holder) => {
                machine
                    .outcome
                    .originals
                    .insert(self.address.clone(), Original::clone(&self.original));
                Ok(())
            }
            Some(holder) => Err(difference(format!(
                "{} is held by {} now",
                Device(&self.address),
                holder.owner
            ))),
            None => Err(difference(format!(
                "{} is not held by {} any more",
                Device(&self.address),
                machine.pod.attachment
            ))),
        }
    }
}
