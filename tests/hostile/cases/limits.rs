//! A component that takes more than it may have is stopped by name of the limit.

use std::fs;
use std::time::Duration;

use nix::sys::signal::Signal;
use plumb_engine::limits;
use plumb_hostile::{Scene, component};
use serde_json::json;

const FAILED: u64 = 103;

fn assert_stopped(fixture: &str, words: &[&str]) {
    let scene = Scene::new();
    let configuration = scene.flavour(fixture);
    scene.assert_refused(&configuration, FAILED, words);
}

/// What cannot even be started is refused when it is installed; and stopped when somebody has put it into the store
/// all the same.
fn assert_never_started(name: &str, component: &[u8], words: &[&str]) {
    let scene = Scene::new();
    scene.assert_not_installed(name, component, words);
    scene.store.smuggle(name, component, &[]);
    let configuration = scene.configuration_of(name);
    scene.assert_refused(&configuration, FAILED, words);
}

fn fuel() -> String {
    format!("{} units of fuel", limits::FUEL)
}

fn memory() -> String {
    format!("more than {} MiB of memory", limits::MEMORY_BYTES >> 20)
}

#[test]
fn an_endless_loop_in_attach_runs_out_of_fuel() {
    assert_stopped("endless-loop", &[&fuel()]);
}

#[test]
fn an_endless_loop_in_ready_runs_out_of_fuel() {
    let scene = Scene::new();
    let configuration = scene.flavour("endless-loop");
    scene.assert_not_ready(&configuration, &[&fuel()]);
}

#[test]
fn an_endless_loop_in_the_start_function_runs_out_of_fuel() {
    assert_never_started(
        "hostile-endless-start",
        &component::flavour("endless-start"),
        &[&fuel()],
    );
}

#[test]
fn an_endless_loop_in_the_allocator_runs_out_of_fuel() {
    assert_stopped("endless-allocation", &[&fuel()]);
}

#[test]
fn an_endless_loop_after_the_answer_runs_out_of_fuel() {
    assert_stopped("endless-cleanup", &[&fuel()]);
}

#[test]
fn large_instructions_burn_fuel_for_what_they_do() {
    assert_stopped("large-instructions", &[&fuel()]);
}

/// Fuel does not see what the host does for a call. Two limits do, and which of them
/// comes first depends on how fast the machine copies 4 MB.
#[test]
fn large_calls_run_out_of_time_or_of_calls() {
    let scene = Scene::new();
    let configuration = scene.flavour("large-calls");
    let error = scene.assert_refused(&configuration, FAILED, &[]);
    let time = format!(
        "more than {} s of processor time",
        limits::DEADLINE.as_secs()
    );
    let calls = format!("more than {} times", limits::HOST_CALLS);
    assert!(
        error.message.contains(&time) || error.message.contains(&calls),
        "expected {time:?} or {calls:?} in {:?}",
        error.message
    );
}

/// A component that gets no processor has done nothing wrong: what ends this one is fuel.
#[test]
fn time_without_a_processor_does_not_count() {
    let scene = Scene::new();
    let configuration = scene.flavour("endless-loop");
    let running = scene.add(&configuration).start();
    // It is in the component a few milliseconds after its start, and for longer than that.
    std::thread::sleep(Duration::from_millis(50));
    running.signal(Signal::SIGSTOP);
    std::thread::sleep(limits::DEADLINE + Duration::from_millis(500));
    running.signal(Signal::SIGCONT);
    running.finish().expect_error(FAILED, &fuel());
}

#[test]
fn memory_that_grows_without_end_is_bounded() {
    assert_stopped("memory-growth", &[&memory()]);
}

#[test]
fn memory_that_is_declared_too_large_is_refused() {
    assert_never_started(
        "hostile-memory-declared",
        &component::flavour("memory-declared"),
        &[&memory(), "--large"],
    );
}

#[test]
fn a_table_that_is_declared_too_large_is_refused() {
    let limit = format!("more than {} elements", limits::TABLE_ELEMENTS);
    assert_never_started(
        "hostile-table-declared",
        &component::flavour("table-declared"),
        &["table", &limit, "--large"],
    );
}

#[test]
fn instances_are_counted() {
    let name = "hostile-crowd";
    for (inside, count, kind) in [
        ("", limits::INSTANCES, "instance"),
        ("(memory 1)", limits::MEMORIES, "memory"),
        (
            "(table 1 funcref) (table 1 funcref)",
            limits::TABLES / 2 + 1,
            "table",
        ),
    ] {
        let count = u8::try_from(count).expect("the limit is small");
        let crowded = component::crowded_flavour(inside, count);
        let reason = format!("{kind} count too high");
        assert_never_started(name, &crowded, &[&reason, "--large"]);
    }
    let scene = Scene::new();
    let crowded = component::crowded_flavour("", 1);
    scene.store.install(name, &crowded);
    let configuration = scene.configuration_of(name);
    scene.assert_call_refused(scene.add(&configuration), FAILED, &["no operation"]);
}

/// As much as its operator allows it, which an upgrade of plumb does not forget.
#[test]
fn a_large_component_has_more_instances() {
    let scene = Scene::new();
    let name = "hostile-crowd";
    let count = u8::try_from(limits::INSTANCES).expect("the limit is small");
    let crowded = component::crowded_flavour("", count);
    let file = scene.store.file("crowd.wasm", &crowded);
    let said = (scene.store).said(&["install", &file, "--name", name, "--large"]);
    assert!(said.contains("128 instances"), "{said}");
    let configuration = scene.configuration_of(name);
    let assert_runs =
        || scene.assert_call_refused(scene.add(&configuration), FAILED, &["no operation"]);
    assert_runs();

    scene.store.said(&["recompile", name]);
    assert!(scene.store.list().contains("  large"));
    assert_runs();

    let output = scene.store.try_install(name, &crowded);
    assert_eq!(output.status.code(), Some(1));
    assert_runs();
}

#[test]
fn recursion_without_end_is_stopped() {
    assert_stopped("deep-recursion", &["stack"]);
}

#[test]
fn a_panic_is_told_with_its_message() {
    assert_stopped("panic", &["panic", "index out of bounds"]);
}

#[test]
fn calls_of_the_host_are_counted() {
    let limit = format!("more than {} times", limits::HOST_CALLS);
    assert_stopped("many-calls", &[&limit]);
}

#[test]
fn calls_that_are_refused_count_as_well() {
    let limit = format!("more than {} times", limits::HOST_CALLS);
    assert_stopped("many-refused-calls", &[&limit]);
}

#[test]
fn handles_are_bounded() {
    let limit = format!("more than {} handles", limits::HANDLES);
    assert_stopped("many-handles", &[&limit]);
}

#[test]
fn handles_of_a_components_own_resources_are_bounded() {
    let scene = Scene::new();
    let name = "hostile-own-handles";
    let hoarder = component::hoarding_flavour("own-handles");
    scene.store.install(name, &hoarder);
    let configuration = scene.configuration_of(name);
    let limit = format!("more than {} handles", limits::HANDLES);
    scene.assert_refused(&configuration, FAILED, &[&limit]);
}

#[test]
fn a_plan_has_an_end() {
    const DENIED: u64 = 108;
    let scene = Scene::new();
    let configuration = scene.flavour("many-operations");
    let limit = format!("more than {} operations", limits::OPERATIONS);
    scene.assert_refused(&configuration, DENIED, &[&limit]);
}

#[test]
fn a_flood_of_log_lines_is_cut() {
    let scene = Scene::new();
    let mut configuration = scene.flavour("log-flood");
    let trace = "/var/log/plumb/trace";
    configuration["logFile"] = json!("trace");
    configuration["logLevel"] = json!("debug");
    let error = scene.assert_refused(&configuration, FAILED, &["unreachable"]);
    let longest = "A".repeat(limits::LOG_LINE_BYTES);
    let too_long = format!("{longest}A");
    assert!(
        error.details.contains(&longest),
        "its last words are reported"
    );
    assert!(!error.details.contains(&too_long), "{}", error.details);

    let trace = fs::read_to_string(trace).expect("the trace was written");
    let lines = trace.lines().filter(|line| line.ends_with(&longest));
    assert_eq!(lines.count(), limits::LOG_LINES);
    assert!(!trace.contains(&too_long), "a line of the trace is longer");
}

#[test]
fn a_huge_log_line_is_not_copied() {
    let limit = format!("more than {} MiB", limits::LIFTED_BYTES >> 20);
    assert_stopped("log-huge-line", &[&limit]);
}
