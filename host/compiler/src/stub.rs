//! Answers to WASI, of which plumb has none: for languages whose runtimes do not start without.
//!
//! They become part of the component, like its own code, and are denied all that its own code is. Only what core modules
//! import (WASI 0.1) is answered. Toolchains that make components by themselves answer WASI 0.2 by themselves when they
//! are told to (`--stub-wasi`).

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, SourceMap};

use crate::version::Version;

/// What core modules call WASI 0.1.
pub(crate) const WASI: &str = "wasi_snapshot_preview1";

const TEXT: &str = include_str!("stub/wasi_snapshot_preview1.wat");

/// The adapter module for a component of this version of the contract.
pub(crate) fn adapter(version: &str) -> Result<Vec<u8>, String> {
    let known = Version::of(version).ok_or_else(|| format!("there is no version {version}"))?;
    let (mut resolve, _) = known.under(version)?;
    let world = world(&mut resolve, version)?;
    let mut module =
        wat::parse_str(TEXT.replace("VERSION", version)).map_err(|error| error.to_string())?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| format!("{error:#}"))?;
    Ok(module)
}

/// A world that imports what the adapter does.
fn world(resolve: &mut Resolve, version: &str) -> Result<wit_parser::WorldId, String> {
    let mut source = SourceMap::default();
    source.push_str(
        "stub.wit",
        format!("package plumb:stub; world stub {{ import plumb:cni/log@{version}; }}"),
    );
    let group = source.parse().map_err(|(_, error)| error.to_string())?;
    let package = resolve
        .push_group(group)
        .map_err(|error| error.to_string())?;
    resolve
        .select_world(&[package], Some("stub"))
        .map_err(|error| format!("{error:#}"))
}
