//! The carrier of an interface: without it nobody at the other end can be asked anything.

use std::time::Duration;

use crate::kernel::link::{INFINIBAND, Link};
use crate::machine::Machine;
use crate::operations::LinkNumber;
use crate::plan::Wire;
use crate::{Code, Error, Result, wait};

/// How long a port may take to get its carrier when the pod cannot do without it: an InfiniBand port joins the
/// broadcast group first, after its GUID is known to the subnet manager.
const CARRIER: Duration = Duration::from_secs(2);
const CARRIER_OF_INFINIBAND: Duration = Duration::from_secs(5);

/// The same where it is only warned of: all rails of a node without its switch must not add up to a minute.
const CARRIER_FOR_A_WARNING: Duration = Duration::from_millis(300);

/// The interface, when it has its carrier. `question` is what cannot be asked without, for the error.
///
/// # Errors
///
/// [`Code::TRY_AGAIN_LATER`] where there is none in time.
pub fn wait_for(
    link: LinkNumber,
    wire: &Wire,
    is_needed: bool,
    question: &str,
    machine: &Machine<'_>,
) -> Result<Link> {
    let pod = machine.pod.socket()?;
    let index = machine.link_index(link)?;
    let is_infiniband = pod
        .link_by_index(index)?
        .is_some_and(|link| link.hardware_type == INFINIBAND);
    let patience = match (is_needed, is_infiniband) {
        (false, _) => CARRIER_FOR_A_WARNING,
        (true, true) => CARRIER_OF_INFINIBAND,
        (true, false) => CARRIER,
    };
    let found = wait::until(patience, || {
        Ok(pod.link_by_index(index)?.filter(|link| link.carrier))
    })?;
    found.ok_or_else(|| {
        Error::new(
            Code::TRY_AGAIN_LATER,
            format!(
                "{} ({wire}) has no carrier yet, so {question}: look whether the cable is in and the port at its other end \
                 is up",
                machine.link_name(link)
            ),
        )
    })
}
