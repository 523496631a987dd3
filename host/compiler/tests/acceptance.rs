//! What is accepted, and whether the engine that the host uses takes the result.

use plumb_compiler::{
    CONTRACT_VERSION, World, compile, compiler_config, componentize, digest, inspect,
    precompile_unchecked,
};
use plumb_engine::engine_config;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, ModuleVersionStrategy, Store, Trap};
use wit_component::{StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve, SourceMap};

/// A component that imports and exports all of a world, built against the newest contract
/// after a replacement in its text.
fn component(world: &str, from: &str, to: &str) -> Vec<u8> {
    component_of("0.2", world, from, to)
}

fn component_of(version: &str, world: &str, from: &str, to: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit/");
    let mut sources = SourceMap::default();
    for entry in std::fs::read_dir(folder.to_owned() + version).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        sources.push_str(path.to_str().unwrap(), text.replace(from, to));
    }
    let group = sources.parse().map_err(|(_, error)| error).unwrap();
    let mut resolve = Resolve::default();
    let package = resolve.push_group(group).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let abi = ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync);
    let mut module = dummy_module(&resolve, world, abi);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    componentize(&module).unwrap()
}

fn load(engine: &Engine, cwasm: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes come from this crate's compiler, in this very process.
    unsafe { Component::deserialize(engine, cwasm) }
}

fn host_engine() -> Engine {
    Engine::new(&engine_config()).unwrap()
}

#[test]
fn a_flavour_is_recognised_with_what_it_asks_for() {
    let compiled = compile(&component("flavour", "", "")).unwrap();
    assert_eq!(compiled.inspected.world, World::Flavour);
    assert_eq!(compiled.inspected.version, "0.2.0");
    let mut imports = compiled.inspected.imports.clone();
    imports.sort();
    assert_eq!(
        imports,
        [
            "plumb:cni/facts@0.2.0",
            "plumb:cni/log@0.2.0",
            "plumb:cni/operations@0.2.0",
            "plumb:cni/requests@0.2.0",
            "plumb:cni/routing@0.2.0"
        ]
    );
    load(&host_engine(), &compiled.cwasm).unwrap();
}

#[test]
fn a_component_of_an_earlier_version_is_recognised() {
    let compiled = compile(&component_of("0.1", "flavour", "", "")).unwrap();
    assert_eq!(compiled.inspected.world, World::Flavour);
    assert_eq!(compiled.inspected.version, "0.1.0");
    let mut imports = compiled.inspected.imports.clone();
    imports.sort();
    assert_eq!(
        imports,
        [
            "plumb:cni/facts@0.1.0",
            "plumb:cni/log@0.1.0",
            "plumb:cni/operations@0.1.0"
        ]
    );
    load(&host_engine(), &compiled.cwasm).unwrap();
}

/// The contract as a release before this one of the same version had it: with fewer functions.
#[test]
fn a_component_of_an_earlier_patch_release_is_recognised() {
    let fewer = component("flavour", "        speed: func() -> option<u32>;\n", "");
    assert_eq!(inspect(&fewer).unwrap().version, "0.2.0");
}

#[test]
fn an_address_policy_is_recognised() {
    let compiled = compile(&component("address-policy", "", "")).unwrap();
    assert_eq!(compiled.inspected.world, World::AddressPolicy);
    let mut imports = compiled.inspected.imports.clone();
    imports.sort();
    assert_eq!(
        imports,
        [
            "plumb:cni/facts@0.2.0",
            "plumb:cni/log@0.2.0",
            "plumb:cni/pools@0.2.0",
            "plumb:cni/requests@0.2.0",
            "plumb:cni/routing@0.2.0"
        ]
    );
    load(&host_engine(), &compiled.cwasm).unwrap();
}

/// For languages that cannot give back what is lent: the same worlds, in which the request is the component's own.
#[test]
fn one_that_owns_its_request_is_of_the_same_world() {
    for (world, expected) in [
        ("owning-flavour", World::Flavour),
        ("owning-address-policy", World::AddressPolicy),
    ] {
        let compiled = compile(&component(world, "", "")).unwrap();
        assert_eq!(compiled.inspected.world, expected);
        load(&host_engine(), &compiled.cwasm).unwrap();
    }
    // What else is wrong with it is said, and not that it is no component of the other form.
    let newer = component(
        "owning-flavour",
        "set-up: func(link: borrow<pod-link>)",
        "set-sideways: func(link: borrow<pod-link>) -> result<_, error>;
         set-up: func(link: borrow<pod-link>)",
    );
    let error = compile(&newer).unwrap_err();
    assert!(error.to_string().contains("set-sideways"), "{error}");
    // Half of each is neither.
    let mixed = component(
        "flavour",
        "ready: func(request: borrow<request>)",
        "ready: func(request: request)",
    );
    let error = compile(&mixed).unwrap_err();
    assert!(error.to_string().contains("ready"), "{error}");
}

#[test]
fn a_policy_cannot_reach_for_devices() {
    let greedy = component(
        "address-policy",
        "world address-policy {",
        "world address-policy { import operations;",
    );
    let error = compile(&greedy).unwrap_err();
    assert!(
        error.to_string().contains("plumb:cni/operations@0.2.0"),
        "{error}"
    );
}

#[test]
fn another_patch_release_is_the_same_contract() {
    let (from, to) = (format!("@{CONTRACT_VERSION};"), "@0.2.7;");
    let compiled = compile(&component("flavour", &from, to)).unwrap();
    assert_eq!(compiled.inspected.world, World::Flavour);
    assert!(
        compiled
            .inspected
            .imports
            .contains(&"plumb:cni/facts@0.2.7".to_owned())
    );
}

#[test]
fn a_function_that_this_host_does_not_have_yet_is_named() {
    let newer = component(
        "flavour",
        "set-up: func(link: borrow<pod-link>)",
        "set-sideways: func(link: borrow<pod-link>) -> result<_, error>;
         set-up: func(link: borrow<pod-link>)",
    );
    let error = compile(&newer).unwrap_err();
    assert!(error.to_string().contains("set-sideways"), "{error}");
}

#[test]
fn text_and_binary_are_the_same_component() {
    let binary = component("address-policy", "", "");
    let text = escaped_text(&binary);
    assert_eq!(
        inspect(text.as_bytes()).unwrap().digest,
        inspect(&binary).unwrap().digest
    );
}

/// The text form can hold a binary as an escaped string, which needs no printer.
fn escaped_text(binary: &[u8]) -> String {
    let escaped: String = binary.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!("(component binary \"{escaped}\")")
}

#[test]
fn compiling_twice_gives_the_same_bytes() {
    let component = component("flavour", "", "");
    assert_eq!(
        compile(&component).unwrap().cwasm,
        compile(&component).unwrap().cwasm
    );
}

#[test]
fn the_digest_is_sha256() {
    // FIPS 180-2, appendix B.1.
    assert_eq!(
        digest(b"abc"),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

#[test]
fn code_of_another_release_does_not_load() {
    let mut config = compiler_config();
    config
        .module_version(ModuleVersionStrategy::Custom("48.0.7+1-x86_64".to_owned()))
        .unwrap();
    let binary = component("flavour", "", "");
    let older = Engine::new(&config)
        .unwrap()
        .precompile_component(&binary)
        .unwrap();
    let error = load(&host_engine(), &older).unwrap_err();
    assert!(format!("{error:#}").contains("48.0.7+1"), "{error:#}");
}

#[test]
fn an_endless_loop_runs_out_of_fuel() {
    let endless = r#"(component
        (core module $module (func $spin (loop br 0)) (start $spin))
        (core instance (instantiate $module)))"#;
    let engine = host_engine();
    let component = load(&engine, &precompile_unchecked(endless.as_bytes()).unwrap()).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(100_000).unwrap();
    store.set_epoch_deadline(1);
    let error = Linker::new(&engine)
        .instantiate(&mut store, &component)
        .unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::OutOfFuel));
}

#[test]
fn rarely_used_features_are_turned_off() {
    for (feature, module) in [
        ("64-bit memories", "(memory i64 1)"),
        ("several memories", "(memory 1) (memory 1)"),
        ("shared memories", "(memory 1 1 shared)"),
        ("vectors", "(func (drop (v128.const i32x4 0 0 0 0)))"),
        ("tail calls", "(func $f (return_call $f))"),
        ("exceptions", "(tag)"),
        ("garbage collection", "(type (struct (field i32)))"),
        ("small pages", "(memory 1 (pagesize 1))"),
    ] {
        let component = format!("(component (core module {module}))");
        assert!(
            precompile_unchecked(component.as_bytes()).is_err(),
            "{feature}"
        );
    }
    precompile_unchecked(b"(component (core module (memory 1) (func)))").unwrap();
}
