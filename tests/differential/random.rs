//! Configurations and pods that nobody thought of, by plumb and by the reference: where the
//! reference works, plumb works, and both leave the same.
//!
//! `make differential-random SEED=N COUNT=M` draws M of them, the first one by the seed N, the
//! next one by N + 1. A failure names its seed and shows all that was drawn.

mod addresses;
mod draw;
mod surroundings;
mod tolerated;

use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use plumb_tests::dice::Dice;

use super::attachment::Plugin::Reference;
use super::attachment::Release;
use super::course::{Course, live};
use draw::Drawn;

/// As many as take less than a minute.
const COUNT: u64 = 24;

/// As many threads as courses are allowed at a time.
const THREADS: usize = 6;

#[test]
fn what_is_drawn_at_random_is_done_alike() {
    let first = number("DIFFERENTIAL_SEED").unwrap_or(1);
    let count = number("DIFFERENTIAL_COUNT").unwrap_or(COUNT);
    let next = AtomicU64::new(first);
    let wrong = Mutex::new(Vec::new());
    let attached = AtomicU64::new(0);
    Release::Current.folder();
    let has_ipvlan = surroundings::kernel_has_ipvlan();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let drawn = Drawn::by(Dice::new(seed), has_ipvlan);
                    let (works, text) = compare(&drawn);
                    attached.fetch_add(works.into(), Ordering::Relaxed);
                    if !text.is_empty() {
                        let text = format!("seed {seed}: {drawn}\n{text}");
                        wrong.lock().expect("no thread panics with it").push(text);
                    }
                }
            });
        }
    });
    let attached = attached.into_inner();
    println!("{attached} of {count} are attached by the reference, from seed {first} on");
    let mut wrong = wrong.into_inner().expect("no thread panics with it");
    wrong.sort();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Of a few, none may work.
    assert!(
        count < COUNT || attached * 2 >= count,
        "most of what is drawn should work: {attached} of {count}"
    );
}

/// Whether the reference attaches, and all that differs without being known.
fn compare(drawn: &Drawn) -> (bool, String) {
    let reference = Course {
        attached_by: Reference,
        detached_by: Reference,
        ..drawn.course
    };
    let course = |course| {
        std::thread::scope(|scope| {
            let lives = scope.spawn(move || {
                live(&drawn.case, course, Release::Current, &[drawn.version]).remove(0)
            });
            lives.join()
        })
    };
    let (Ok(reference), Ok(plumb)) = (course(reference), course(drawn.course)) else {
        return (false, "a course panicked\n".into());
    };
    let works = reference.get("ADD").is_some_and(|it| it == "accepted");
    let mut text = String::new();
    for line in tolerated::intolerable(drawn, &reference, &plumb) {
        let _ = writeln!(text, "    {line}");
    }
    (works, text)
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    match text.parse() {
        Ok(number) => Some(number),
        Err(_) => panic!("{variable} is no number: {text:?}"),
    }
}
