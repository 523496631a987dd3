//! Answers that are no answers, or too much of one.

use plumb_engine::limits;
use plumb_hostile::Scene;

const FAILED: u64 = 103;

fn assert_failed(fixture: &str, words: &[&str]) {
    let scene = Scene::new();
    let configuration = scene.flavour(fixture);
    scene.assert_refused(&configuration, FAILED, words);
}

#[test]
fn a_message_outside_of_the_memory_is_not_read() {
    assert_failed("message-outside", &["out of bounds"]);
}

#[test]
fn a_huge_message_is_not_copied() {
    let limit = format!("more than {} MiB", limits::LIFTED_BYTES >> 20);
    assert_failed("message-huge", &[&limit]);
}

#[test]
fn a_long_message_is_cut() {
    const INVALID_CONFIGURATION: u64 = 7;
    let scene = Scene::new();
    let configuration = scene.flavour("message-long");
    let error = scene.assert_refused(&configuration, INVALID_CONFIGURATION, &["AAAA"]);
    let letters = error.message.matches('A').count();
    assert_eq!(letters, limits::STRING_BYTES);
}

#[test]
fn a_message_that_is_no_text_is_refused() {
    assert_failed("message-no-text", &["utf-8"]);
}

/// The harness refuses a message of more than one line; here it is about the colour too.
#[test]
fn a_message_cannot_pretend_to_be_several_lines() {
    const INVALID_CONFIGURATION: u64 = 7;
    let scene = Scene::new();
    let configuration = scene.flavour("message-forged");
    let words = ["no such device", "all is well"];
    let error = scene.assert_refused(&configuration, INVALID_CONFIGURATION, &words);
    assert!(
        !error.message.contains(char::is_control),
        "{:?}",
        error.message
    );
}

#[test]
fn a_code_of_the_specification_cannot_be_taken() {
    assert_failed("code-forged", &["made this"]);
}

#[test]
fn an_answer_of_no_kind_is_refused() {
    assert_failed("answer-of-no-kind", &["discriminant"]);
}

#[test]
fn an_answer_outside_of_the_memory_is_refused() {
    assert_failed("answer-outside", &["pointer"]);
}

#[test]
fn the_host_does_not_write_outside_of_the_memory() {
    assert_failed("allocation-outside", &["realloc"]);
}

#[test]
fn the_host_cannot_be_entered_while_it_asks() {
    assert_failed("allocation-calls-back", &["cannot leave"]);
}
