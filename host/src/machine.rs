//! What an operation works on: the node, the pod, and what is known of the attachment so far.

use crate::Result;
use crate::journal::Step;
use crate::kernel::link::Link;
use crate::node::Node;
use crate::operations::{Operation, Reversible};
use crate::outcome::{LinkNumber, Outcome};
use crate::pod::Pod;

/// The machine as the operations of one attachment see it.
pub struct Machine<'a> {
    /// The node.
    pub node: &'a Node<'a>,
    /// The pod.
    pub pod: Pod,
    /// What operations found out.
    pub outcome: Outcome,
    /// Whether an undo has waited in vain before for what somebody keeps.
    pub has_waited: bool,
}

impl<'a> Machine<'a> {
    /// The machine at the beginning of a call.
    pub fn new(node: &'a Node<'a>, pod: Pod) -> Self {
        Self {
            node,
            pod,
            outcome: Outcome::default(),
            has_waited: false,
        }
    }

    /// Notes the interfaces that a record speaks of: those that it made by their names, and those of earlier plugins where
    /// they are now.
    ///
    /// # Errors
    ///
    /// What the kernel refuses.
    pub fn know_links(&mut self, steps: &[Step<Operation>]) -> Result<()> {
        let made = steps.iter().filter_map(|step| step.operation.makes_link());
        self.outcome.name(made);
        if self.pod.netns.is_none() {
            return Ok(());
        }
        let used = steps.iter().filter_map(|step| step.operation.uses_link());
        for (number, name, index) in used {
            let now = match index {
                Some(index) => self.pod.socket()?.link_by_index(index)?,
                None => None,
            };
            let interface = self.outcome.interface(number);
            interface.index = index;
            interface.is_gone = now.is_none();
            interface.name = Some(now.map_or_else(|| name.to_owned(), |link| link.name));
        }
        Ok(())
    }

    /// The name of an interface in the pod.
    pub fn link_name(&self, link: LinkNumber) -> &str {
        let interface = self.outcome.interfaces.get(&link);
        interface
            .and_then(|interface| interface.name.as_deref())
            .unwrap_or(&self.pod.attachment.interface_name)
    }

    /// Whether a step of this call made or moved an interface: what such a one is like, the kernel need not be asked.
    pub fn has_made(&self, link: LinkNumber) -> bool {
        let interface = self.outcome.interfaces.get(&link);
        interface.is_some_and(|interface| interface.made.is_some())
    }

    /// Whether an interface of an earlier plugin is not there any more. Another one may have its name.
    pub fn has_lost(&self, link: LinkNumber) -> bool {
        let interface = self.outcome.interfaces.get(&link);
        interface.is_some_and(|interface| interface.is_gone)
    }

    /// An interface of the pod as it is now; none when it is gone.
    pub fn find_link(&self, link: LinkNumber) -> Result<Option<Link>> {
        if self.has_lost(link) {
            return Ok(None);
        }
        Ok(self.pod.socket()?.link_by_name(self.link_name(link))?)
    }

    /// The index of an interface: known from the step that made it, else by its name.
    pub fn link_index(&self, link: LinkNumber) -> Result<u32> {
        let interface = self.outcome.interfaces.get(&link);
        if let Some(index) = interface.and_then(|interface| interface.index) {
            return Ok(index);
        }
        let place = self.pod.netns()?.path().to_string_lossy();
        let found = self
            .pod
            .socket()?
            .require_link(self.link_name(link), &place)?;
        Ok(found.index)
    }
}
