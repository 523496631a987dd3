//! ib-kubernetes: a daemon that gives each pod a GUID and has the subnet manager put it into
//! the network's partition. It writes into the pod's annotation what it has done.

use plumb_sdk::Error;

use crate::configuration::Configuration;

/// What it writes when it is done.
const CONFIGURED: &str = "configured";

/// Checks that it has handled the pod.
///
/// Errors: `try-again-later`, because it usually does within seconds.
pub(crate) fn check_handled(configuration: &Configuration) -> Result<(), Error> {
    let state = configuration.args.cni.state.as_str();
    if !configuration.ib_kubernetes || state == CONFIGURED {
        return Ok(());
    }
    Err(Error::try_again_later(format!(
        "ib-kubernetes has not handled the pod yet: \"mellanox.infiniband.app\" of args.cni is \
         {state:?}, not {CONFIGURED:?}; does ib-kubernetes run, and does it know the network?"
    )))
}

/// Checks that its GUID has come through.
pub(crate) fn check_guid(configuration: &Configuration) -> Result<(), Error> {
    if !configuration.ib_kubernetes || configuration.guid.is_some() {
        return Ok(());
    }
    Err(Error::invalid_configuration(
        "\"ibKubernetesEnabled\" is set, but no GUID has come from ib-kubernetes: add \
         \"capabilities\": {\"infinibandGUID\": true} to the network, or a guid to args.cni",
    ))
}
