//! From a core module in text form to a component of one of the contract's worlds.

use std::fs;
use std::path::{Path, PathBuf};

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve, SourceMap, WorldId};

/// A component or core module with a declaration.
#[track_caller]
pub fn declaring(document: &serde_json::Value, binary: &[u8]) -> Vec<u8> {
    plumb_compiler::Declaration::embed(document.to_string().as_bytes(), binary)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// The import that [`overreaching_flavour`] has and plumb does not give.
pub const FOREIGN_INTERFACE: &str = "acme:disk/files@1.0.0";

const FOREIGN_PACKAGE: &str = "package acme:disk@1.0.0 { interface files { wipe: func(); } }";

/// The flavour that `fixtures/NAME.wat` is the inside of.
#[track_caller]
pub fn flavour(fixture: &str) -> Vec<u8> {
    component(fixture, "flavour", &contract())
}

/// The address policy that `fixtures/NAME.wat` is the inside of.
#[track_caller]
pub fn address_policy(fixture: &str) -> Vec<u8> {
    component(fixture, "address-policy", &contract())
}

/// The component of this world of 0.2 that `fixtures/NAME.wat` is the inside of.
#[track_caller]
pub fn of_world(fixture: &str, world: &str) -> Vec<u8> {
    component(fixture, world, &contract_of("0.2"))
}

/// A flavour that was built against a contract with one interface more.
#[track_caller]
pub fn overreaching_flavour(fixture: &str) -> Vec<u8> {
    let import = format!("import {FOREIGN_INTERFACE};");
    component(
        fixture,
        "flavour",
        &wider_contract(&import, FOREIGN_PACKAGE),
    )
}

/// The interface that [`hoarding_flavour`] exports beside those of its world: with it a
/// component has a resource of its own.
const OWN_INTERFACE: &str = "acme:shelf/boxes@1.0.0";

const OWN_PACKAGE: &str = "package acme:shelf@1.0.0 { interface boxes { resource box; } }";

/// A flavour with a resource of its own, of which it can make handles without the host.
#[track_caller]
pub fn hoarding_flavour(fixture: &str) -> Vec<u8> {
    let export = format!("export {OWN_INTERFACE};");
    component(fixture, "flavour", &wider_contract(&export, OWN_PACKAGE))
}

/// The flavour `no-interface` with `count` instances more, all of a module with this inside.
#[track_caller]
pub fn crowded_flavour(inside: &str, count: u8) -> Vec<u8> {
    // Sections of a component's binary form, and what they begin with.
    const CORE_MODULE: u8 = 1;
    const CORE_INSTANCE: u8 = 2;
    const INSTANTIATE: u8 = 0;
    // `no-interface` has one module, number 0, because it imports nothing.
    const ADDED_MODULE: u8 = 1;
    const NO_ARGUMENTS: u8 = 0;
    let module = wat::parse_str(format!("(module {inside})")).expect("it is a module");
    let instance = [INSTANTIATE, ADDED_MODULE, NO_ARGUMENTS];
    let instances = [vec![count], instance.repeat(usize::from(count))].concat();
    let mut component = flavour("no-interface");
    for (section, content) in [(CORE_MODULE, module), (CORE_INSTANCE, instances)] {
        let length = u8::try_from(content.len()).expect("it is short");
        assert!(length < 0x80, "a longer length has several bytes");
        component.extend([section, length]);
        component.extend(content);
    }
    component
}

/// A component of a world that imports all that a version of the contract has, and gives up when it
/// is called.
#[track_caller]
pub fn of_everything(version: &str, world: &str) -> Vec<u8> {
    let (resolve, world) = resolve(&contract_of(version), world).expect("the contract is valid");
    let abi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
    let module = dummy_module(&resolve, world, abi);
    wrap(module, &resolve, world).unwrap_or_else(|error| panic!("wrap all of {version}: {error:#}"))
}

#[track_caller]
fn component(fixture: &str, world: &str, contract: &[String]) -> Vec<u8> {
    let path = folder("fixtures").join(fixture).with_extension("wat");
    let module =
        wat::parse_file(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    resolve(contract, world)
        .and_then(|(resolve, world)| wrap(module, &resolve, world))
        .unwrap_or_else(|error| panic!("wrap {fixture} as a {world}: {error:#}"))
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A world of a contract.
fn resolve(contract: &[String], world: &str) -> Result<(Resolve, WorldId)> {
    let mut sources = SourceMap::default();
    for (number, text) in contract.iter().enumerate() {
        sources.push_str(&format!("{number}.wit"), text);
    }
    let group = sources.parse().map_err(|(_, error)| error)?;
    let mut resolve = Resolve::default();
    let package = resolve.push_group(group)?;
    let world = resolve.select_world(&[package], Some(world))?;
    Ok((resolve, world))
}

/// A core module as a component of a world.
fn wrap(mut module: Vec<u8>, resolve: &Resolve, world: WorldId) -> Result<Vec<u8>> {
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8)?;
    Ok(ComponentEncoder::default()
        .validate(true)
        .module(&module)?
        .encode()?)
}

/// The texts of the version that fixtures are written for.
#[track_caller]
fn contract() -> Vec<String> {
    contract_of("0.1")
}

/// The texts of a version of `wit/`.
#[track_caller]
fn contract_of(version: &str) -> Vec<String> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder("../../wit").join(version))
        .expect("the workspace has a folder wit")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read_to_string(path).expect("read a file of wit/"))
        .collect()
}

/// The contract with one item more in the world `flavour`, of a package of its own.
#[track_caller]
fn wider_contract(item: &str, package: &str) -> Vec<String> {
    let world = "world flavour {";
    let mut wider = contract();
    let worlds = wider
        .iter_mut()
        .find(|text| text.contains(world))
        .expect("wit/ has the world");
    *worlds = worlds.replace(world, &format!("{world} {item}"));
    worlds.push_str(package);
    wider
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
