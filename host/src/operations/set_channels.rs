//! Sets how many queues the pod's interface has (`ethtool -L`).

use plumb_values::arguments::check_channel_counts;
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible, counts};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::ethtool::Counted;
use crate::machine::Machine;

/// The numbers, in the kernel's order.
const NAMES: [&str; 4] = ["receive", "transmit", "other", "combined"];

/// What is recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetChannels {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// Queues that only receive.
    pub receive: Option<u32>,
    /// Queues that only transmit.
    pub transmit: Option<u32>,
    /// Those that do both.
    pub combined: Option<u32>,
    /// What there was: receive, transmit, other, combined.
    pub before: Option<[u32; 4]>,
}

impl SetChannels {
    fn wanted(&self) -> [Option<u32>; 4] {
        [self.receive, self.transmit, None, self.combined]
    }
}

impl Reversible for SetChannels {
    fn check_record(&self) -> Checked {
        check_channel_counts(self.receive, self.transmit, self.combined)
    }

    fn describe(&self) -> String {
        format!("set channels{}", counts::describe(self.wanted(), NAMES))
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::PodLink
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        let before = counts::prepare(Counted::Channels, self.link, self.wanted(), NAMES, machine)?;
        self.before = Some(before);
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        counts::set(Counted::Channels, self.link, self.wanted(), machine)
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        counts::undo(Counted::Channels, self.link, self.before, machine)
    }

    /// The pod's programs may set others.
    fn verify(&self, _machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        Ok(())
    }
}
