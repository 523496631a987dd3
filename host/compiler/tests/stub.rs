//! What a program is told that calls WASI, by a component that calls it and traps when it is told something else.

use std::sync::{Arc, Mutex};

use plumb_compiler::{World, compile, componentize, inspect};
use plumb_engine::engine_config;
use wasmtime::component::{Component, Instance, Linker, Resource, ResourceAny, Val};
use wasmtime::{Engine, Store};

/// As Go's compiler leaves it: without a world.
const CALLS_WASI: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_prestat_get" (func $folder (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (import "plumb:cni/requests@0.2.0" "[resource-drop]request" (func $give_back (param i32)))
    (memory (export "memory") 1)
    ;; for fd_write: two pieces of a line, and seven random letters
    (data (i32.const 0) "\40\00\00\00\06\00\00\00\46\00\00\00\05\00\00\00")
    (data (i32.const 16) "\40\01\00\00\07\00\00\00")
    (data (i32.const 64) "hello world")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func $expect (param $found i32) (param $expected i32)
        (if (i32.ne (local.get $found) (local.get $expected)) (then unreachable)))
    (func (export "attach") (param $request i32) (result i32)
        (local $began i64)
        (call $give_back (local.get $request))
        (i64.store (i32.const 128) (i64.const -1))
        (call $expect (call $args (i32.const 128) (i32.const 132)) (i32.const 0))
        (call $expect (i32.load (i32.const 128)) (i32.const 0))
        (call $expect (i32.load (i32.const 132)) (i32.const 0))
        (i64.store (i32.const 128) (i64.const -1))
        (call $expect (call $clock (i32.const 0) (i64.const 0) (i32.const 128)) (i32.const 0))
        (local.set $began (i64.load (i32.const 128)))
        (call $expect (i64.eqz (local.get $began)) (i32.const 0))
        ;; the time goes on by as much as is waited for: 5 ns, for subscription 9
        (i64.store (i32.const 400) (i64.const 9))
        (i64.store (i32.const 424) (i64.const 5))
        (call $expect
            (call $poll (i32.const 400) (i32.const 448) (i32.const 1) (i32.const 136)) (i32.const 0))
        (call $expect (i32.load (i32.const 136)) (i32.const 1))
        (call $expect (i64.eq (i64.load (i32.const 448)) (i64.const 9)) (i32.const 1))
        (call $expect (call $clock (i32.const 1) (i64.const 0) (i32.const 128)) (i32.const 0))
        (call $expect
            (i64.eq (i64.load (i32.const 128)) (i64.add (local.get $began) (i64.const 5))) (i32.const 1))
        ;; no more bytes than were asked for, and others each time
        (call $expect (call $random (i32.const 256) (i32.const 7)) (i32.const 0))
        (call $expect (call $random (i32.const 264) (i32.const 7)) (i32.const 0))
        (call $expect (i64.eq (i64.load (i32.const 256)) (i64.load (i32.const 264))) (i32.const 0))
        (call $expect (i32.load8_u (i32.const 263)) (i32.const 0))
        ;; EBADF: there is no folder, and so no file
        (call $expect (call $folder (i32.const 3) (i32.const 128)) (i32.const 8))
        (call $expect
            (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 5) (i32.const 0)
                (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 128))
            (i32.const 8))
        (call $expect (call $write (i32.const 3) (i32.const 0) (i32.const 2) (i32.const 128)) (i32.const 8))
        (call $expect (call $write (i32.const 2) (i32.const 0) (i32.const 2) (i32.const 128)) (i32.const 0))
        (call $expect (i32.load (i32.const 128)) (i32.const 11))
        (i64.store (i32.const 320)
            (i64.or
                (i64.and (i64.load (i32.const 256)) (i64.const 0x0f0f0f0f0f0f0f))
                (i64.const 0x40404040404040)))
        (call $expect (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 128)) (i32.const 0))
        (i32.const 512))
    (func (export "ready") (param i32) (result i32)
        (call $exit (i32.const 0))
        (i32.const 512)))"#;

/// A level and a line.
type Lines = Arc<Mutex<Vec<(String, String)>>>;

fn component() -> Vec<u8> {
    componentize(&wat::parse_str(CALLS_WASI).unwrap()).unwrap()
}

fn instantiate(cwasm: &[u8]) -> (Store<()>, Instance, Lines) {
    let engine = Engine::new(&engine_config()).unwrap();
    // SAFETY: the bytes come from this crate's compiler, in this very process.
    let component = unsafe { Component::deserialize(&engine, cwasm) }.unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(1_000_000).unwrap();
    store.set_epoch_deadline(1);
    let lines = Lines::default();
    let mut linker = Linker::new(&engine);
    let log = Arc::clone(&lines);
    linker
        .instance("plumb:cni/log@0.2.0")
        .unwrap()
        .func_new("write", move |_, _, arguments, _| {
            let [Val::Enum(level), Val::String(line)] = arguments else {
                panic!("{arguments:?}");
            };
            log.lock().unwrap().push((level.clone(), line.clone()));
            Ok(())
        })
        .unwrap();
    linker.define_unknown_imports_as_traps(&component).unwrap();
    let instance = linker.instantiate(&mut store, &component).unwrap();
    (store, instance, lines)
}

fn call(store: &mut Store<()>, instance: &Instance, name: &str) -> wasmtime::Result<Val> {
    let request = Resource::<()>::new_own(1);
    let request = ResourceAny::try_from_resource(request, &mut *store)?;
    let function = instance.get_func(&mut *store, name).unwrap();
    let mut answer = [Val::Bool(false)];
    function.call(store, &[Val::Resource(request)], &mut answer)?;
    let [answer] = answer;
    Ok(answer)
}

#[test]
fn wasi_is_answered_inside_of_the_component() {
    let compiled = compile(&component()).unwrap();
    assert_eq!(compiled.inspected.world, World::Flavour);
    let mut imports = compiled.inspected.imports.clone();
    imports.sort();
    assert_eq!(imports, ["plumb:cni/log@0.2.0", "plumb:cni/requests@0.2.0"]);

    let (mut store, instance, lines) = instantiate(&compiled.cwasm);
    let answer = call(&mut store, &instance, "attach").unwrap();
    assert!(matches!(answer, Val::Result(Ok(None))), "{answer:?}");
    let lines = lines.lock().unwrap();
    let warning = |line: &str| ("warning".to_owned(), line.to_owned());
    assert_eq!(lines[..2], [warning("hello "), warning("world")]);
    assert_eq!(lines[2].0, "info");
}

/// The same call gives the same plan, on every node.
#[test]
fn random_numbers_are_the_same_in_each_instance() {
    let compiled = compile(&component()).unwrap();
    let letters = || {
        let (mut store, instance, lines) = instantiate(&compiled.cwasm);
        call(&mut store, &instance, "attach").unwrap();
        lines.lock().unwrap()[2].1.clone()
    };
    assert_eq!(letters(), letters());
    assert_ne!(letters(), letters().chars().rev().collect::<String>());
}

#[test]
fn who_ends_the_process_gives_no_answer() {
    let compiled = compile(&component()).unwrap();
    let (mut store, instance, _) = instantiate(&compiled.cwasm);
    let error = call(&mut store, &instance, "ready").unwrap_err();
    assert!(format!("{error:#}").contains("unreachable"), "{error:#}");
}

#[test]
fn what_is_answered_is_said_by_name() {
    assert_eq!(
        inspect(CALLS_WASI.as_bytes()).unwrap().wasi,
        [
            "args_sizes_get",
            "clock_time_get",
            "fd_prestat_get",
            "fd_write",
            "path_open",
            "poll_oneoff",
            "proc_exit",
            "random_get"
        ]
    );
}

#[test]
fn a_function_that_wasi_does_not_have_is_refused_by_name() {
    let unknown = CALLS_WASI.replace("\"path_open\"", "\"path_open_as_root\"");
    let error = componentize(&wat::parse_str(unknown).unwrap()).unwrap_err();
    assert!(error.to_string().contains("path_open_as_root"), "{error}");
}
