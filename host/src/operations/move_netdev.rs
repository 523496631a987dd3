//! Moves an interface of the host that belongs to no PCI function into the pod.

use std::os::fd::AsFd;
use std::time::Duration;

use plumb_values::names::check_link_name;
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Parent, Reversible, child, difference, shared_link};
use crate::cni::previous::Previous;
use crate::functions::APPEARANCE;
use crate::journal::Checked;
use crate::kernel::link::Link;
use crate::kernel::{Netns, RouteSocket};
use crate::machine::Machine;
use crate::netdev::Netdev;
use crate::pod::ENDING;
use crate::{Code, Error, Result, wait};

/// Before the attachment in the alias of one that is coming home.
const ALIAS: &str = "plumb: coming home from ";
/// `IFALIASZ` (linux/if.h) less the zero.
const ALIAS_BYTES: usize = 255;

/// What is recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveNetdev {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// Where it is on the host.
    pub netdev: Parent,
    /// Its name in the pod.
    pub name: String,
    /// What it was like; looked at when the step is prepared.
    pub original: Option<Box<Netdev>>,
    /// Its index in the pod, once it is there.
    pub index: Option<u32>,
}

impl MoveNetdev {
    fn mark(machine: &Machine<'_>) -> String {
        let alias = format!("{ALIAS}{}", machine.pod.attachment);
        alias[..alias.floor_char_boundary(ALIAS_BYTES)].to_owned()
    }

    /// The link of the host that is to move.
    fn require_on_host(&self, machine: &Machine<'_>) -> Result<Link> {
        let found = machine.node.kernel.host.link_by_index(self.netdev.index)?;
        found
            .filter(|link| link.name == self.netdev.name)
            .ok_or_else(|| {
                Error::new(
                    Code::NOT_AVAILABLE,
                    format!(
                        "the interface {} has disappeared from the host meanwhile: it was renamed, removed, or given to \
                         another pod",
                        self.netdev
                    ),
                )
            })
    }

    /// Refuses one that something else is made of: it would lose its connection without a word.
    fn require_unused(&self, link: &Link, machine: &Machine<'_>) -> Result<()> {
        let links = machine.node.kernel.host.links()?;
        let in_use = |how: String| {
            Error::new(
                Code::IN_USE,
                format!(
                    "the interface {} cannot be moved into the pod: {how}",
                    self.netdev
                ),
            )
        };
        if let Some(controller) = link.controller {
            let controller = links.iter().find(|other| other.index == controller);
            let controller = controller.map_or("another interface", |link| link.name.as_str());
            return Err(in_use(format!(
                "it is a member of {controller}; ip link set {} nomaster",
                link.name
            )));
        }
        if let Some(upper) = links.iter().find(|other| other.below() == Some(link.index)) {
            return Err(in_use(format!("{} lies on it", upper.name)));
        }
        match shared_link::user(&self.netdev.name, machine)? {
            Some(other) => Err(in_use(format!("{other} has it, or an interface on it"))),
            None => Ok(()),
        }
    }

    /// Where it is in a namespace.
    fn find_in(&self, netns: &Netns, original: &Netdev, home: &Netns) -> Result<Option<Link>> {
        let socket = netns.socket()?;
        // The kernel numbers a namespace when it shows a link that leads there.
        let links = socket.links()?;
        let home = socket.namespace_number(home)?;
        let may_be = |link: &Link| original.may_be(link, home);
        if original.is_unique() {
            return Ok(links.into_iter().find(may_be));
        }
        let found = match self.index {
            Some(index) => socket.link_by_index(index)?,
            // The name was free before.
            None => socket.link_by_name(&self.name)?,
        };
        Ok(found.filter(may_be))
    }

    /// Moves it home from wherever it is; true when it was found.
    fn fetch(&self, original: &Netdev, mark: &str, machine: &Machine<'_>) -> Result<bool> {
        let home = Netns::current()?;
        let pod = machine.pod.netns.as_deref();
        if let Some(netns) = pod
            && let Some(link) = self.find_in(netns, original, &home)?
        {
            original.bring_home(&link, netns, mark, machine.node)?;
            return Ok(true);
        }
        let is_away = original
            .find_at_home(mark, &machine.node.kernel.host)?
            .is_none();
        if !original.is_unique() || !is_away || self.index.is_none() {
            return Ok(false);
        }
        let known: Vec<_> = pod.into_iter().chain([&home]).collect();
        for netns in machine.node.kernel.namespaces().others(&known) {
            // One that has ended meanwhile, or that this process may not enter.
            if let Ok(Some(link)) = self.find_in(&netns, original, &home) {
                machine.node.trace.warning(format_args!(
                    "the pod has moved its interface {} to {}: it comes home from there",
                    link.name,
                    netns.path().display()
                ));
                original.bring_home(&link, &netns, mark, machine.node)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How long it may take to come home by itself.
    fn patience(&self, original: &Netdev, machine: &Machine<'_>) -> Duration {
        if !original.returns() || self.index.is_none() || machine.pod.is_kept || machine.has_waited
        {
            return Duration::ZERO;
        }
        match machine.pod.netns {
            // In one that the pod has made beside its own, and that is about to end.
            Some(_) => ENDING,
            None => APPEARANCE,
        }
    }

    fn is_at_home(&self, machine: &Machine<'_>) -> Result<Option<Link>> {
        match &self.original {
            Some(original) => {
                original.find_at_home(&Self::mark(machine), &machine.node.kernel.host)
            }
            None => Ok(None),
        }
    }
}

impl Reversible for MoveNetdev {
    fn check_record(&self) -> Checked {
        check_link_name(&self.netdev.name)?;
        check_link_name(&self.name)?;
        self.original
            .as_ref()
            .map_or(Ok(()), |original| original.check_record())
    }

    fn describe(&self) -> String {
        format!(
            "move the interface {} into the pod as {}",
            self.netdev, self.name
        )
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Boot
    }

    fn makes_link(&self) -> Option<(LinkNumber, &str)> {
        Some((self.link, &self.name))
    }

    /// What networks may use of the node counts for it as for what interfaces are made on.
    fn parent(&self) -> Option<&Parent> {
        Some(&self.netdev)
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        child::require_free_name(machine, &self.name)?;
        let link = self.require_on_host(machine)?;
        self.require_unused(&link, machine)?;
        let host = &machine.node.kernel.host;
        self.original = Some(Box::new(Netdev::read(link, host)?));
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let host: &RouteSocket = &machine.node.kernel.host;
        let netns = machine.pod.netns()?;
        let link = self.require_on_host(machine)?;
        // A further name would be in the way of the first.
        if link.alternative_names.contains(&self.name) {
            host.delete_alternative_name(link.index, &self.name)?;
        }
        host.move_link(&link, netns.as_fd(), &self.name)?;
        let place = netns.path().to_string_lossy();
        let link = machine.pod.socket()?.require_link(&self.name, &place)?;
        self.index = Some(link.index);
        machine.outcome.made(self.link, link);
        Ok(())
    }

    /// A virtual one that is nowhere has ended with the pod's namespace, or the pod has removed it.
    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let Some(original) = &self.original else {
            return Ok(());
        };
        let mark = Self::mark(machine);
        self.fetch(original, &mark, machine)?;
        let limit = self.patience(original, machine);
        let host = &machine.node.kernel.host;
        match wait::until(limit, || original.find_at_home(&mark, host))? {
            Some(link) => original.restore(&link, machine.node),
            None if self.index.is_none() => Ok(()),
            None if original.returns() && machine.pod.is_kept => {
                machine.outcome.left.push(format!(
                    "the interface {} has not come back from its network namespace",
                    self.netdev
                ));
                Ok(())
            }
            None => {
                machine.node.trace.warning(format_args!(
                    "the interface {} does not come home: it has ended, with the pod's namespace or by the pod's doing",
                    self.netdev
                ));
                Ok(())
            }
        }
    }

    fn verify(&self, machine: &mut Machine<'_>, expected: &Previous) -> Result<()> {
        let netns = machine.pod.netns()?;
        let place = netns.path().display().to_string();
        let found = match &self.original {
            Some(original) => self.find_in(netns, original, &Netns::current()?)?,
            None => None,
        };
        match found.filter(|link| link.name == self.name) {
            Some(link) => {
                machine.outcome.interface(self.link).index = Some(link.index);
                child::verify_mac(&link, &place, expected)
            }
            None => {
                let at_home = match self.is_at_home(machine)? {
                    Some(link) => format!("; {} is on the host", link.name),
                    None => String::new(),
                };
                Err(difference(format!(
                    "the pod {place} has no interface {} any more that was {} on the host{at_home}",
                    self.name, self.netdev
                )))
            }
        }
    }
}
