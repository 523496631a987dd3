//! C: a header, a source file, and an object file with the world.

use wit_bindgen_c::{Enabled, Opts};

use crate::{File, contract};

/// The files; functions have names such as `plumb_cni_facts_get_link`, and a component defines `exports_flavour_attach`
/// and `exports_flavour_ready`, or `exports_address_policy_propose`.
pub fn generate(world: &str) -> Result<Vec<File>, String> {
    let options = Opts {
        // What was lent for a call must be given back before it returns, which everybody would forget.
        autodrop_borrows: Enabled::Yes,
        ..Opts::default()
    };
    contract::generate(options.build(), world)
}
