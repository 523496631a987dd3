//! The verbs, each in a file that reads as its story.
//!
//! | verb | its line |
//! |---|---|
//! | ADD | request, component, plan, journal, kernel, result |
//! | DEL | request, journal, undo |
//! | CHECK | request, journal, compare |
//! | GC | journals that are not in the valid list, undo |
//! | STATUS | could an ADD succeed |
//! | VERSION | constants |

pub mod add;
pub mod check;
mod clean_up;
pub mod del;
mod earlier_sandbox;
pub mod gc;
pub mod status;
pub mod version;

use crate::cni::Request;
use crate::kernel::Netns;
use crate::{Code, Error, Result};

/// Opens the pod's namespace for a verb that needs it, and refuses the plugin's own: an
/// interface would appear on the node and take its traffic.
fn open_netns(request: &Request) -> Result<Netns> {
    let path = request.environment.netns.clone().unwrap_or_default();
    let netns = Netns::open(&path)?;
    if is_own(&netns)? && !request.environment.allow_own_netns {
        return Err(Error::new(
            Code::INVALID_ENVIRONMENT,
            format!(
                "CNI_NETNS {} is the network namespace of plumb itself, not that of a pod",
                path.display()
            ),
        ));
    }
    Ok(netns)
}

fn is_own(netns: &Netns) -> Result<bool> {
    Ok(Netns::current()?.is_same_as(netns))
}
