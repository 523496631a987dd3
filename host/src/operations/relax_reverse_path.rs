//! Lets packets in by an interface whatever their source (`rp_filter`, Documentation/networking/ip-sysctl). One without an
//! address lets in none when the check is loose (`__fib_validate_source`, net/ipv4/fib_frontend.c), and the kernel takes the
//! larger value of the interface's own and that of `all`.

use plumb_values::arguments::check_sysctl;
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible, difference};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::sysctl;
use crate::machine::Machine;

const FAMILY: &str = "ipv4";
const NAME: &str = "rp_filter";
const ALL: &str = "all";
const OFF: &str = "0";

/// What is recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelaxReversePath {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// What the value for all interfaces of the pod was; none: the kernel has no IPv4.
    pub all_before: Option<String>,
}

impl Reversible for RelaxReversePath {
    fn check_record(&self) -> Checked {
        self.all_before
            .as_deref()
            .map_or(Ok(()), |before| check_sysctl(NAME, before))
    }

    fn describe(&self) -> String {
        "let packets in by the interface whatever their source, by sysctl rp_filter".into()
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Netns
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        self.all_before = sysctl::read(machine.pod.netns()?, FAMILY, ALL, NAME)?;
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let Some(before) = &self.all_before else {
            return Ok(());
        };
        let netns = machine.pod.netns()?;
        if before != OFF {
            sysctl::write(netns, FAMILY, ALL, NAME, OFF)?;
        }
        Ok(sysctl::write(
            netns,
            FAMILY,
            machine.link_name(self.link),
            NAME,
            OFF,
        )?)
    }

    /// The interface's own value goes with it. Whoever has set the other one since meant it.
    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let netns = machine.pod.netns()?;
        let now = sysctl::read(netns, FAMILY, ALL, NAME)?;
        match &self.all_before {
            Some(before) if before != OFF && now.as_deref() == Some(OFF) => {
                Ok(sysctl::write(netns, FAMILY, ALL, NAME, before)?)
            }
            _ => Ok(()),
        }
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let own = machine.link_name(self.link);
        let wanted = [(ALL, NAME), (own, NAME)];
        let now = sysctl::read_all(machine.pod.netns()?, FAMILY, &wanted)?;
        for ((interface, _), value) in wanted.iter().zip(now) {
            if let Some(value) = value.filter(|value| value != OFF) {
                return Err(difference(format!(
                    "sysctl net.ipv4.conf.{interface}.rp_filter is {value} in the pod, where ADD left {OFF}: clients of other \
                     networks do not reach the pod by {own}"
                )));
            }
        }
        Ok(())
    }
}
