//! Sets how many packets the rings of the pod's interface hold (`ethtool -G`).

use plumb_values::arguments::check_ring_sizes;
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible, counts};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::ethtool::Counted;
use crate::machine::Machine;

/// The numbers, in the kernel's order.
const NAMES: [&str; 4] = ["receive", "mini", "jumbo", "transmit"];

/// What is recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetRings {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// Packets.
    pub receive: Option<u32>,
    /// Packets.
    pub transmit: Option<u32>,
    /// What there was: receive, mini, jumbo, transmit.
    pub before: Option<[u32; 4]>,
}

impl SetRings {
    fn wanted(&self) -> [Option<u32>; 4] {
        [self.receive, None, None, self.transmit]
    }
}

impl Reversible for SetRings {
    fn check_record(&self) -> Checked {
        check_ring_sizes(self.receive, self.transmit)
    }

    fn describe(&self) -> String {
        format!("set rings{}", counts::describe(self.wanted(), NAMES))
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::PodLink
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        let before = counts::prepare(Counted::Rings, self.link, self.wanted(), NAMES, machine)?;
        self.before = Some(before);
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        counts::set(Counted::Rings, self.link, self.wanted(), machine)
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        counts::undo(Counted::Rings, self.link, self.before, machine)
    }

    /// The pod's programs may set others.
    fn verify(&self, _machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        Ok(())
    }
}
