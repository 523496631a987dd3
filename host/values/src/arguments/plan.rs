//! What a component may record, and what a whole plan has to have.

use alloc::format;
use alloc::string::String;

/// Checks that the call is one that makes a plan. `who` is the component, such as `component acme`.
pub fn check_recording(who: &str, operation: &str, is_recording: bool) -> Result<(), String> {
    match is_recording {
        true => Ok(()),
        false => Err(format!(
            "{who} may not record {operation} here: only attach makes a plan"
        )),
    }
}

/// Checks that an operation was granted to the component of this name.
pub fn check_granted(component: &str, operation: &str, is_granted: bool) -> Result<(), String> {
    match is_granted {
        true => Ok(()),
        false => Err(format!(
            "component {component} has no grant for {operation}: `plumbctl component grant {component} {operation}` \
             gives it"
        )),
    }
}

/// Checks that a plan gives the pod an interface. A plugin that comes later in a chain may leave it to
/// the one before. `who` is the component, such as `component acme`.
pub fn check_interface(who: &str, is_given: bool, is_chained: bool) -> Result<(), String> {
    match is_given || is_chained {
        true => Ok(()),
        false => Err(format!(
            "{who} recorded no operation that gives the pod an interface; nothing was changed"
        )),
    }
}

/// Checks that an interface gets the addresses of the configuration's `ipam`, where it has one: without
/// them it would stay down, and nobody would say why. `who` is the component, such as `component acme`.
pub fn check_addresses(
    who: &str,
    is_made: bool,
    has_ipam: bool,
    is_taken: bool,
) -> Result<(), String> {
    match is_made && has_ipam && !is_taken {
        false => Ok(()),
        true => Err(format!(
            "{who} gives the pod an interface without the addresses of \"ipam\": it must record \
             assign-addresses, or the network must leave \"ipam\" out; nothing was changed"
        )),
    }
}
