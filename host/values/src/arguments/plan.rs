//! What a component may record, and what a whole plan has to have.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::Pattern;

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

/// Checks that an operation that was granted on some devices alone is about one of them. `option` is that of
/// `plumbctl component grant` by which they are named.
pub fn check_granted_on(
    component: &str,
    operation: &str,
    (option, patterns): (&str, &[Pattern]),
    (device, is_meant): (&str, bool),
) -> Result<(), String> {
    if is_meant {
        return Ok(());
    }
    let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
    Err(format!(
        "component {component} has a grant for {operation} on {}, and not on {device}: `plumbctl component grant \
         {component} {operation} {option} {device}` gives it",
        patterns.join(", ")
    ))
}

/// Checks that a component may see the interface of the node's default route, which is the node's way to the world: the
/// network configuration or a grant names it, letter for letter.
pub fn check_default_route(component: &str, is_named: bool) -> Result<(), String> {
    match is_named {
        true => Ok(()),
        false => Err(format!(
            "component {component} may not see the interface of the node's default route, which neither the network \
             configuration nor a grant names: name it in the configuration, or `plumbctl component grant {component} \
             create-macvlan --parent INTERFACE`"
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
